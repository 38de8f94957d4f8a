#!/usr/bin/env python3
"""control.py SOCKET REQUEST...: sends requests to the control socket, one a line, and prints what comes back.

A REQUEST is JSON, or a verb with members: "connections", "kill id=5", "test host=a.example port=443".
control.py SOCKET --stuck N SECONDS: N clients that ask for everything, again and again, and never read.
"""
import json
import socket
import sys
import time


def request(text):
    if text.startswith("{") or "=" not in text and " " in text:
        return text
    verb, *members = text.split()
    members = (m.split("=", 1) for m in members)
    return json.dumps({"v": 1, "verb": verb} | {k: json.loads(v) if v[0].isdigit() and "." not in v or v in ("true", "false")
                                               else v for k, v in members})


def connect():
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    return s


def stuck(count, seconds):
    clients = []
    for _ in range(count):
        s = connect()
        s.setblocking(False)
        try:
            while True:
                s.send(b'{"v":1,"verb":"connections"}\n' * 50)
        except (BlockingIOError, BrokenPipeError):
            clients.append(s)
    print("stuck", flush=True)
    time.sleep(seconds)


if sys.argv[2] == "--stuck":
    stuck(int(sys.argv[3]), float(sys.argv[4]))
else:
    with connect() as sock:
        sock.sendall("".join(request(r) + "\n" for r in sys.argv[2:]).encode())
        if not any('"watch"' in request(r) or '"events"' in request(r) for r in sys.argv[2:]):
            sock.shutdown(socket.SHUT_WR)
        for line in sock.makefile():
            print(line, end="", flush=True)
