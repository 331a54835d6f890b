#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""For count-programs: the Python programs to count, and the table.

    count-programs.py sendall|sendfile FILE PORT   connect, wait, send
    count-programs.py sink FILE                    receive; FILE gets the port
    count-programs.py add RESULT NAME REPORT       add a report to the results
    count-programs.py table RESULT                 print them
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


def add(result, name, report):
    rows = load(result)
    with open(report, encoding="utf-8") as file:
        rows.append({"program": name, "report": json.load(file)})
    with open(result, "w", encoding="utf-8") as file:
        json.dump(rows, file, indent=1)


def calls(report):
    """The system calls that do the work, for each MB of payload."""
    by_name = report["crossings"]["by_name"]
    sends = max(report["sends"], 1)
    names = sorted(by_name, key=by_name.get, reverse=True)
    busy = [name for name in names if by_name[name] * 4 >= sends][:3]
    return ", ".join(f"{by_name[name] / sends:.1f} {name}" for name in busy)


def cells(row):
    report = row["report"]
    payload = report["payload"]
    if not payload:
        return [row["program"], "nothing was sent", "", "", "", ""]
    devices = report["devices"]
    return [
        row["program"],
        f"{report['per_byte']['cpu_copies']:.2f}",
        f"{report['by_reference']['sockets'] / payload:.2f}",
        f"{(devices['linear'] + devices['fragments']) / payload:.2f}",
        f"{payload / report['sends'] / 1024:.0f} KiB",
        calls(report),
    ]


def table(result):
    head = ["program", "CPU copies", "by reference", "to devices",
            "each send", "calls for each send"]
    rows = [head] + [cells(row) for row in load(result)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    line = " ".join("=" * width for width in widths)
    print(line)
    for number, row in enumerate(rows):
        print(" ".join(cell.ljust(width)
                       for cell, width in zip(row, widths)).rstrip())
        if number == 0:
            print(line)
    print(line)


if __name__ == "__main__":
    commands = {"sendall": sendall, "sendfile": sendfile, "sink": sink,
                "add": add, "table": table}
    commands[sys.argv[1]](*sys.argv[2:])
