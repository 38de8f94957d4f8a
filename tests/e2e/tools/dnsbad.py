#!/usr/bin/env python3
"""dnsbad.py ADDRESS... - a DNS server (RFC 1035) on UDP and TCP that behaves as the name's first label says.

big       60 addresses (TC over UDP when they do not fit)  tc        TC over UDP, one address over TCP
chain     two CNAMEs, then an address                      nx        NXDOMAIN
loop      a name that points to itself                     forward   a name that points beyond the end
label     a label of 64                                    garbage   random bytes after the id
wrongid   a forged answer with another id first            wrongq    ... with another question first
late      answers after 300 ms                             never     no answer
anything else: the address 198.51.100.(100 + length of the first label), TTL 60; "short": TTL 1
"""
import asyncio
import os
import struct
import sys


def name(text):
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".")) + b"\0"


def record(owner, kind, data, ttl=60):
    return owner + struct.pack("!HHIH", kind, 1, ttl, len(data)) + data


def address(owner, last, ttl=60):
    return record(owner, 1, bytes([198, 51, 100, last]), ttl)


def parse(query):
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode())
        at += 1 + query[at]
    kind, = struct.unpack("!H", query[at + 1:at + 3])
    edns = 512
    if query[at + 5:at + 8] == b"\0\0\x29":
        edns, = struct.unpack("!H", query[at + 8:at + 10])
    return labels, kind, query[12:at + 5], edns


def message(query, question, records, flags=0x8180, count=None):
    head = struct.pack("!HHHHHH", flags, 1, len(records) if count is None else count, 0, 0, 0)[:10]
    return query[:2] + head + question + b"".join(records)


def answers(query, tcp):
    """The messages to send, in order."""
    labels, kind, question, edns = parse(query)
    what = labels[0].lower()
    top = b"\xc0\x0c"
    print("tcp" if tcp else "udp", ".".join(labels), kind, flush=True)
    if what == "never":
        return []
    if what == "nx":
        return [message(query, question, [], 0x8183)]
    if kind != 1:
        return [message(query, question, [])]
    good = message(query, question, [address(top, 100 + len(what), 1 if what == "short" else 60)])
    if what == "big":
        good = message(query, question, [address(top, 190 + i) for i in range(60)])
    if what == "tc" or (what == "big" and len(good) > edns):
        return [good if tcp else message(query, question, [], 0x8380)]
    if what == "chain":
        one, two = name("one.other.example"), name("two.other.example")
        return [message(query, question, [record(top, 5, one), record(one, 5, two), address(two, 13)])]
    if what == "loop":
        at = len(query[:12]) + len(question)
        return [message(query, question, [address(struct.pack("!H", 0xc000 | at), 66)])]
    if what == "forward":
        return [message(query, question, [address(b"\xff\xff", 66)])]
    if what == "label":
        return [message(query, question, [address(b"\x40" + b"a" * 64 + b"\0", 66)])]
    if what == "garbage":
        return [query[:2] + os.urandom(200), query[:3], b"", os.urandom(2000)]
    forged = message(query, question, [address(top, 66)])
    if what == "wrongid":
        return [bytes([forged[0] ^ 1]) + forged[1:], good]
    if what == "wrongq":
        return [message(query, name("a.b") + question[-4:], [address(top, 66)]), good]
    return [good]


def delay(query):
    return 0.3 if parse(query)[0][0] == "late" else 0


class Udp(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, query, peer):
        for reply in answers(query, False):
            asyncio.get_running_loop().call_later(delay(query), self.transport.sendto, reply, peer)


async def tcp(reader, writer):
    print("connection from", writer.get_extra_info("peername")[0], flush=True)
    try:
        while True:
            size, = struct.unpack("!H", await reader.readexactly(2))
            query = await reader.readexactly(size)
            await asyncio.sleep(delay(query))
            for reply in answers(query, True):
                writer.write(struct.pack("!H", len(reply)) + reply)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main():
    for host in sys.argv[1:]:
        await asyncio.get_running_loop().create_datagram_endpoint(Udp, (host, 53))
        await asyncio.start_server(tcp, host, 53)
    await asyncio.sleep(1e9)


asyncio.run(main())
