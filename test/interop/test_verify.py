#!/usr/bin/env python3
"""test/interop/test_verify.py: what a log made here is, whole, torn, voided.

The lies in it are told in test_both.py.
"""
import contextlib
import io
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import log_acts                                                 # noqa: E402
import log_bytes as lb                                          # noqa: E402
import log_lines as ll                                          # noqa: E402
import log_words as lw                                          # noqa: E402
import verify                                                   # noqa: E402
from made_log import Made, public, some                         # noqa: E402


def run(folder, genesis, full):
    """(exit code, what was printed)"""
    sys.argv = ["verify.py", os.path.join(folder, "log"), "--genesis", genesis]
    if full:
        vault = os.path.join(folder, "vault")
        sys.argv += ["--vault", vault, "--vault-key",
                     os.path.join(vault, "key")]
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        code = verify.main()
    return code, out.getvalue()


def honest(folder):
    made = Made()
    made.write(folder)
    for full in (False, True):
        code, text = run(folder, made.genesis, full)
        assert code == 0, text
        assert ("structural" in text) == (not full), text
    code, text = run(folder, "0" * 64, True)
    assert code == 1 and text.startswith("entry 0: "), text
    with open(os.path.join(folder, "vault", "key"), "wb") as f:
        f.write(bytes(32))
    code, text = run(folder, made.genesis, True)
    assert code == 3, text
    code, text = run(os.path.join(folder, "nothing"), made.genesis, False)
    assert code == 3, text


def gaps(folder):
    """A number may be named by a report behind; not by one too far behind."""
    for i, void in enumerate((list(range(1, 9)), list(range(1, 8)))):
        made = Made("activate", lambda d: d.update(n=9), void)
        here = os.path.join(folder, str(i))
        made.write(here)
        code, text = run(here, made.genesis, True)
        assert code == i, text
        assert i == 0 or "a report is missing" in text, text
    log = verify.Log(None)
    for start, n, gap, good, kind in (
            (1, 1, [], True, "start"), (1, 3, [], True, "beat"),
            (1, 5, [], True, "beat"), (1, 6, [2], True, "beat"),
            (1, 67, list(range(7, 67)), True, "beat"),
            (1, 68, [], False, "beat"), (1, 68, [4], True, "beat"),
            # A stop leaves none open; its spool may come behind it.
            (1, 70, [], False, "stop"), (1, 71, [69], False, "stop"),
            (1, 71, [69, 70], True, "stop"), (1, 73, [], True, "late"),
            (2, 2, [], True, "beat"), (2, 4, [1], False, "stop"),
            (2, 4, [1, 2, 3], True, "stop"), (3, 2, [1], True, "stop"),
            (4, 2, [], False, "stop")):
        body = {"void": gap} if gap else {}
        e = {"kind": kind, "source": {"role": "gate", "instance": "g",
                                      "start": start, "n": n}}
        try:
            log.source(e, True, body)
            assert good, n
        except lb.Bad:
            assert not good, n


class Voided(Made):
    """Two overseers, one of them somebody else, set rules and enrol a third.

    With the two the rules go that they set, and what the third approved.
    """

    def holder(self, name, role):
        self.add(name, "holder", {"act": ("add", {
            "id": name, "form": "ed25519", "keys": [lb.b64u(public(name))],
            "roles": [role]}, ["overseer-1", "overseer-2"]), "seals": [
                ("name", name.title(), "holder:" + name)]})

    def work(self):
        rules = {name: least for name, _, _, least in log_acts.RULES}
        rules["window_max"] = 3600000
        self.since = self.add("policy", "policy", {"act": (
            "set", {"rules": rules}, ["overseer-1", "overseer-2"])})
        self.holder("stranger", "approver")
        self.order("w-2", approver="stranger", window=3600000000)
        self.add("void", "holder", {"act": ("revoke", {
            "id": "overseer-1", "void_since": str(self.since)},
            ["overseer-2"])})
        self.order("w-3")

    def audits(self):
        tables = self.tables = log_acts.Tables(self.entries[0])
        for i, entry in enumerate(self.entries):
            e = lb.read_json(entry)
            tables.take(i, 0, e["kind"], e["act"])


def voided(folder):
    made = Voided()
    made.write(folder)
    code, text = run(folder, made.genesis, True)
    assert code == 0, text
    t = made.tables
    assert t.rules["window_max"] is None and not t.holders["stranger"].live
    w = {name: revs[0] for name, revs in t.warrants.items()}
    assert w["w-1"].ended is None and w["w-3"].ended is None
    assert w["w-2"].ended is not None


def damage(folder):
    made = Made()
    made.write(folder)
    path = os.path.join(folder, "log", "journal", "00000001.seg")
    with open(path, "rb") as f:
        good = f.read()
    frames, at = [], lb.HEADER
    while at < len(good):
        f = lb.Frame(good, at)
        frames.append((f.kind, f.number, at, f.size()))
        at += f.size()
    for i, (kind, number, at, size) in enumerate(frames):
        for j in range(4):
            off = at + some("%d %d" % (i, j), 4)[j] * 7919 % size
            bad = bytearray(good)
            bad[off] ^= 1 << (i + j) % 8
            with open(path, "wb") as f:
                f.write(bad)
            code, text = run(folder, made.genesis, False)
            want = number - 1 if kind == "K" else number
            assert code == 1 and text.startswith("entry %d: " % want), \
                "%s %d at %d: %s" % (kind, number, off, text)
    for cut in (0, 7, 4095, 4096, len(good) // 2, len(good) - 1):
        with open(path, "wb") as f:
            f.write(good[:cut])
        code, text = run(folder, made.genesis, False)
        assert code == 1 and text.strip(), cut


def main():
    bad, cases = 0, (honest, gaps, voided, damage)
    print("TAP version 13\n1..%d" % len(cases))
    for i, f in enumerate(cases, 1):
        with tempfile.TemporaryDirectory() as folder:
            try:
                f(folder)
                print("ok %d - %s" % (i, f.__name__))
            except Exception as e:                   # a test, so all of them
                bad += 1
                print("# %s: %s\nnot ok %d - %s" % (
                    type(e).__name__, str(e).strip(), i, f.__name__))
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
