#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""For count-programs: the Python programs to count, and the results.

    count-programs.py sendall|sendfile FILE PORT   connect, wait, send
    count-programs.py sink FILE                    receive; FILE gets the port
    count-programs.py add RESULT NAME REPORT       add a report to the results
    count-programs.py cost RESULT WHAT CALLS SECONDS SECONDS SECONDS
                                                   add what counting costs
"""
import json
import os
import socket
import sys

CHUNK = 1 << 20


def connect_and_wait(port):
    connection = socket.create_connection(("127.0.0.1", int(port)))
    print("ready", flush=True)
    sys.stdin.readline()
    return connection


def sendall(path, port):
    connection = connect_and_wait(port)
    with open(path, "rb", buffering=0) as file:
        while chunk := file.read(CHUNK):
            connection.sendall(chunk)
    print("sent", flush=True)
    sys.stdin.readline()


def sendfile(path, port):
    connection = connect_and_wait(port)
    with open(path, "rb") as file:
        connection.sendfile(file)
    print("sent", flush=True)
    sys.stdin.readline()


def sink(path):
    listener = socket.create_server(("127.0.0.1", 0))
    with open(path + ".new", "w", encoding="ascii") as file:
        print(listener.getsockname()[1], file=file)
    os.rename(path + ".new", path)
    buffer = bytearray(CHUNK)
    while True:
        connection, _ = listener.accept()
        while connection.recv_into(buffer, 0, socket.MSG_TRUNC):
            pass
        connection.close()


def load(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def append(result, row):
    rows = load(result) + [row]
    with open(result, "w", encoding="utf-8") as file:
        json.dump(rows, file, indent=1)


def add(result, name, report):
    with open(report, encoding="utf-8") as file:
        append(result, {"program": name, "report": json.load(file)})


def cost(result, what, *figures):
    calls, without, others, counted = map(float, figures)
    append(result, {"what": "dd " + what, "calls": int(calls),
                    "microseconds": [seconds / calls * 1e6 for seconds
                                     in (without, others, counted)]})


if __name__ == "__main__":
    commands = {"sendall": sendall, "sendfile": sendfile, "sink": sink,
                "add": add, "cost": cost}
    commands[sys.argv[1]](*sys.argv[2:])
