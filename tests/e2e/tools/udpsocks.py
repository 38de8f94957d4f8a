#!/usr/bin/env python3
"""udpsocks.py ADDRESS PORT MODE [ADDRESS PORT MODE]... - SOCKS5 servers with UDP, each odd in one way.

good       a whole one: the reply names the relay's address       any       ... 0.0.0.0 or :: instead
name       ... a name instead                                     fragment  before each answer a fragment of it
named      answers carry the name that was asked for              drop      ends each association at its second datagram
rep-N      replies with code N
Prints "ASSOCIATE MODE" for each association asked for and "MODE HOST PORT" for each datagram. They leave from
198.51.100.23 or 2001:db8:2::23. Names below kion.cloud mean 198.51.100.13, whatever the resolvers say. CONNECT works.
"""
import asyncio
import ipaddress
import socket
import struct
import sys


def encode(host, port):
    try:
        address = ipaddress.ip_address(host)
        return bytes([1 if address.version == 4 else 4]) + address.packed + struct.pack("!H", port)
    except ValueError:
        return bytes([3, len(host)]) + host.encode() + struct.pack("!H", port)


def decode(data):
    """Host, port and payload of a datagram."""
    assert data[:3] == bytes(3), data[:3]
    if data[3] == 3:
        size, at = data[4], 5
        host = data[at:at + size].decode()
    else:
        size, at = {1: 4, 4: 16}[data[3]], 4
        host = str(ipaddress.ip_address(data[at:at + size]))
    return host, struct.unpack("!H", data[at + size:at + size + 2])[0], data[at + size + 2:]


class Outside(asyncio.DatagramProtocol):
    """One socket towards everybody, for one association and family."""
    def __init__(self, relay):
        self.relay = relay

    def datagram_received(self, data, peer):
        relay = self.relay
        host = relay.names.get(peer[0], peer[0]) if relay.mode == "named" else peer[0]
        whole = encode(host, peer[1]) + data
        if relay.mode == "fragment":
            relay.transport.sendto(b"\0\0\1" + whole, relay.client)
        relay.transport.sendto(b"\0\0\0" + whole, relay.client)


class Relay(asyncio.DatagramProtocol):
    def __init__(self, mode, control):
        self.mode, self.control, self.count, self.names, self.outside = mode, control, 0, {}, {}

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, client):
        self.client = client
        self.count += 1
        host, port, payload = decode(data)
        print(self.mode, host, port, flush=True)
        if self.mode == "drop" and self.count == 2:
            self.control.close()
            return
        address = "198.51.100.13" if host.endswith(".kion.cloud") else host
        self.names[address] = host
        asyncio.ensure_future(self.send(address, port, payload))

    async def send(self, address, port, payload):
        own = "2001:db8:2::23" if ":" in address else "198.51.100.23"
        if own not in self.outside:
            self.outside[own] = asyncio.ensure_future(asyncio.get_running_loop().create_datagram_endpoint(
                lambda: Outside(self), local_addr=(own, 0)))
        transport, _ = await self.outside[own]
        transport.sendto(payload, (address, port))

    async def close(self):
        self.transport.close()
        for outside in self.outside.values():
            (await outside)[0].close()


async def copy(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.write_eof()


async def connect(address, reader, writer):
    host, port, _ = decode(bytes(3) + address)
    far_reader, far_writer = await asyncio.open_connection(host, port)
    writer.write(b"\5\0\0" + encode("0.0.0.0", 0))
    await asyncio.gather(copy(reader, far_writer), copy(far_reader, writer))


async def serve(mode, reader, writer):
    relay = None
    try:
        _, count = await reader.readexactly(2)
        await reader.readexactly(count)
        writer.write(b"\5\0")
        _, command, _, kind = await reader.readexactly(4)
        address = bytes([kind]) + await reader.readexactly({1: 4, 4: 16}[kind] + 2)
        if command == 1:
            await connect(address, reader, writer)
            return
        print("ASSOCIATE", mode, flush=True)
        if mode.startswith("rep-"):
            writer.write(bytes([5, int(mode[4:]), 0]) + encode("0.0.0.0", 0))
            return
        own = writer.get_extra_info("sockname")[0]
        transport, relay = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: Relay(mode, writer), local_addr=(own, 0))
        host = {"any": "::" if ":" in own else "0.0.0.0", "name": "proxy.example"}.get(mode, own)
        writer.write(b"\5\0\0" + encode(host, transport.get_extra_info("sockname")[1]))
        await reader.read()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()
        if relay is not None:
            await relay.close()


async def main():
    args = sys.argv[1:]
    for address, port, mode in zip(args[::3], args[1::3], args[2::3]):
        await asyncio.start_server(lambda r, w, m=mode: serve(m, r, w), address, int(port))
    await asyncio.sleep(1e9)


asyncio.run(main())
