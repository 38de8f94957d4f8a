#!/usr/bin/env python3
"""source.py VERB ... - where connections and datagrams come from.

serve PORT                              tells each TCP client its address and port, as seen here
tcp|udp ADDRESS PORT [source=ADDRESS] [port=PORT] [device=NAME]
    connects, or sends a datagram to udpserver.py, from there; prints the address and port that the server saw
"""
import socket
import sys


def serve():
    server = socket.create_server(("::", int(sys.argv[2])), family=socket.AF_INET6, dualstack_ipv6=True)
    while True:
        client, peer = server.accept()
        client.sendall(b"from %s %d \n" % (peer[0].removeprefix("::ffff:").encode(), peer[1]))
        client.close()


def ask(kind):
    options = dict(word.split("=", 1) for word in sys.argv[4:])
    family = socket.AF_INET6 if ":" in sys.argv[2] else socket.AF_INET
    with socket.socket(family, kind) as sock:
        sock.settimeout(5)
        if "device" in options:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, options["device"].encode())
        if "source" in options or "port" in options:
            sock.bind((options.get("source", "::" if family == socket.AF_INET6 else "0.0.0.0"),
                       int(options.get("port", "0"))))
        sock.connect((sys.argv[2], int(sys.argv[3])))
        if kind == socket.SOCK_DGRAM:
            sock.send(b"who")
        print(*sock.recv(200).decode().split()[1:3])


if sys.argv[1] == "serve":
    serve()
else:
    ask(socket.SOCK_STREAM if sys.argv[1] == "tcp" else socket.SOCK_DGRAM)
