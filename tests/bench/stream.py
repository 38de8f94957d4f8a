#!/usr/bin/env python3
"""stream.py VERB ADDRESS PORT [NUMBER] - the two ends of the relay benchmark

serve             the origin; somebody who speaks SOCKS5 to it finds it at whatever destination was asked for
down, up NUMBER   one connection with that many bytes; prints MiB a second
short NUMBER      connections with one byte each way for so many seconds, PARALLEL at once; prints connections a
                  second, then their median and 99th percentile in microseconds
"""
import multiprocessing
import os
import socket
import struct
import sys
import time

PARALLEL = 16
REQUEST = struct.Struct("!cQ")
BLOCK = memoryview(os.urandom(1 << 20))
ROOM = bytearray(len(BLOCK))

verb, address = sys.argv[1], (sys.argv[2], int(sys.argv[3]))
number = int(sys.argv[4]) if len(sys.argv) > 4 else 0


def receive(sock, size):
    data = b""
    while len(data) < size:
        data += (more := sock.recv(size - len(data)))
        if not more:
            raise EOFError
    return data


def send_bytes(sock, size):
    while size > 0:
        size -= sock.send(BLOCK[:size])


def drop_bytes(sock, size):
    while size > 0:
        # MSG_TRUNC: the kernel counts them and copies nothing.
        if not (n := sock.recv_into(ROOM, 0, socket.MSG_TRUNC)):
            raise EOFError
        size -= n


def socks(sock):
    receive(sock, receive(sock, 1)[0])
    sock.sendall(b"\5\0")
    kind = receive(sock, 4)[3]
    receive(sock, {1: 4, 3: 0, 4: 16}[kind] or receive(sock, 1)[0])
    receive(sock, 2)
    sock.sendall(b"\5\0\0\1\0\0\0\0\0\0")


def answer(sock):
    first = receive(sock, 1)
    if first == b"\5":
        socks(sock)
        first = receive(sock, 1)
    what, size = REQUEST.unpack(first + receive(sock, REQUEST.size - 1))
    if what == b"d":
        send_bytes(sock, size)
    elif what == b"u":
        drop_bytes(sock, size)
    if what != b"d":
        sock.sendall(b"k")


def serve():
    listener = socket.create_server(address, backlog=1024)
    for _ in range(2 * PARALLEL - 1):
        if os.fork() == 0:
            break
    while True:
        sock, _ = listener.accept()
        with sock:
            try:
                answer(sock)
            except (EOFError, OSError):
                pass


def one(what, size=0):
    with socket.create_connection(address, timeout=30) as sock:
        sock.sendall(REQUEST.pack(what, size))
        if what == b"d":
            drop_bytes(sock, size)
            return
        if what == b"u":
            send_bytes(sock, size)
        receive(sock, 1)


def many(_):
    took, end = [], time.monotonic() + number
    while (began := time.monotonic()) < end:
        one(b"s")
        took.append(time.monotonic() - began)
    return took


def main():
    began = time.monotonic()
    if verb == "serve":
        serve()
    elif verb == "short":
        with multiprocessing.Pool(PARALLEL) as pool:
            took = sorted(t for part in pool.map(many, range(PARALLEL), 1) for t in part)
        print(len(took) / number, took[len(took) // 2] * 1e6, took[len(took) * 99 // 100] * 1e6)
    else:
        one(verb[0].encode(), number)
        print(number / (1 << 20) / (time.monotonic() - began))


main()
