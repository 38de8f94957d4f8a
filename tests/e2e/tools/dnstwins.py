#!/usr/bin/env python3
"""dnstwins.py SERVER PORT NAME NAME - two clients ask at once with the same id.

Each must get one answer: to its own name, with the last byte of the address that dnsbad.py gives to it.
"""
import socket
import struct
import sys

server, port, names = sys.argv[1], int(sys.argv[2]), sys.argv[3:5]
socks = []
for text in names:
    sock = socket.socket(socket.AF_INET6 if ":" in server else socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(5)
    sock.connect((server, port))
    question = b"".join(bytes([len(label)]) + label.encode() for label in text.split(".")) + b"\0\0\1\0\1"
    sock.send(struct.pack("!HHHHHH", 0x1234, 0x0100, 1, 0, 0, 0) + question)
    socks.append((sock, text, question))
for sock, text, question in socks:
    answer = sock.recv(2000)
    print(text, answer.hex())
    assert answer[:2] == b"\x12\x34"
    assert answer[12:12 + len(question)].lower() == question.lower()
    assert answer[-1] == 100 + len(text.split(".")[0]), "somebody else's answer"
