#!/usr/bin/env python3
"""packets.py spoof SOURCE CLIENT ADDRESS NAME | pair INTERFACE TO FROM ADDRESS NAME | garbage INTERFACE N

Packets that no honest program sends:

spoof    answers from port 53 of SOURCE, which this host has, to CLIENT, each with another id and port:
         NAME is ADDRESS. Nobody has asked.
pair     a question as if from 192.0.2.2, and its answer, both to the station TO
garbage  N malformed packets onto the interface: cut, changed and random ones of every kind
"""
import os
import random
import socket
import struct
import sys


def answer(ident, name, address):
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"
    return (struct.pack(">6H", ident, 0x8180, 1, 1, 0, 0) + labels + struct.pack(">2H", 1, 1) +
            b"\xc0\x0c" + struct.pack(">2HIH", 1, 1, 60, 4) + socket.inet_aton(address))


def ipv4(proto, payload, source="198.51.100.53", dest="192.0.2.2"):
    return struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0, 64, proto, 0,
                       socket.inet_aton(source), socket.inet_aton(dest)) + payload


def ipv6(proto, payload):
    return struct.pack(">IHBB", 6 << 28, len(payload), proto, 64) + b"\x20\x01" * 16 + payload


def garbage(interface, count):
    random.seed(7)
    dns = answer(1, "a.kion.cloud", "198.51.100.10")
    udp = [struct.pack(">4H", a, b, 8 + len(data), 0) + data
           for a, b, data in ((53, 4000, dns), (4000, 53, dns[:2] + b"\1\0" + dns[4:]),
                              (4000, 443, b"\xc3\0\0\0\1" + bytes(1200)))]
    syn = struct.pack(">HHIIBBHHH", 4000, 443, 1, 0, 0x50, 2, 65535, 0, 0)
    options = bytes([17, 0, 1, 4, 0, 0, 0, 0]) + udp[0]
    packets = [b"\x08\x00" + ipv4(17, u) for u in udp] + [b"\x86\xdd" + ipv6(17, u) for u in udp]
    packets += [b"\x08\x00" + ipv4(6, syn), b"\x86\xdd" + ipv6(6, syn), b"\x86\xdd" + ipv6(60, options),
                b"\x81\x00\x00\x07\x08\x00" + ipv4(17, udp[0])]
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    sock.bind((interface, 0))
    for _ in range(count):
        packet = bytearray(random.choice(packets))
        for _ in range(random.randrange(4)):
            packet[random.randrange(2, len(packet))] = random.randrange(256)
        if random.random() < 0.5:
            packet = packet[:random.randrange(2, len(packet))]
        sock.send(b"\2\0\0\0\0\1\2\0\0\0\0\2" + bytes(packet))
    sock.send(b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\x00" + os.urandom(200))


def pair(interface, to, station, address, name):
    link = bytes.fromhex((to + station).replace(":", "")) + b"\x08\x00"
    full = answer(77, name, address)
    question = full[:2] + struct.pack(">5H", 0x0100, 1, 0, 0, 0) + full[12:12 + len(name) + 6]
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    sock.bind((interface, 0))
    sock.send(link + ipv4(17, struct.pack(">4H", 4000, 53, 8 + len(question), 0) + question, "192.0.2.2", "198.51.100.53"))
    sock.send(link + ipv4(17, struct.pack(">4H", 53, 4000, 8 + len(full), 0) + full))


def spoof(source, client, address, name):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sock.bind((source, 53))
    for i in range(2000):
        try:
            sock.sendto(answer(i * 31 % 65536, name, address), (client, 33000 + i))
        except ConnectionRefusedError:
            pass


if sys.argv[1] == "spoof":
    spoof(*sys.argv[2:6])
elif sys.argv[1] == "pair":
    pair(*sys.argv[2:7])
else:
    garbage(sys.argv[2], int(sys.argv[3]))
