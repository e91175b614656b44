#!/usr/bin/env python3
"""test/e2e/gate.py BIN: the gate between real processes.

BIN is a folder that holds custos, custos-keeper, custos-gate and custos-sim, or
a build folder.  A trial operator is made; its keeper and gate are killed,
stopped and started while the simulated ADMF goes on commanding.
"""
import datetime
import json
import os
import shutil
import signal
import ssl
import socket
import subprocess
import sys
import tempfile
import time

DID = "dddddddd-0000-4000-8000-000000000001"
XID = "aaaaaaaa-0000-4000-8000-00000000000%d"
IMSI = "imsi=001010000000001"
PROGRAMS = {"custos": "cli", "custos-keeper": "keeper", "custos-gate": "gate",
            "custos-sim": "sim"}


class Operator:
    def __init__(self, bins):
        self.folder = tempfile.mkdtemp(prefix="cu-gate-", dir="/tmp")
        self.dir = os.path.join(self.folder, "op")
        # The command line looks for its sisters beside itself.
        self.bin = os.path.join(self.folder, "bin")
        os.mkdir(self.bin)
        for name, where in PROGRAMS.items():
            path = os.path.join(bins, name)
            if not os.path.exists(path):
                path = os.path.join(bins, "src", where, name)
            os.symlink(os.path.abspath(path), os.path.join(self.bin, name))
        self.process = {}

    def run(self, name, *words, check=True):
        out = subprocess.run([os.path.join(self.bin, name)] + list(words),
                             stdin=subprocess.DEVNULL, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             cwd=self.dir if os.path.isdir(self.dir) else None,
                             timeout=60)
        if check and out.returncode != 0:
            raise RuntimeError("%s %s: %d\n%s" % (name, " ".join(words),
                                                  out.returncode, out.stdout))
        return out

    def custos(self, *words, check=True):
        return self.run("custos", "-C", self.dir, "--yes", *words, check=check)

    def admf(self, *words):
        """One X1 request; what the simulated ADMF prints of the answer."""
        return self.run("custos-sim", "admf", "-C",
                        os.path.join(self.dir, "admf"), *words,
                        check=False).stdout

    def start(self, home, program, *words):
        log = open(os.path.join(self.folder, home + ".log"), "a")
        self.process[home] = subprocess.Popen(
            [os.path.join(self.bin, program)] + list(words) +
            ["-C", os.path.join(self.dir, home)], stdout=log, stderr=log,
            stdin=subprocess.DEVNULL)
        log.close()

    def keeper(self):
        self.start("keeper", "custos-keeper")

    def gate(self):
        self.start("gate", "custos-gate")

    def end(self, home, how=signal.SIGTERM):
        p = self.process.pop(home)
        p.send_signal(how)
        return p.wait(20)

    def log(self, home):
        with open(os.path.join(self.folder, home + ".log"),
                  errors="replace") as f:
            return f.read()

    def wait(self, home, text, times=1, limit=20):
        """Wait until the process has said ${text} so often."""
        until = time.time() + limit
        while self.log(home).count(text) < times:
            if time.time() > until:
                raise RuntimeError("%s never said: %s\n%s" %
                                   (home, text, self.log(home)))
            time.sleep(0.02)

    def entries(self):
        out = self.custos("--json", "log", "show").stdout
        return [json.loads(line) for line in out.split("\n")
                if line.startswith("{")]

    def wait_entry(self, what, limit=15):
        until = time.time() + limit
        while True:
            found = [e for e in self.entries() if what(e)]
            if found:
                return found
            if time.time() > until:
                raise RuntimeError("no such entry")
            time.sleep(0.1)

    def close(self):
        for p in self.process.values():
            p.kill()
            p.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def said(entry):
    e = entry.get("entry", entry)
    return e["kind"], json.loads(e["said"]) if "said" in e else {}


def is_late(e):
    return said(e)[0] == "late"


def utc(seconds):
    t = datetime.datetime.fromtimestamp(time.time() + seconds,
                                        datetime.timezone.utc)
    return t.strftime("%Y-%m-%dT%H:%M:%SZ")


def order(op):
    document = {
        "id": "w-1", "kind": "ordinary", "authority": "Court of Exampleton",
        "reference": "1 Gs 1/26", "legal_basis": "section 1",
        "from": utc(-5), "until": utc(3600), "scope": "iri",
        "liid": "LIID-0001", "elements": ["ne-1"],
        "targets": [[{"kind": "imsi", "value": IMSI[5:]}]],
    }
    with open(os.path.join(op.dir, "w-1.json"), "w") as f:
        json.dump(document, f)
    op.custos("warrant", "submit", "w-1.json", "--sign",
              "holders/intake-1.key", "--keep", "w-1.act")
    op.custos("warrant", "approve", "w-1", "--act", "w-1.act", "--sign",
              "holders/approver-1.key")


def activate(op, n, imsi=IMSI):
    return op.admf("activate", XID % n, imsi, "--did", DID, "--deliver",
                   "X2Only")


def begins(op):
    op.run("custos", "init", op.dir, "--trial")
    op.keeper()
    op.wait("keeper", "serving")
    op.start("ne-1", "custos-sim", "ne")
    op.gate()
    op.wait("gate", "following")
    order(op)
    return True


def covered_passes(op):
    made = op.admf("create-destination", DID, "ipv4:192.0.2.10:tcp:42069",
                   "--deliver", "X2Only")
    return "Acknowledged" in made and "Acknowledged" in activate(op, 1)


def one_digit_wrong(op):
    out = activate(op, 2, "imsi=001010000000002")
    return "custos: not authorised (entry " in out and "3000" in out


def content_under_iri(op):
    out = op.admf("activate", XID % 2, IMSI, "--did", DID, "--deliver",
                  "X2andX3")
    return "custos: not authorised (entry " in out


def stop_without_keeper(op):
    op.end("keeper", signal.SIGKILL)
    op.wait("gate", "connection lost")
    refused = activate(op, 3)
    stopped = op.admf("deactivate", XID % 1)
    op.keeper()
    op.wait("keeper", "serving", 2)
    late = op.wait_entry(is_late)
    return ("1000" in refused and "AcknowledgedAndCompleted" in stopped and
            len(late) == 1 and said(late[0])[1]["xid"] == XID % 1)


def late_has_its_outcome(op):
    index = [i for i, e in enumerate(op.entries()) if is_late(e)][0]
    found = op.wait_entry(lambda e: said(e)[0] == "outcome" and
                          said(e)[1]["command"] == str(index))
    return len(found) == 1 and said(found[0])[1]["what"] == "sent"


def goes_on(op):
    until = time.time() + 10
    while "Acknowledged" not in activate(op, 4):
        if time.time() > until:
            return False
    return "Acknowledged" in op.admf("deactivate", XID % 4)


def killed_gate_starts_without_keeper(op):
    op.end("gate", signal.SIGKILL)
    op.end("keeper", signal.SIGKILL)
    op.gate()
    until = time.time() + 10
    while time.time() < until:
        out = op.admf("deactivate", XID % 5)
        if out.startswith("DeactivateTask "):
            break
    refused = activate(op, 5)
    op.keeper()
    op.wait("gate", "following", 2)
    late = op.wait_entry(lambda e: is_late(e) and
                         said(e)[1]["xid"] == XID % 5)
    return "1000" in refused and len(late) == 1


def second_process_refused(op):
    out = op.run("custos-gate", "-C", os.path.join(op.dir, "gate"),
                 check=False)
    return out.returncode == 3 and "in use by pid" in out.stdout


def no_certificate(op):
    """A client without a certificate gets no answer, and is counted."""
    conf = open(os.path.join(op.dir, "gate", "custos.yaml")).read()
    port = int(conf.split("listen:")[1].split('"')[1].split(":")[1])
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    got = b""
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as s:
            with context.wrap_socket(s) as t:
                t.sendall(b"POST /X1/NE HTTP/1.1\r\nHost: x\r\n"
                          b"Content-Length: 0\r\n\r\n")
                got = t.recv(100)
    except OSError:
        pass
    op.wait("gate", "a connection was refused")
    return got == b""


def revoked_at_the_gate(op):
    activate(op, 6)
    op.end("keeper", signal.SIGKILL)
    op.custos("warrant", "revoke", "w-1", "--gate",
              os.path.join(op.dir, "gate", "run", "gate.sock"), "--sign",
              "holders/approver-1.key", "--reason", "test", check=False)
    op.wait("gate", "taken directly")
    op.keeper()
    op.wait_entry(lambda e: e.get("entry", e)["kind"] == "warrant" and
                  e.get("entry", e)["act"]["verb"] == "revoke")
    until = time.time() + 10
    while "(entry " not in activate(op, 7) and time.time() < until:
        pass
    return ("not authorised (entry " in activate(op, 8) and
            "Acknowledged" in op.admf("deactivate", XID % 6))


def ends_well(op):
    rc = op.end("gate")
    op.wait_entry(lambda e: said(e)[0] == "stop")
    return rc == 0


def log_verifies(op):
    out = op.custos("log", "verify", check=False)
    if out.returncode != 0:
        print("# " + out.stdout.replace("\n", "\n# "))
    return out.returncode == 0


CASES = [begins, covered_passes, one_digit_wrong, content_under_iri,
         stop_without_keeper, late_has_its_outcome, goes_on,
         killed_gate_starts_without_keeper, second_process_refused,
         no_certificate, revoked_at_the_gate, ends_well, log_verifies]


def main():
    op = Operator(sys.argv[1])
    bad = 0
    print("TAP version 13\n1..%d" % len(CASES))
    for n, case in enumerate(CASES, 1):
        try:
            ok = case(op)
        except (RuntimeError, subprocess.TimeoutExpired, OSError,
                IndexError, KeyError) as e:
            print("# " + repr(e).replace("\\n", "\n# "))
            ok = False
        print("%sok %d - %s" % ("" if ok else "not ", n, case.__name__),
              flush=True)
        bad += not ok
    if bad:
        for home in ("keeper", "gate", "ne-1"):
            print("# %s: %s" % (home, op.log(home).replace("\n", "\n# ")))
    op.close()
    return 1 if bad else 0


sys.exit(main())
