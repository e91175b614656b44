#!/usr/bin/env python3
"""bad_disk.py BUILD: the disk is nearly full, then full, then not.

Everything of the operator stands on a small disk of its own.  Nothing starts
while it is full; every stop passes; what people say is kept while there is any
room; and the log is whole when space returns.
"""
import json
import os
import signal
import subprocess
import sys
import time

from bad_lib import (DID, WRONG, Element, Operator, activate, deactivate, must,
                     tap, the_log_holds, utc, wait, xid)

BUILD = sys.argv[1]
KEPT = {}


def begin():
    op = Operator(BUILD, disk="56m")
    op.conf("gate", beat="2s", pace="1000", keeper_timeout="1s")
    op.keeper()
    op.gate()
    KEPT["e"] = Element(op)
    op.order()
    out = op.admf("--id", "ne-2", "create-destination", DID,
                  "ipv4:192.0.2.10:tcp:42069", "--deliver", "X2Only").stdout
    must("AcknowledgedAndCompleted" in out, out)
    for n in range(1, 30):
        a = op.x1(activate(n))
        must(a.ok, n, a)
    return op


def free(op):
    v = os.statvfs(op.disk)
    return v.f_bavail * v.f_frsize


def fill(op, left):
    """Leave so many bytes; with 0 every last one is taken."""
    with open(os.path.join(op.disk, "ballast"), "ab", buffering=0) as f:
        try:
            while free(op) > left:
                f.write(bytes(min(1 << 16, max(free(op) - left, 1))))
        except OSError:
            must(left == 0)


def stop_passes(op, n, seconds=6):
    began = time.monotonic()
    a = op.x1(deactivate(n))
    must(a.ok == ["AcknowledgedAndCompleted"], n, a)
    must(KEPT["e"].count("DeactivateTask", n) == 1, n)
    must(time.monotonic() - began < seconds)


def start_fails(op, n):
    a = op.x1(activate(n))
    must(not a.ok and a.codes == [1000], n, a)
    must(KEPT["e"].count("ActivateTask", n) == 0, n)


def nearly_full(op):
    """Below disk_low: what widens is not taken, and leaves no entry."""
    fill(op, 8 << 20)
    start = op.size()
    start_fails(op, 101)
    start_fails(op, 102)
    # So many that one report could not name them all as void.
    for n in range(36):
        a = op.x1(*[activate(2000 + 32 * n + i) for i in range(32)])
        must(not a.ok and a.codes == [1000] * 32, a)
    must(not [1 for _, e in op.entries("command", start)])
    stop_passes(op, 1)
    e = op.has("command", lambda e: e["said"]["xid"] == xid(1), start)[1]
    must(e["decision"] == "allowed", e)


def people_are_heard(op):
    """Statements, outcomes in doubt and findings are kept."""
    start = op.size()
    op.order("w-2", number=WRONG)

    def cut(e, kind, body, s):
        s.sendall(b"HTTP/1.1 200")
        s.close()
        return False
    KEPT["e"].act = cut
    a = op.x1(deactivate(2))
    KEPT["e"].act = None
    must(not a.ok, a)
    op.finding("command.in-doubt", start)
    op.custos("key", "new", op.path("holders/friend.key"), "--no-passphrase")
    out = op.custos("holder", "add", "friend", "--role", "approver",
                    "--public", op.path("holders/friend.key"), "--name",
                    "A Friend", "--sign", op.path("holders/overseer-1.key"),
                    check=False)
    must(out.returncode == 1, out.stdout)
    op.finding("act.refused", start)
    op.custos("warrant", "revoke", "w-2", "--sign",
              op.path("holders/approver-1.key"), "--reason", "test")


def not_one_byte_left(op):
    fill(op, 0)
    must(free(op) == 0, free(op))
    start_fails(op, 103)
    for n in range(3, 8):
        stop_passes(op, n)
    os.truncate(os.path.join(op.disk, "ballast"),
                os.path.getsize(os.path.join(op.disk, "ballast")) - 65536)
    # People's own files need a little; the log does not.
    big = {"id": "w-9", "kind": "ordinary", "authority": "a" * 100,
           "reference": "1", "legal_basis": "1", "from": utc(-5),
           "until": utc(3600), "scope": "iri", "liid": "L-1",
           "elements": ["ne-2"], "targets": [
               [{"kind": "e164Number", "value": str(4915200000000 + n)}]
               for n in range(64)]}
    KEPT["big"] = json.dumps(big)


def no_segment_left(op):
    """The segment is written full and there is no room for the next."""
    path = os.path.join(op.folder, "w-big.json")
    key = op.path("holders/intake-1.key")
    began, n = time.monotonic(), 0
    while time.monotonic() - began < 15:
        n += 1
        with open(path, "w") as f:
            f.write(KEPT["big"].replace("w-9", "w-9%d" % n))
        try:
            out = op.run("custos", "-C", op.dir, "--yes", "warrant",
                         "submit", path, "--sign", key, "--keep",
                         os.path.join(op.folder, "w-big.act"), check=False,
                         limit=4)
        except subprocess.TimeoutExpired:
            break
        finally:
            if os.path.exists(os.path.join(op.folder, "w-big.act")):
                os.unlink(os.path.join(op.folder, "w-big.act"))
        if out.returncode != 0:
            break
    print("# %d statements until nothing more was taken" % n)
    os.unlink(path)
    fill(op, 0)
    start_fails(op, 104)
    for n in range(8, 12):
        stop_passes(op, n)
    must(op.process["keeper"].poll() is None and
         op.process["gate"].poll() is None)


def listens(op):
    try:
        op.connect().close()
        return True
    except OSError:
        return False


def started_while_full(op):
    """Killed and started again: the same, on a full disk."""
    op.end("keeper", signal.SIGKILL)
    op.keeper()
    start_fails(op, 105)
    stop_passes(op, 12)
    # A gate counts its starts before it says a word, also without a byte.
    fill(op, 0)
    must(free(op) == 0, free(op))
    for n, keeper in ((13, True), (14, False)):
        if not keeper:
            op.end("keeper", signal.SIGKILL)
        op.end("gate", signal.SIGKILL)
        op.start("gate")
        wait(lambda: listens(op), 10, "the gate")
        stop_passes(op, n)
        start_fails(op, 90 + n)
    op.keeper()


def space_returns(op):
    """And all of it is in the log, every stop once."""
    must(op.process["keeper"].poll() is None, op.log("keeper"))
    os.unlink(os.path.join(op.disk, "ballast"))
    n = [200]

    def passes():
        n[0] += 1
        return op.x1(activate(n[0])).ok
    wait(passes, 20, "a start")
    for i in range(1, 15):
        must(KEPT["e"].count("DeactivateTask", i) == 1, i)
        wait(lambda i=i: [1 for _, e in op.entries() if e["kind"] in
                          ("command", "late") and e["said"]["type"] ==
                          "DeactivateTask" and e["said"]["xid"] == xid(i)])
    for i in (101, 102, 103, 104, 105):
        must(KEPT["e"].count("ActivateTask", i) == 0, i)


sys.exit(tap([nearly_full, people_are_heard, not_one_byte_left,
              no_segment_left, started_while_full, space_returns,
              the_log_holds], begin))
