#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""An RTSP player that stops reading, with the smallest window that there is.

    rtsp-stalled.py PORT NAME

Writes "playing", and stays until its input ends.
"""
import socket
import sys

port, name = int(sys.argv[1]), sys.argv[2]
stream = socket.socket()
stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
stream.connect(("127.0.0.1", port))
url = f"rtsp://127.0.0.1:{port}/{name}"
number, session = 0, ""


def ask(method, target, headers=""):
    global number, session
    number += 1
    stream.sendall(f"{method} {target} RTSP/1.0\r\nCSeq: {number}\r\n{session}{headers}\r\n".encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += stream.recv(1024)
    head = answer.split(b"\r\n\r\n")[0].decode().split("\r\n")
    assert " 200 " in head[0], head
    for line in head:
        if line.startswith("Session: "):
            session = line.split(";")[0] + "\r\n"


ask("SETUP", url + "/trackID=1", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n")
ask("PLAY", url)
print("playing", flush=True)
sys.stdin.read()
