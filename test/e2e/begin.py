#!/usr/bin/env python3
"""test/e2e/begin.py CUSTOS: every command of docs/ops/begin.md, in its order.

Each ```sh block of the page is a case; all run in one shell, in one folder.
"""
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
LONGEST = 120       # seconds of the whole page
PAGE = os.path.join(HERE, "..", "..", "docs", "ops", "begin.md")


def free_ports(n):
    socks = [socket.socket() for _ in range(n)]
    for s in socks:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in socks]
    for s in socks:
        s.close()
    return ports


def main():
    blocks = re.findall(r"^```sh\n(.*?)^```$", open(PAGE).read(),
                        re.M | re.S)
    folder = tempfile.mkdtemp(prefix="cu-", dir="/tmp")
    env = dict(os.environ)
    env["PATH"] = os.path.dirname(os.path.abspath(sys.argv[1])) + ":" + \
        env["PATH"]
    for name, port in zip(("GATE_PORT", "NE_PORT", "MDF_PORT"),
                          free_ports(3)):
        env[name] = str(port)
    script = "set -e\n" + "".join(
        "%s\necho '@@ block %d'\n" % (b, i) for i, b in enumerate(blocks, 1))
    # Into a file: what the page starts lives on, and would hold a pipe open.
    with open(os.path.join(folder, "said"), "w") as said:
        run = subprocess.Popen(["bash", "-c", script], cwd=folder, env=env,
                               stdin=subprocess.DEVNULL, stdout=said,
                               stderr=subprocess.STDOUT,
                               start_new_session=True)
    try:
        run.wait(LONGEST)
    except subprocess.TimeoutExpired:
        pass
    try:
        os.killpg(run.pid, signal.SIGTERM)
    except ProcessLookupError:
        pass                        # it failed before it started anything
    run.wait()
    with open(os.path.join(folder, "said")) as f:
        text = f.read()
    print("TAP version 13\n1..%d" % (len(blocks) + 4))
    bad = 0
    for i, b in enumerate(blocks, 1):
        ok = "@@ block %d\n" % i in text
        bad += not ok
        print("%sok %d - %s" % ("" if ok else "not ", i,
                                b.split("\n")[0].rstrip("\\ ")))
    for i, (what, want) in enumerate((
            ("the approver is shown the order", "authority    District Court"),
            ("the command passed under it", "covered by warrant w-1"),
            ("its outcome is told", "sent AcknowledgedAndCompleted"),
            ("all of it verifies with the vault", "messages as sent")),
            len(blocks) + 1):
        ok = want in text
        bad += not ok
        print("%sok %d - %s" % ("" if ok else "not ", i, what))
    if bad:
        for line in text.split("\n"):
            print("#", line)
    shutil.rmtree(folder, ignore_errors=True)
    return 1 if bad else 0


sys.exit(main())
