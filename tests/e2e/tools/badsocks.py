#!/usr/bin/env python3
"""badsocks.py ADDRESS PORT MODE [ADDRESS PORT MODE]... - SOCKS5 servers (RFC 1928), each bad in one way.

good           connects; prints every request        bytes        good, in one-byte pieces
accept-close   closes at once                         silent       never answers
method-close   closes after the greeting              method-none  answers X'FF'
method-wrong   chooses GSSAPI, which nobody offered   auth-fail    refuses user and password
auth-close     closes after user and password         auth-silent  ... or never answers them
request-close  closes after the request               garbage      speaks another protocol
version        replies with version 4                 rep-N        replies with code N
glue           greeting of the destination glued to the reply
domain         good, with a 255-byte name as bound address
bound6         good, with an IPv6 bound address        atyp        an address type that does not exist
half-reply     closes in the middle of the reply
"""
import asyncio
import socket
import struct
import sys


class Stop(Exception):
    pass


async def say(writer, mode, data):
    for piece in ([bytes([b]) for b in data] if mode == "bytes" else [data]):
        writer.write(piece)
        await writer.drain()
        if mode == "bytes":
            await asyncio.sleep(0.002)


async def silence(reader):
    while await reader.read(1000):
        pass
    raise Stop


async def negotiate(mode, reader, writer):
    if mode == "accept-close":
        raise Stop
    if mode == "silent":
        await silence(reader)
    if mode == "garbage":
        await say(writer, mode, b"220 mail.example ESMTP\r\n" * 100)
        await silence(reader)
    _, count = await reader.readexactly(2)
    methods = await reader.readexactly(count)
    if mode == "method-close":
        raise Stop
    choice = 2 if mode.startswith("auth") or (2 in methods and 0 not in methods) else 0
    choice = {"method-none": 0xff, "method-wrong": 1}.get(mode, choice)
    await say(writer, mode, bytes([5, choice]))
    if choice == 2:
        await credentials(mode, reader, writer)


async def credentials(mode, reader, writer):
    """RFC 1929."""
    _, size = await reader.readexactly(2)
    await reader.readexactly(size)
    await reader.readexactly((await reader.readexactly(1))[0])
    if mode == "auth-close":
        raise Stop
    if mode == "auth-silent":
        await silence(reader)
    await say(writer, mode, bytes([1, mode == "auth-fail"]))


async def request(reader):
    _, _, _, kind = await reader.readexactly(4)
    if kind == 3:
        host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
    else:
        family, size = (socket.AF_INET, 4) if kind == 1 else (socket.AF_INET6, 16)
        host = socket.inet_ntop(family, await reader.readexactly(size))
    port, = struct.unpack("!H", await reader.readexactly(2))
    return host, port


async def copy(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except (ConnectionError, OSError):
        writer.transport.abort()


def reply(mode):
    code = int(mode[4:]) if mode.startswith("rep-") else 0
    version = 4 if mode == "version" else 5
    address = {
        "domain": b"\x03\xff" + b"d" * 255,
        "bound6": b"\x04" + bytes(16),
        "atyp": b"\x09" + bytes(4),
    }.get(mode, b"\x01" + bytes(4))
    whole = bytes([version, code, 0]) + address + b"\x04\x38"
    return whole[:6] if mode == "half-reply" else whole


async def serve(mode, port, reader, writer):
    try:
        await negotiate(mode, reader, writer)
        host, to = await request(reader)
        print(f"{port} {mode} {host} {to}", flush=True)
        if mode == "request-close":
            raise Stop
        first = b""
        if mode in ("good", "bytes", "glue", "domain", "bound6"):
            far_reader, far_writer = await asyncio.open_connection(host, to)
            if mode == "glue":
                first = await far_reader.read(1000)
        await say(writer, mode, reply(mode) + first)
        if mode == "half-reply" or mode.startswith("rep-"):
            raise Stop
        if mode in ("version", "atyp"):
            await silence(reader)
        await asyncio.gather(copy(reader, far_writer), copy(far_reader, writer))
    except (Stop, asyncio.IncompleteReadError, ConnectionError):
        pass
    writer.close()


async def main():
    args = sys.argv[1:]
    for address, port, mode in zip(args[::3], args[1::3], args[2::3]):
        await asyncio.start_server(lambda r, w, m=mode, p=port: serve(m, p, r, w), address, int(port))
    await asyncio.sleep(1e9)


asyncio.run(main())
