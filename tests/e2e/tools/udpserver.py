#!/usr/bin/env python3
"""udpserver.py DIRECTORY PORT... - answers datagrams on every port, of both families, and on 7100.

A datagram comes back as it is, with "from ADDRESS PORT " in front of it, the address that it came from. The answer
leaves from the address that was asked. Only "elsewhere" is answered from the next port, and "silence" not at all.
"""
import selectors
import socket
import sys

IP_PKTINFO = 8
SO_RCVBUFFORCE = 33


def open_port(family, port):
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 4 << 20)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
    sock.bind(("::" if family == socket.AF_INET6 else "0.0.0.0", port))
    return sock


def local_of(control):
    """The control message that makes an answer leave from the address that was asked."""
    for level, kind, data in control:
        if (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO):
            return [(level, kind, data[:16] + bytes(4))]
        if (level, kind) == (socket.IPPROTO_IP, IP_PKTINFO):
            return [(level, kind, bytes(4) + data[4:8] + bytes(4))]
    return []


def main():
    sockets = {}
    selector = selectors.DefaultSelector()
    for port in [int(p) for p in sys.argv[2:]] + [7100]:
        for family in (socket.AF_INET, socket.AF_INET6):
            sockets[family, port] = open_port(family, port)
            selector.register(sockets[family, port], selectors.EVENT_READ, port)
    open(sys.argv[1] + "/udpserver.ready", "w").close()
    while True:
        for key, _ in selector.select():
            data, control, _, peer = key.fileobj.recvmsg(65535, 256)
            print(key.data, peer[0], peer[1], len(data), flush=True)
            if data == b"silence":
                continue
            sock = key.fileobj
            if data == b"elsewhere":
                sock = sockets[sock.family, key.data + 1]
            sock.sendmsg([b"from %s %d " % (peer[0].encode(), peer[1]), data], local_of(control), 0, peer)


main()
