#!/usr/bin/env python3
"""client.py VERB HOST PORT [N] - connections that curl cannot make. Exit status 0: as expected.

echo         sends a line, wants it back       banner MS   the server's greeting comes within MS
half         half-close by the client: everything comes back after it
bye          half-close by the server: what we send after it still arrives (prints its digest)
up N, down N N bytes; prints "MIB/s DIGEST"    flood, deaf  pushes or holds back until all is full;
refused      the connection is refused or reset             prints the bytes in flight, then waits for
reset        ... is reset after it was made                 a line on standard input and drops it
many N       N echoes at once                  seq N       N echoes, one after the other
stay N       N open echoes: prints "open", waits for a line on standard input; then all must echo
hold         an open echo: prints "open"; for each line on standard input an echo
steady SECS  a transfer in small steps for SECS seconds, checked to the end
"""
import concurrent.futures
import hashlib
import os
import socket
import struct
import sys
import time

BLOCK = hashlib.shake_256(b"block").digest(1 << 20)
verb, host, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
number = float(sys.argv[4]) if len(sys.argv) > 4 else 0


def connect():
    return socket.create_connection((host, port), timeout=20)


def read_all(sock):
    data = b""
    while piece := sock.recv(65536):
        data += piece
    return data


def read_exactly(sock, size):
    data = b""
    while len(data) < size:
        piece = sock.recv(size - len(data))
        if not piece:
            raise SystemExit(f"end of file after {len(data)} of {size} bytes")
        data += piece
    return data


def one_echo(sock, text=b"hello\n"):
    sock.sendall(text)
    assert read_exactly(sock, len(text)) == text


def echo():
    with connect() as sock:
        one_echo(sock)


def banner():
    with connect() as sock:
        began = time.monotonic()
        assert read_exactly(sock, 16) == b"SSH-2.0-Origin\r\n"
        took = (time.monotonic() - began) * 1000
        print(f"{took:.0f} ms")
        sock.shutdown(socket.SHUT_WR)
        assert read_all(sock) == b""
        assert took <= number


def half():
    with connect() as sock:
        sock.sendall(BLOCK[:100000])
        sock.shutdown(socket.SHUT_WR)
        assert read_all(sock) == BLOCK[:100000]


def bye():
    with connect() as sock:
        assert read_all(sock) == b"bye"
        text = os.urandom(30000)
        sock.sendall(text)
    print(hashlib.sha256(text).hexdigest())


def blocks():
    left = int(number)
    while left > 0:
        yield BLOCK[:left]
        left -= len(BLOCK)


def expected():
    digest = hashlib.sha256()
    for block in blocks():
        digest.update(block)
    return digest.hexdigest()


def up():
    began = time.monotonic()
    with connect() as sock:
        sock.sendall(b"%d\n" % number)
        for block in blocks():
            sock.sendall(block)
        answer = read_all(sock).decode()
    print(f"{number / (1 << 20) / (time.monotonic() - began):.0f} MiB/s {answer}")
    assert answer == expected()


def down():
    began, size, digest = time.monotonic(), 0, hashlib.sha256()
    with connect() as sock:
        sock.sendall(b"%d\n" % number)
        while piece := sock.recv(1 << 20):
            size += len(piece)
            digest.update(piece)
    print(f"{number / (1 << 20) / (time.monotonic() - began):.0f} MiB/s {digest.hexdigest()}")
    assert size == number and digest.hexdigest() == expected()


def flood():
    sent = 0
    with connect() as sock:
        sock.settimeout(1)
        try:
            while sent < 1 << 30:
                sent += sock.send(BLOCK)
        except TimeoutError:
            pass
        print(sent, flush=True)
        sys.stdin.readline()


def deaf():
    with connect() as sock:
        sock.sendall(b"%d\n" % (1 << 30))
        sock.recv(1, socket.MSG_PEEK)
        print("open", flush=True)
        sys.stdin.readline()


def refused():
    began = time.monotonic()
    try:
        with connect() as sock:
            sock.sendall(b"hello\n")
            answer = sock.recv(100)
    except ConnectionError as error:
        print(f"{error} after {time.monotonic() - began:.2f} s")
        assert time.monotonic() - began < 5
        return
    raise SystemExit(f"not refused: {answer}")


def reset():
    with connect() as sock:
        sock.sendall(b"x")
        try:
            sock.recv(100)
        except ConnectionResetError:
            return
    raise SystemExit("no reset")


def many():
    socks = [connect() for _ in range(int(number))]
    for sock in socks:
        sock.sendall(b"hello\n")
    for sock in socks:
        assert read_exactly(sock, 6) == b"hello\n"


def stay():
    socks = [connect() for _ in range(int(number))]
    print("open", flush=True)
    sys.stdin.readline()
    for sock in socks:
        one_echo(sock)
    print("echo", flush=True)


def seq():
    for _ in range(int(number)):
        with connect() as sock:
            one_echo(sock)
            # both sides close by themselves: no port of ours stays in TIME_WAIT
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hold():
    with connect() as sock:
        one_echo(sock)
        print("open", flush=True)
        for line in sys.stdin:
            one_echo(sock, line.encode())
            print("echo", flush=True)


def steady():
    end = time.monotonic() + number
    with connect() as sock:
        one_echo(sock)
        print("open", flush=True)
        while time.monotonic() < end:
            one_echo(sock, BLOCK[:20000])
            time.sleep(0.01)
        sock.shutdown(socket.SHUT_WR)
        assert read_all(sock) == b""
    print("complete", flush=True)


globals()[verb]()
