#!/usr/bin/env python3
"""audit.py CUSTOS KEEPER SIM AUDITOR: the auditor in a trial operator.

No gate runs here: what is looked at is what elements do on their own, and what
comes of it in the log.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

CUSTOS, KEEPER, SIM, AUDITOR = [os.path.abspath(p) for p in sys.argv[1:5]]
XID = "b7c5b1c0-6a1e-4f0e-9d2a-0c6d5f1e7a0%d"
DID = "0d6a9a52-3f0b-4f0d-8a55-6a1f6f0b2c0%d"
AT = "ipv4:192.0.2.66:tcp:42069"


class Trial:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="custos-audit.")
        self.home = os.path.join(self.dir, "t")
        self.run = {}
        subprocess.run([CUSTOS, "init", self.home, "--trial"], check=True,
                       stdout=subprocess.DEVNULL)
        path = self.path("auditor", "custos.yaml")
        text = open(path).read()
        text = re.sub(r"audit_interval: .*", "audit_interval: 500ms\n"
                      "element_timeout: 4s\npace: 20", text)
        open(path, "w").write(text)

    def path(self, *parts):
        return os.path.join(self.home, *parts)

    def start(self, name, *words):
        self.run[name] = subprocess.Popen(
            words, stderr=open(os.path.join(self.dir, name + ".log"), "a"))

    def stop(self, name):
        self.run[name].send_signal(signal.SIGTERM)
        return self.run.pop(name).wait(20)

    def start_all(self):
        self.start("keeper", KEEPER, "-C", self.path("keeper"))
        for name in ("ne-1", "ne-2", "mdf-1"):
            self.start(name, SIM, "ne", "-C", self.path(name))
        wait(lambda: os.path.exists(self.path("keeper", "run/keeper.sock")))
        self.start("auditor", AUDITOR, "-C", self.path("auditor"))

    def tell(self, ne, *words):
        done = subprocess.run([SIM, "tell", "-C", self.path(ne), *words],
                              stdout=subprocess.PIPE, text=True)
        return done.returncode == 0

    def entries(self, kind=None, start=0):
        """The log as it stands: [(index, entry)]."""
        out = subprocess.run([CUSTOS, "-C", self.home, "log", "show",
                              "--json"], stdout=subprocess.PIPE, text=True,
                             check=True).stdout
        rows = []
        for line in out.splitlines():
            if line.startswith("{"):
                rows.append(json.loads(line))
        found = []
        for i, e in enumerate(rows):
            e = e.get("entry", e)
            if i >= start and kind in (None, e.get("kind")):
                found.append((i, e))
        return found

    def findings(self):
        """{(type, element): index} of what was opened."""
        return {(e["type"], e["element"]): i
                for i, e in self.entries("finding") if e["verb"] == "open"}

    def element(self, name):
        """The entry that registered it, as findings name it."""
        for i, e in self.entries("element"):
            if e["act"]["subject"] == "element/" + name:
                return str(i)
        raise AssertionError(name)

    def snapshots(self, element, start=0, complete=None):
        rows = []
        for i, e in self.entries("snapshot", start):
            said = json.loads(e["said"])
            if said["element"] == element and \
                    complete in (None, said["complete"]):
                rows.append((i, said))
        return rows

    def end(self):
        for p in self.run.values():
            p.kill()
            p.wait()
        shutil.rmtree(self.dir)


def wait(what, seconds=90):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("nothing came within %d s" % seconds)


def opens(t, kind, element):
    began = time.monotonic()
    index = wait(lambda: t.findings().get((kind, t.element(element))))
    print("# %s on %s after %.1f s" % (kind, element,
                                       time.monotonic() - began))
    return index


def begins(t):
    """Every NE and MDF is asked; unchanged answers share rounds."""
    wait(lambda: t.entries("round"))
    for name in ("ne-1", "ne-2", "mdf-1"):
        first = wait(lambda n=name: t.snapshots(t.element(n)))[0][1]
        assert first["complete"] and first["base"] is None, first
        assert first["items"] == [], first
    starts = [e for _, e in t.entries("start")
              if e["source"]["role"] == "auditor"]
    assert json.loads(starts[0]["said"])["last"] == 0
    assert not t.findings()


def a_task_nobody_commanded(t):
    assert t.tell("ne-2", "inject-task", XID % 1, "imsi", "001010000000001",
                  DID % 1)
    index = opens(t, "task.unknown", "ne-2")
    entry = dict(t.entries())[index]
    assert entry["xid"] == XID % 1
    said = json.loads(dict(t.entries())[int(entry["rests"][0])]["said"])
    assert [i["why"] for i in said["items"]] == ["unbound"], said
    assert "001010000000001" not in json.dumps(said)


def a_destination_nobody_made(t):
    assert t.tell("ne-2", "add-destination", "-", DID % 1, AT)
    index = opens(t, "destination.unknown", "ne-2")
    assert dict(t.entries())[index]["did"] == DID % 1


def an_element_that_flickers(t):
    assert t.tell("ne-2", "flicker", XID % 1)
    wait(lambda: any(s["gone"] for _, s in t.snapshots(t.element("ne-2"))))
    opens(t, "task.flicker", "ne-2")
    assert t.tell("ne-2", "honest")


def silence_is_not_no_tasks(t):
    before = len(t.entries())
    assert t.tell("mdf-1", "silent", "on")
    opens(t, "element.silent", "mdf-1")
    assert t.tell("mdf-1", "silent", "off")
    failed = [s for _, s in t.snapshots(t.element("mdf-1"), before, False)]
    assert len(failed) >= 3, failed
    assert {s["error"] for s in failed} == {"timeout"}, failed


def garbage_cut_late(t):
    for word, error in (("garbage", "form"), ("cut", "cut")):
        before = len(t.entries())
        assert t.tell("mdf-1", word, "on")
        wait(lambda b=before, e=error: any(
            s["error"] == e and not s["items"] and not s["gone"]
            for _, s in t.snapshots(t.element("mdf-1"), b)))
        assert t.tell("mdf-1", word, "off")
    assert t.tell("mdf-1", "slow", "300")
    wait(lambda b=len(t.entries()): len(t.entries("round", b)) >= 2)
    assert t.tell("mdf-1", "slow", "0")


def another_certificate(t):
    assert t.tell("ne-1", "certificate", "../ne-2/keys/tls.pem",
                  "../ne-2/keys/tls.key")
    opens(t, "element.identity", "ne-1")
    assert t.tell("ne-1", "certificate", "own")


def large_answers(t):
    """Changes in parts; and when many are gone, everything anew."""
    before = len(t.entries())
    assert t.tell("mdf-1", "fill", "300", DID % 2)

    def all_parts():
        rows = [s for _, s in t.snapshots(t.element("mdf-1"), before)
                if s["complete"]]
        return rows and rows[-1]["part"] == rows[-1]["parts"] == 3 and rows
    rows = wait(all_parts)
    assert sum(len(s["items"]) for s in rows) == 300
    assert [s["part"] for s in rows] == [1, 2, 3]
    assert t.tell("mdf-1", "forget")
    wait(lambda: any(s["complete"] and s["parts"] == 1 and s["base"] is None
                     for _, s in t.snapshots(t.element("mdf-1"),
                                             before + 3)))


def by_list_and_details(t):
    """Above 4 MiB, and back: what is new is asked for at once."""
    before = len(t.entries())
    assert t.tell("mdf-1", "fill", "9000", DID % 2)
    wait(lambda: sum(len(s["items"]) for _, s in
                     t.snapshots(t.element("mdf-1"), before)) == 9000)
    wait(lambda b=len(t.entries()): t.entries("round", b))
    before = len(t.entries())
    assert t.tell("mdf-1", "inject-task", XID % 3, "imsi", "001010000000003",
                  DID % 2)
    rows = wait(lambda: t.snapshots(t.element("mdf-1"), before, True))
    assert [i["id"] for i in rows[0][1]["items"]] == [XID % 3], rows
    assert t.tell("mdf-1", "forget")
    wait(lambda: any(s["complete"] and s["base"] is None and not s["items"]
                     for _, s in t.snapshots(t.element("mdf-1"),
                                             before + 1)))


def keeper_away(t):
    assert t.stop("keeper") == 0
    time.sleep(1)
    t.start("keeper", KEEPER, "-C", t.path("keeper"))
    before = len(t.entries())
    wait(lambda: t.entries("round", before))
    assert not [e for _, e in t.entries("start", before)
                if e["source"]["role"] == "auditor"]


def started_again(t):
    before = len(t.entries())
    assert t.stop("auditor") == 0
    stops = [e for _, e in t.entries("stop", before)]
    assert stops and stops[-1]["source"]["role"] == "auditor", stops
    t.start("auditor", AUDITOR, "-C", t.path("auditor"))
    start = wait(lambda: [e for _, e in t.entries("start", before)])[-1]
    assert start["source"]["start"] == 2, start
    assert json.loads(start["said"])["last"] == stops[-1]["source"]["n"], start
    wait(lambda: t.entries("round", before))
    # All is carried anew: the new start has no base.
    first = wait(lambda: [
        s for i, s in t.snapshots(t.element("ne-2"), before, True)
        if s["base"] is None])[-1]
    assert {i["id"] for i in first["items"]} == {XID % 1, DID % 1}, first


def read_as_declared(t):
    """A dialect that its answers need is named, once for equal answers."""
    with open(t.path("elements", "mdf-1.json")) as f:
        doc = dict(json.load(f), dialect=["stamp"])
    with open(os.path.join(t.dir, "mdf-1.json"), "w") as f:
        json.dump(doc, f)
    subprocess.run([CUSTOS, "-C", t.home, "--yes", "element", "change", f.name,
                    "--sign", t.path("holders", "overseer-1.key"), "--sign",
                    t.path("holders", "overseer-2.key")], check=True,
                   stdout=subprocess.DEVNULL)
    element = str([i for i, e in t.entries("element")
                   if e["act"]["subject"] == "element/mdf-1"][-1])
    index, said = wait(lambda: t.snapshots(element))[-1]
    assert "leniencies" not in said, said
    for word, used in (("stamp", ["stamp"]), ("none", None)):
        assert t.tell("mdf-1", "dialect", word)
        base = str(index)
        index, said = wait(lambda: t.snapshots(element, index + 1))[0]
        assert said.get("leniencies") == used and said["complete"], said
        assert said["base"] == base and said["items"] == [], said
        wait(lambda: [r for _, e in t.entries("round", index)
                      for r in json.loads(e["said"])["rows"]
                      if r[0] == element and r[1] == str(index)])
        assert len(t.snapshots(element, index)) == 1


def no_gaps(t):
    """Every number of a start is an entry, or was named as void."""
    seen = {}
    for _, e in t.entries():
        if e["source"]["role"] != "auditor":
            continue
        said = json.loads(e["said"])
        row = seen.setdefault(e["source"]["start"], set())
        # A stop names what has no answer yet; it can be an entry after all.
        row.update(said.get("void", []))
        row.add(e["source"]["n"])
    for numbers in seen.values():
        assert numbers == set(range(1, max(numbers) + 1)), sorted(numbers)


def verifies(t):
    assert t.stop("auditor") == 0 and t.stop("keeper") == 0
    done = subprocess.run([CUSTOS, "-C", t.home, "log", "verify"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True)
    assert done.returncode == 0, done.stdout


CASES = [begins, a_task_nobody_commanded, a_destination_nobody_made,
         an_element_that_flickers, silence_is_not_no_tasks, garbage_cut_late,
         another_certificate, large_answers, by_list_and_details, keeper_away,
         started_again, read_as_declared, no_gaps, verifies]


def main():
    print("TAP version 13\n1..%d" % len(CASES), flush=True)
    trial, bad = Trial(), 0
    try:
        trial.start_all()
        for n, case in enumerate(CASES, 1):
            try:
                case(trial)
                print("ok %d - %s" % (n, case.__name__), flush=True)
            except (AssertionError, subprocess.SubprocessError,
                    IndexError, KeyError) as e:
                bad += 1
                text = "%s: %s" % (type(e).__name__, str(e)[:2000])
                print("# " + text.replace("\n", "\n# "))
                print("not ok %d - %s" % (n, case.__name__), flush=True)
        for name in ("auditor", "keeper") if bad else ():
            log = open(os.path.join(trial.dir, name + ".log")).read()
            # What repeats itself must not push the beginning out.
            lines = [x for x in log.splitlines() if "finding " not in x]
            said = lines if len(lines) < 60 else lines[:30] + lines[-30:]
            print("# %s:\n# %s" % (name, "\n# ".join(said)))
    finally:
        trial.end()
    return 1 if bad else 0


sys.exit(main())
