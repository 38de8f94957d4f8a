#!/usr/bin/env python3
"""udpclient.py VERB HOST PORT [N|FILE] - datagrams to udpserver.py. Exit status 0: as expected.

echo [N]    one of N bytes comes back to a connected socket; prints whom the server saw
refused     a connected socket fails with ECONNREFUSED within a second
silent      nothing comes back within half a second
many N      N client ports at once, each gets its own answer; prints whom the server saw
fan N       one unconnected socket to N ports from PORT on: each answer comes from the port that was asked
cone        one from another port of the server comes back too
hold        one echo for each line on standard input, always from the same client port; prints whom the server
            saw, or "nothing" after half a second
replay FILE sends what tests/samples/FILE holds, and each datagram comes back; prints whom the server saw, or
            "refused"; "FILE:1": the first datagram only, "FILE:-1": the last one first
serve       is a server at HOST PORT itself
"""
import os
import select
import socket
import sys
import time

verb, host, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
number = int(sys.argv[4]) if len(sys.argv) > 4 and verb != "replay" else 0
family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]


def client(connect=True):
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    sock.settimeout(5)
    if connect:
        sock.connect(address)
    return sock


def echo(sock, data):
    """The address that the server saw."""
    sock.send(data)
    _, seen, seen_port, rest = sock.recv(65535).split(b" ", 3)
    assert rest == data, (len(rest), len(data))
    return seen.decode(), int(seen_port)


def many():
    socks = [client() for _ in range(number)]
    for i, sock in enumerate(socks):
        sock.send(b"%d" % i)
        if i % 50 == 0:
            time.sleep(0.002)
    ports = set()
    for i, sock in enumerate(socks):
        _, seen, seen_port, rest = sock.recv(1000).split(b" ", 3)
        assert rest == b"%d" % i, (rest, i)
        ports.add((seen, seen_port))
    assert len(ports) == number, len(ports)
    print(*{seen.decode() for seen, _ in ports})


def fan():
    sock = client(False)
    for i in range(number):
        sock.sendto(b"%d" % (port + i), (host, port + i))
    left, seen = {port + i for i in range(number)}, set()
    while left:
        data, peer = sock.recvfrom(1000)
        _, where, where_port, rest = data.split(b" ", 3)
        assert (peer[0], peer[1]) == (address[0], int(rest)), (peer, rest)
        left.remove(peer[1])
        seen.add((where, where_port))
    print(len(seen))


def flight(sample):
    name, _, which = sample.partition(":")
    data = open(os.path.dirname(__file__) + "/../../samples/" + name, "rb").read()
    datagrams = []
    while data:
        size = int.from_bytes(data[:2], "big")
        datagrams.append(data[2:2 + size])
        data = data[2 + size:]
    return {"": datagrams, "1": datagrams[:1], "-1": datagrams[::-1]}[which]


def replay(datagrams):
    sock = client()
    try:
        for datagram in datagrams:
            sock.send(datagram)
        for datagram in datagrams:
            _, seen, _, rest = sock.recv(65535).split(b" ", 3)
            assert rest == datagram, (len(rest), len(datagram))
    except ConnectionRefusedError:
        return "refused"
    return seen.decode()


def main():
    if verb == "echo":
        print(*echo(client(), os.urandom(number) if number else b"hello"))
    elif verb == "refused":
        sock, began = client(), time.monotonic()
        sock.settimeout(1)
        try:
            sock.send(b"hello")
            print(sock.recv(1000))
        except ConnectionRefusedError:
            return
        sys.exit("not refused after %.1f s" % (time.monotonic() - began))
    elif verb == "silent":
        sock = client()
        sock.send(b"hello")
        if select.select([sock], [], [], 0.5)[0]:
            sys.exit("not silent: %r" % sock.recv(1000))
    elif verb == "many":
        many()
    elif verb == "fan":
        fan()
    elif verb == "cone":
        sock = client(False)
        sock.sendto(b"elsewhere", address)
        data, peer = sock.recvfrom(1000)
        assert peer[:2] == (address[0], port + 1), peer
        print(data.decode())
    elif verb == "hold":
        sock = client()
        sock.settimeout(0.5)
        for line in sys.stdin:
            try:
                print(*echo(sock, b"hi"), flush=True)
            except TimeoutError:
                print("nothing", flush=True)
    elif verb == "replay":
        print(replay(flight(sys.argv[4])))
    elif verb == "serve":
        sock = socket.socket(family, socket.SOCK_DGRAM)
        sock.bind(address)
        while True:
            data, peer = sock.recvfrom(65535)
            sock.sendto(b"from %s %d " % (peer[0].encode(), peer[1]) + data, peer)


main()
