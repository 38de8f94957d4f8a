#!/usr/bin/env python3
"""origin.py DIRECTORY - servers for the tests, one behaviour a port, on every address.

7000 echo until end of file            7004 sends "bye", half-closes, then notes what still comes
7001 greets first, then echoes         7005 accepts and reads nothing
7002 reads N, N bytes, answers digest  7006 resets after the first byte
7003 reads N, sends N bytes            7007 echo of lines, never ends by itself
"""
import asyncio
import hashlib
import resource
import socket
import struct
import sys

BLOCK = hashlib.shake_256(b"block").digest(1 << 20)


async def echo(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


async def greet(reader, writer):
    writer.write(b"SSH-2.0-Origin\r\n")
    await echo(reader, writer)


async def sink(reader, writer):
    left, digest = int(await reader.readline()), hashlib.sha256()
    while left > 0 and (data := await reader.read(1 << 20)):
        digest.update(data)
        left -= len(data)
    writer.write(digest.hexdigest().encode())


async def source(reader, writer):
    left = int(await reader.readline())
    while left > 0:
        writer.write(BLOCK[:left])
        left -= len(BLOCK)
        await writer.drain()


async def bye(reader, writer):
    writer.write(b"bye")
    writer.write_eof()
    data = await reader.read()
    print("after bye:", hashlib.sha256(data).hexdigest(), flush=True)


async def deaf(reader, writer):
    await asyncio.Event().wait()


async def reset(reader, writer):
    await reader.read(1)
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def serve(behaviour):
    async def handler(reader, writer):
        try:
            await behaviour(reader, writer)
            writer.close()
        except (ConnectionError, ValueError):
            writer.transport.abort()
    return handler


async def main():
    behaviours = [echo, greet, sink, source, bye, deaf, reset, echo]
    for i, behaviour in enumerate(behaviours):
        for host in "::", "0.0.0.0":
            # a reader with a small limit stops reading when nobody asks it for more
            await asyncio.start_server(serve(behaviour), host, 7000 + i, backlog=1024, limit=65536)
    open(sys.argv[1] + "/origin.ready", "w").close()
    await asyncio.sleep(1e9)


resource.setrlimit(resource.RLIMIT_NOFILE, (8192, 8192))
asyncio.run(main())
