#!/usr/bin/env python3
"""bad_home.py BUILD CLOCKSTEP: what people get wrong, and a clock that steps.

Configurations, warrants and acts with faults are refused by line or member;
one home has one process; keys want their passphrase.  Nothing of it stops
what runs.
"""
import json
import os
import re
import subprocess
import sys
import time

from bad_lib import (DID, HERE, NUMBER, Element, Operator, activate,
                     deactivate, must, read, tap, the_log_holds, utc, wait)

BUILD, CLOCKSTEP = sys.argv[1], os.path.abspath(sys.argv[2])
KEPT = {}


def begin():
    op = Operator(BUILD)
    op.conf("gate", beat="1s", pace="1000", keeper_timeout="1s")
    # The keeper alone has a clock that can be moved.
    KEPT["clock"] = os.path.join(op.folder, "clock")
    step(0)
    op.start("keeper", ["env", "CLOCKSTEP=" + KEPT["clock"],
                        "LD_PRELOAD=" + CLOCKSTEP,
                        "ASAN_OPTIONS=verify_asan_link_order=0"])
    op.said("keeper", "serving")
    op.gate()
    KEPT["e"] = Element(op)
    op.order()
    out = op.admf("--id", "ne-2", "create-destination", DID,
                  "ipv4:192.0.2.10:tcp:42069", "--deliver", "X2Only").stdout
    must("AcknowledgedAndCompleted" in out, out)
    for n in range(1, 9):
        must(op.x1(activate(n)).ok)
    KEPT["good"] = document()
    return op


def step(seconds):
    with open(KEPT["clock"], "w") as f:
        f.write(str(seconds))


def document(**more):
    d = {"id": "w-2", "kind": "ordinary", "authority": "Court",
         "reference": "1", "legal_basis": "1", "from": utc(-5),
         "until": utc(3600), "scope": "iri", "liid": "L-1",
         "elements": ["ne-2"],
         "targets": [[{"kind": "e164Number", "value": NUMBER}]]}
    d.update(more)
    return {k: v for k, v in d.items() if v is not KeyError}


def configuration_by_line(op):
    """Each program exits with 3 and names the line; check says the same."""
    for home in ("keeper", "gate", "auditor", "ne-1"):
        good = read(op.path(home, "custos.yaml"))
        lines = good.count("\n")
        rows = [("nonsense: 1\n", lines + 1), ("beat: 5\n", lines + 1),
                ("beat: 1s\nbeat: 2s\n", None),
                ("role: keeper\n", None), ("\tx: y\n", lines + 1),
                ("socket: &a x\n", lines + 1), ("socket: *a\n", None),
                ("socket: !!str x\n", lines + 1),
                ("---\nrole: gate\n", None), ("socket: [\n", None),
                ("listen: {a: b}\n", lines + 1)]
        copy = os.path.join(op.folder, "copy")
        os.makedirs(os.path.join(copy, "run"), exist_ok=True)
        for bad, line in rows:
            with open(os.path.join(copy, "custos.yaml"), "w") as f:
                f.write(good + bad)
            for run in (["custos", "run", copy], ["custos", "check", copy]):
                out = op.run(*run, check=False)
                must(out.returncode in ((3, 2) if run[1] == "run" else (1,)),
                     home, bad, run, out.returncode, out.stdout)
                m = re.search(r"line (\d+)", out.stdout)
                must(m, home, bad, out.stdout)
                must(line is None or int(m.group(1)) == line, home, bad, line,
                     out.stdout)
    os.unlink(os.path.join(copy, "custos.yaml"))


def programs_tell_their_words(op):
    for name in ("custos-keeper", "custos-gate", "custos-auditor",
                 "custos-sim"):
        page = os.path.join(HERE, "..", "..", "docs", "man", name + ".8")
        must("Fl -help\n" in read(page), page)
        out = op.run(name, "--help")
        must(out.stdout.startswith("usage: " + name), out.stdout)
        out = op.run(name, "--helpless", check=False)
        must(out.returncode == 2 and "usage: " + name in out.stdout,
             out.returncode, out.stdout)


def one_home_one_process(op):
    for home, program in (("keeper", "custos-keeper"), ("gate",
                                                        "custos-gate")):
        out = op.run(program, "-C", op.path(home), check=False)
        must(out.returncode == 3 and "in use by pid %d" %
             op.process[home].pid in out.stdout, out.returncode, out.stdout)
    must(op.x1(activate(20)).ok)


def warrants_by_member(op):
    """A document with a fault is refused before anybody signs it."""
    path, start = os.path.join(op.folder, "w-bad.json"), op.size()
    number = {"kind": "e164Number", "value": NUMBER}
    rows = [
        ({"id": "w 2"}, "id"), ({"id": KeyError}, "id"),
        ({"kind": "other"}, "kind"), ({"scope": "all"}, "scope"),
        ({"from": "yesterday"}, "from"), ({"until": utc(-10)}, "until"),
        ({"from": 5}, "from"), ({"authority": ""}, "authority"),
        ({"authority": KeyError}, "authority"), ({"nonsense": 1}, "nonsense"),
        ({"targets": []}, "targets"), ({"targets": [[]]}, "targets"),
        ({"targets": [[number, number]]}, "targets"),
        ({"targets": [[{"kind": "e164Number", "value": "12x"}]]}, "targets"),
        ({"targets": [[{"kind": "shoeSize", "value": "12"}]]}, "targets"),
        ({"targets": [[{"kind": "ipv4Cidr", "value": "10.0.0.1/8"}]]},
         "targets"),
        ({"elements": "ne-2"}, "elements"), ({"elements": []}, "elements"),
        ({"services": [5]}, "services"),
    ]
    for change, member in rows:
        with open(path, "w") as f:
            json.dump(document(**change), f)
        out = op.custos("warrant", "submit", path, "--sign",
                        op.path("holders/intake-1.key"), "--keep",
                        os.path.join(op.folder, "bad.act"), check=False)
        must(out.returncode in (1, 2, 3), change, out.stdout)
        must(member in out.stdout, change, member, out.stdout)
        must(NUMBER not in out.stdout, out.stdout)
    for text in ("", "{", "[]", "{}{}", "\0", '{"id":"a","id":"b"}'):
        with open(path, "w") as f:
            f.write(text)
        out = op.custos("warrant", "submit", path, "--sign",
                        op.path("holders/intake-1.key"), "--keep",
                        os.path.join(op.folder, "bad.act"), check=False)
        must(out.returncode in (1, 2, 3) and "w-bad.json" in out.stdout,
             text, out.stdout)
    # The keeper's own refusals: elements and windows that the log knows.
    for change, word in (({"elements": ["ne-99"]}, "elements"),
                         ({"targets": [[{"kind": "tcpPort", "value": "80"}]]},
                          "targets")):
        with open(path, "w") as f:
            json.dump(document(**change), f)
        out = op.custos("warrant", "submit", path, "--sign",
                        op.path("holders/intake-1.key"), "--keep",
                        os.path.join(op.folder, "bad.act"), check=False)
        must(out.returncode == 1 and word in out.stdout, change, out.stdout)
        if os.path.exists(os.path.join(op.folder, "bad.act")):
            os.unlink(os.path.join(op.folder, "bad.act"))
    must(not op.entries("warrant", start))
    for name in ("w-bad.json", "bad.act"):
        if os.path.exists(os.path.join(op.folder, name)):
            os.unlink(os.path.join(op.folder, name))


def acts_by_member(op):
    """An act file that was changed is no act; who may not sign is refused."""
    path, start = op.path("w-2.act"), op.size()
    with open(op.path("w-2.json"), "w") as f:
        json.dump(document(), f)
    op.custos("warrant", "submit", op.path("w-2.json"), "--out", path)
    good = read(path).split("\n")
    key = op.path("holders/intake-1.key")
    bad = op.path("bad.act")
    last = len(good) - 2            # that of the last disclosure, from 0
    for lines, fault in (
            (good[:1], "line 1: the line is missing"),
            ([""] + good[1:], "line 1: not a JSON string"),
            (["{}"] + good[1:], "line 1: not a JSON string"),
            (good[:1] + good[2:], "line 2: payload: not JSON at byte"),
            (good[:1] + ["[]"], "line 2: the line is missing"),
            ([good[0].replace("warrant/w-2", "warrant/w-3")] + good[1:],
             "line 2: payload: member id: not that of the subject"),
            (good[:1] + [good[1].replace('"iri"', '"iri+cc"')] + good[2:],
             "line 2: not the payload that line 1 names"),
            (good[:2] + [good[2][:-4] + "AAAA"] + good[3:],
             "line 3: disclosure: not "),
            (good[:2] + good[3:],
             "line %d: the disclosures are not those of _sd" % last),
            # In order by itself; that it is not the next one the log knows.
            ([good[0].replace("seq 1", "seq 7")] + good[1:],
             "refused: seq: 1 is next")):
        with open(bad, "w") as f:
            f.write("\n".join(lines))
        out = op.custos("sign", bad, "--key", key, check=False)
        signed = fault.startswith("refused")
        must(out.returncode == (0 if signed else 3), fault, out.stdout)
        if signed:
            out = op.custos("submit", bad, check=False)
            must(out.returncode == 1, fault, out.stdout)
        must(fault in out.stdout, fault, out.stdout)
    must(not [e for _, e in op.entries("warrant", start)])
    # Its own submission, another role, nobody's key, no signature.
    out = op.custos("submit", path, check=False)
    must(out.returncode in (1, 3), out.stdout)
    op.custos("key", "new", op.path("holders/nobody.key"), "--no-passphrase")
    for holder in ("approver-1", "auditor-1", "overseer-1", "nobody"):
        if os.path.exists(bad):
            os.unlink(bad)
        out = op.custos("warrant", "submit", op.path("w-2.json"), "--sign",
                        op.path("holders/%s.key" % holder), "--keep", bad,
                        check=False)
        must(out.returncode == 1, holder, out.stdout)
    op.finding("act.refused", start)
    op.custos("sign", path, "--key", key)
    op.custos("submit", path)
    out = op.custos("warrant", "approve", "w-2", "--act", op.path("w-1.act"),
                    "--sign", op.path("holders/approver-1.key"), check=False)
    must(out.returncode in (1, 3), out.stdout)
    for holder in ("intake-1", "overseer-1"):
        out = op.custos("warrant", "approve", "w-2", "--act", path, "--sign",
                        op.path("holders/%s.key" % holder), check=False)
        must(out.returncode == 1, holder, out.stdout)
    states = [e["act"]["verb"] for _, e in op.entries("warrant", start)]
    must(states == ["submit"], states)


def passphrases(op):
    """A locked key opens with its passphrase alone, and signs nothing else."""
    phrase, wrong = (os.path.join(op.folder, n) for n in ("right", "wrong"))
    for path, text in ((phrase, "correct horse\n"), (wrong, "battery\n")):
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, 0o600)
    key = op.path("holders/locked.key")
    op.custos("--passphrase-file", phrase, "key", "new", key)
    must("correct" not in read(key))
    start = op.size()
    for words in (["--passphrase-file", wrong], []):
        out = op.custos(*words, "warrant", "revoke", "w-2", "--sign", key,
                        check=False)
        must(out.returncode in (1, 2, 3) and "passphrase" in out.stdout,
             out.returncode, out.stdout)
    must(not op.entries("finding", start) and not op.entries("warrant", start))
    # The right one opens it; nobody knows the key.
    out = op.custos("--passphrase-file", phrase, "warrant", "revoke", "w-2",
                    "--sign", key, check=False)
    must(out.returncode == 1 and "passphrase" not in out.stdout, out.stdout)
    for path in (phrase, wrong):
        os.unlink(path)


def keys_that_are_not(op):
    """A key others may read, cut, or of another kind does not start a gate."""
    must(op.end("gate") == 0)
    path = op.path("gate/keys/instance.key")
    good = read(path)
    for bad in (good[:40], "", good.replace('"none"', '"scrypt"'),
                good.replace('"id":"', '"id":"0')):
        with open(path, "w") as f:
            f.write(bad)
        out = op.run("custos-gate", "-C", op.path("gate"), check=False)
        must(out.returncode == 3 and "instance.key" in out.stdout, out.stdout)
    with open(path, "w") as f:
        f.write(good)
    os.chmod(path, 0o644)
    out = op.custos("check", op.path("gate"), check=False)
    must(out.returncode == 1 and "instance.key" in out.stdout and
         "chmod 600" in out.stdout, out.stdout)
    os.chmod(path, 0o600)
    op.gate()


def the_keepers_clock_steps(op):
    """Back and far forward: nothing starts, every stop passes."""
    time.sleep(1.2)
    for n, seconds in ((1, -60), (2, 7300)):
        start = op.size()
        step(seconds)
        time.sleep(1.5)
        a = op.x1(activate(30 + n))
        must(not a.ok and KEPT["e"].count("ActivateTask", 30 + n) == 0, a)
        a = op.x1(deactivate(n))
        must(a.ok == ["AcknowledgedAndCompleted"], seconds, a)
        must(KEPT["e"].count("DeactivateTask", n) == 1)
        step(0)
        if seconds < 0:
            wait(lambda n=n: op.x1(activate(40 + n)).ok, 20, "a start")
        op.finding("clock.step", start)
    # Two hours ahead the log's times stay ahead: nothing starts, stops do.
    a = op.x1(activate(50))
    must(not a.ok, a)
    a = op.x1(deactivate(3))
    must(a.ok and KEPT["e"].count("DeactivateTask", 3) == 1, a)
    times = [e["time"] for _, e in op.entries()]
    must(times == sorted(set(times)))


sys.exit(tap([configuration_by_line, programs_tell_their_words,
              one_home_one_process, warrants_by_member, acts_by_member,
              passphrases, keys_that_are_not, the_keepers_clock_steps,
              the_log_holds], begin))
