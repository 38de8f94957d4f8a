#!/usr/bin/env python3
"""names.py FAMILY VERB ... - connections right after the resolver's answer. Exit status 0: as expected.

echo NAME PORT [N]      a line to NAME and back; N times, with 1 to N for the %d in the name
udp NAME PORT           a datagram to udpserver.py and back; prints whom the server saw
again ADDRESS PORT      a line to an address and back
hold, udphold NAME PORT FILE    an open flow with one echo; goes on in the background:
ask FILE                        one more echo of it
end FILE                        ... and its end
"""
import os
import socket
import sys

family = socket.AF_INET6 if sys.argv[1] == "6" else socket.AF_INET
verb, where = sys.argv[2], sys.argv[3]
LINE = b"hello\n"


def connect(name, kind=socket.SOCK_STREAM):
    address = socket.getaddrinfo(name, int(sys.argv[4]), family, kind)[0][4]
    sock = socket.socket(family, kind)
    sock.settimeout(10)
    sock.connect(address)
    return sock


def one_echo(sock):
    sock.sendall(LINE)
    data = sock.recv(1000)
    while sock.type == socket.SOCK_STREAM and len(data) < len(LINE):
        data += sock.recv(1000)
    assert data.endswith(LINE), data
    return data


def echo():
    for i in range(1, int(sys.argv[5]) + 1) if len(sys.argv) > 5 else [0]:
        with connect(where % i if i else where) as sock:
            one_echo(sock)


def again():
    with connect(where) as sock:
        one_echo(sock)


def udp():
    with connect(where, socket.SOCK_DGRAM) as sock:
        print(one_echo(sock).split()[1].decode())


def keep(sock):
    """Serves FILE.ask until "end"."""
    one_echo(sock)
    server = socket.socket(socket.AF_UNIX)
    server.bind(sys.argv[5])
    server.listen()
    if os.fork() > 0:
        os._exit(0)
    while True:
        with server.accept()[0] as asked:
            order = asked.recv(10)
            one_echo(sock)
            if order == b"end":
                sock.close()
            asked.sendall(b"done")
            if order == b"end":
                return


def hold():
    keep(connect(where))


def udphold():
    keep(connect(where, socket.SOCK_DGRAM))


def order(text):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(15)
        sock.connect(where)
        sock.sendall(text)
        assert sock.recv(10) == b"done"


def ask():
    order(b"ask")


def end():
    order(b"end")


globals()[verb]()
