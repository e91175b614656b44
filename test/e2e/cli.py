#!/usr/bin/env python3
"""test/e2e/cli.py CUSTOS: what people type, right and wrong, in one trial.

Exit codes (0 done, 1 the answer is no, 2 usage, 3 could not), the words of
each message, and what a program reads with --json.
"""
import datetime
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

CUSTOS = os.path.abspath(sys.argv[1])
DID = "0d6a9a52-3f0b-4f0d-8a55-6a1f6f0b2c01"
XID = "b7c5b1c0-6a1e-4f0e-9d2a-0c6d5f1e7a01"
XID2 = "b7c5b1c0-6a1e-4f0e-9d2a-0c6d5f1e7a02"
NUMBER = "4915112345678"
VERBS = {"demo": "", "genesis": "", "init": "", "run": "", "check": "",
         "status": "", "sign": "", "submit": "", "why": "", "sim": "",
         "key": "new show", "holder": "list add change revoke",
         "instance": "list add retire",
         "element": "list show add change retire", "policy": "show set clock",
         "warrant": "list show submit approve refuse revoke",
         "finding": "list show note close",
         "log": "show follow prove verify export"}
count = bad = 0


def ok(good, what, said=None):
    global count, bad
    count += 1
    bad += not good
    print("%sok %d - %s" % ("" if good else "not ", count, what), flush=True)
    if not good and said is not None:
        for line in ("[%s]" % said.returncode, said.stdout, said.stderr):
            print("# " + str(line).replace("\n", "\n# "))


def run(*words, text=""):
    return subprocess.run([CUSTOS, *words], input=text, capture_output=True,
                          text=True, timeout=30, start_new_session=True)


def expect(what, code, said, *words):
    """That exit code, and each of the words somewhere in what it says."""
    both = said.stdout + said.stderr
    ok(said.returncode == code and all(w in both for w in words), what, said)
    return said


def has_terminal():
    try:
        for fd in os.openpty():
            os.close(fd)
    except OSError:
        return False
    return True


TERMINAL = has_terminal()


def typed(what, code, answers, argv, *words):
    """The same of what a person answers at a terminal; left out, alone, where
    no terminal is to be had."""
    global count
    if TERMINAL:
        return expect(what, code, terminal(answers, *argv), *words)
    count += 1
    print("ok %d - %s # SKIP no terminal is to be had" % (count, what))
    return None


def terminal(answers, *words):
    """Run it at a terminal of its own, where a person answers."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execv(CUSTOS, [CUSTOS, *words])
    said = b""
    deadline = time.time() + 20
    answers = list(answers)
    while True:
        if not select.select([fd], [], [], max(0, deadline - time.time()))[0]:
            os.kill(pid, signal.SIGKILL)
            break
        try:
            part = os.read(fd, 4096)
        except OSError:
            break
        if not part:
            break
        said += part
        if answers and answers[0][0].encode() in said:
            os.write(fd, (answers.pop(0)[1] + "\n").encode())
    _, status = os.waitpid(pid, 0)
    return subprocess.CompletedProcess(words, os.waitstatus_to_exitcode(
        status), said.decode(errors="replace"), "")


def told(said, verb):
    return said.returncode == 0 and not said.stderr and re.match(
        r"usage: custos (\[[^]]*\] )?" + verb, said.stdout)


def helps():
    silent = [v for v in VERBS
              if "usage: custos" not in run(v, "--help").stdout]
    ok(not silent, "every verb tells its words: %s" % silent)
    silent = ["%s %s" % (v, s) for v, subs in VERBS.items()
              for s in subs.split()
              if not told(run(v, s, "--help"), "%s %s" % (v, s))]
    ok(not silent, "so does every verb below: %s" % silent)
    expect("no verb", 2, run(), "usage:")
    expect("an unknown verb", 2, run("bogus"), "unknown verb")
    expect("an unknown verb below", 2, run("warrant", "bogus"), "no such verb")
    expect("an unknown option", 2, run("status", "--bogus"), "unknown option")
    expect("a folder that is none", 3, run("-C", "/nowhere", "status"),
           "/nowhere", "-C")
    ok(run("--version").stdout.startswith("custos "), "--version")


def now(seconds=0):
    t = datetime.datetime.now(datetime.timezone.utc) + \
        datetime.timedelta(seconds=seconds)
    return t.strftime("%Y-%m-%dT%H:%M:%SZ")


def order(**changed):
    doc = {"id": "w-1", "kind": "ordinary", "authority": "Court\u202eX\x1b[31m",
           "reference": "1/26", "legal_basis": "CPA", "from": now(-1),
           "until": now(3600), "scope": "iri", "liid": "L1",
           "elements": ["ne-1"], "deliver_to": ["lemf-1"],
           "targets": [[{"kind": "e164Number", "value": NUMBER}]]}
    doc.update(changed)
    return json.dumps(doc)


class Trial:
    def __init__(self, top):
        self.top = top
        self.dir = os.path.join(top, "op")
        self.files = 0

    def at(self, name):
        return os.path.join(self.dir, name)

    def key(self, who):
        return self.at("holders/%s.key" % who)

    def v(self, *words):
        return run("-C", self.dir, *words)

    def json(self, *words):
        return [json.loads(line) for line in
                self.v("--json", *words).stdout.splitlines()]

    def file(self, content, mode="w"):
        self.files += 1
        path = os.path.join(self.top, "f%d" % self.files)
        with open(path, mode) as f:
            f.write(content)
        return path

    def wait(self, what, seconds=15):
        end = time.time() + seconds
        while time.time() < end:
            if what():
                return True
            time.sleep(0.2)
        return False


def keys(t):
    k = os.path.join(t.top, "k.key")
    word, wrong = t.file("secret\n"), t.file("wrong\n")
    expect("key new without a terminal", 3, run("key", "new", k), "terminal")
    expect("an empty passphrase", 3, run("--passphrase-file", t.file("\n"),
           "key", "new", k), "empty")
    expect("an empty passphrase file", 3, run("--passphrase-file",
           t.file(""), "key", "new", k), "empty")
    expect("key new", 0, run("--passphrase-file", word, "key", "new", k),
           "public", "locked by a passphrase")
    expect("no key is overwritten", 3, run("key", "new", k), "already")
    ok(os.stat(k).st_mode & 0o777 == 0o600, "a key file is its owner's")
    expect("key show", 0, run("key", "show", k), "public")
    expect("what is no key", 3, run("key", "show", word), word,
           "custos key new")
    expect("neither a public key nor a file", 2, t.v("holder", "add", "x-1",
           "--role", "reader", "--name", "N", "--public", t.top + "/none"),
           "/none", "43 characters")
    for what, value, word_of_it in (
            ("an overseer without a key", ("--overseer", "a"), "ID=KEY"),
            ("a quorum that is none", ("--overseer", "a=" + k, "--quorum",
             "most"), "most")):
        expect(what, 2, run("genesis", t.top + "/g.act", "--origin", "x/y",
               "--log-key", k, *value), value[-2], word_of_it)
    tk = os.path.join(t.top, "tk.key")
    r = typed("key new at a terminal", 0, [("New passphrase", "at last"),
              ("Once more", "at last")], ("key", "new", tk),
              "locked by a passphrase")
    if r is not None:
        ok("at last" not in r.stdout, "a passphrase is not echoed", r)
    typed("two different passphrases", 3, [("New passphrase", "one"),
          ("Once more", "two")], ("key", "new", tk + "2"), "different")
    expect("a wrong passphrase", 3, run("-C", t.dir, "--passphrase-file",
           wrong, "holder", "revoke", "intake-1", "--sign", k), "passphrase")
    expect("no terminal for one", 3, t.v("holder", "revoke", "intake-1",
           "--sign", k), "--passphrase-file")
    expect("a key of nobody", 1, run("-C", t.dir, "--passphrase-file", word,
           "holder", "revoke", "intake-1", "--sign", k), "no holder")
    return k


def documents(t):
    sign = ("--sign", t.key("intake-1"), "--keep")

    def submit(content, mode="w"):
        t.files += 1
        return t.v("warrant", "submit", t.file(content, mode), *sign,
                   os.path.join(t.top, "act%d" % t.files))
    expect("an unknown member", 2, submit(order(colour="red")), "colour")
    expect("a wrong type", 2, submit(order(scope=7)), "scope")
    expect("an id with a slash", 2, submit(order(id="w/1")), "id")
    expect("a month 13", 2, submit(order(**{"from": "2026-13-01T00:00:00Z"})),
           "from", "2026-11-22T10:00:00Z")
    expect("a word for a time", 2, submit(order(until="tomorrow")), "until",
           "2026-11-22T10:00:00Z")
    expect("a number with two readings", 2, submit(order(targets=[[
        {"kind": "e164Number", "value": "+4915"}]])), "e164Number")
    expect("half a document", 2, submit(order()[:40]), "JSON")
    expect("an empty document", 3, submit(""), "empty")
    expect("a binary document", 2, submit(os.urandom(3000), "wb"), "JSON")
    expect("ten megabytes", 3, submit("x" * 10000000), "larger than")
    expect("no document", 3, t.v("warrant", "submit", t.top + "/none", *sign,
           t.top + "/none.act"), "No such file")
    expect("an unknown element", 1, submit(order(elements=["ne-77"])),
           "refused", "finding")
    expect("neither --keep nor --out", 2, t.v("warrant", "submit",
           t.file(order()), "--sign", t.key("intake-1")), "--keep")


def warrant(t):
    doc, act = t.file(order()), os.path.join(t.top, "w-1.act")
    expect("submitted by an approver", 1, t.v("warrant", "submit", doc,
           "--sign", t.key("approver-1"), "--keep", act + "x"), "role")
    expect("submit", 0, t.v("warrant", "submit", doc, "--sign",
           t.key("intake-1"), "--keep", act), "kept as entry", "revision")
    approve = ("warrant", "approve", "w-1", "--act", act, "--sign")
    other = t.file(order(targets=[[{"kind": "e164Number",
                                    "value": NUMBER[:-1] + "9"}]]))
    expect("another document, one digit wrong", 0, t.v("warrant", "submit",
           other, "--sign", t.key("intake-1"), "--out", act + "2"))
    expect("is not what was submitted", 1, t.v("--yes", "warrant", "approve",
           "w-1", "--act", act + "2", "--sign", t.key("approver-1")),
           "not in the log")
    lines = open(act).read().split("\n")
    forged = t.file("\n".join(lines[:2] + lines[3:]))
    expect("an act file with a value taken out", 3, t.v("--yes", "warrant",
           "approve", "w-1", "--act", forged, "--sign", t.key("approver-1")),
           "_sd")
    expect("without the act file", 2, t.v("warrant", "approve", "w-1",
           "--sign", t.key("approver-1")), "--act")
    expect("of another warrant", 1, t.v("--yes", "warrant", "approve", "w-2",
           "--act", act, "--sign", t.key("approver-1")), "w-2")
    expect("no terminal to ask at", 3, t.v(*approve, t.key("approver-1")),
           "--yes")
    by = ("-C", t.dir, *approve, t.key("approver-1"))
    typed("a person says no", 1, [("[yes/no]", "no")], by, NUMBER)
    expect("by the clerk", 1, t.v("--yes", *approve, t.key("intake-1")),
           "role")
    r = typed("a person reads, and says yes", 0, [("[yes/no]", "yes")], by,
              NUMBER, "kept as entry") or \
        expect("the same without being asked", 0, run("--yes", *by), NUMBER,
               "kept as entry")
    ok("Court\\u{202E}X\\u{1B}[31m" in r.stdout and "\x1b" not in r.stdout,
       "what another wrote is shown escaped", r)
    expect("once is enough", 1, t.v("--yes", *approve, t.key("approver-2")),
           "approved")
    expect("warrant list", 0, t.v("warrant", "list"), "w-1", "live")
    w = t.json("warrant", "show", "w-1")[0]
    ok(w["revisions"][0]["standing"] == "live", "warrant show --json: %s" % w)
    expect("no such warrant", 1, t.v("warrant", "show", "w-9"), "w-9")
    expect("nothing to revoke", 1, t.v("warrant", "revoke", "w-9", "--sign",
           t.key("intake-1")), "w-9")


def commands(t):
    admf = ("sim", "admf", "-C", t.at("admf"), "--id", "ne-1")
    expect("a destination", 0, t.v(*admf, "create-destination", DID,
           "ipv4:192.0.2.10:tcp:42069"), "Completed")
    tail = ("--did", DID, "--deliver", "X2Only")
    expect("a covered task", 0, t.v(*admf, "activate", XID, "e164Number=" +
           NUMBER, *tail), "Completed")
    r = expect("a task under no order", 1, t.v(*admf, "activate", XID2,
               "e164Number=" + NUMBER[:-1] + "9", *tail), "not authorised")
    entry = re.search(r"entry (\d+)", r.stdout).group(1)
    expect("why it was refused", 0, t.v("why", entry), "task.cover.none",
           "no warrant in force")
    expect("why the other passed", 0, t.v("why", XID),
           "covered by warrant w-1", "outcome")
    ok([e["kind"] for e in t.json("why", XID)] == ["command", "outcome"],
       "why --json")
    expect("why of a holder", 1, t.v("why", "5"), "not a command")
    expect("why beyond the log", 1, t.v("why", "99999999"), "entries")
    expect("why of nonsense", 2, t.v("why", "zz"), "XID")
    expect("why of an unknown XID", 1, t.v("why", XID[:-1] + "9"), "no command")
    expect("revoke", 0, t.v("warrant", "revoke", "w-1", "--sign",
           t.key("intake-1"), "--reason", "lifted"), "kept")
    ok(t.wait(lambda: "end held by gate-1" in
              t.v("warrant", "show", "w-1").stdout),
       "warrant show: which gate holds the end")
    expect("a stop", 0, t.v(*admf, "deactivate", XID), "Completed")


def acts(t, k):
    one, two = t.key("overseer-1"), t.key("overseer-2")
    act = os.path.join(t.top, "x.act")
    add = ("holder", "add", "x-1", "--role", "reader", "--public", k,
           "--name", "N", "--sign", one)
    expect("an id with a slash", 2, t.v("holder", "add", "x/1", *add[3:]),
           "id")
    expect("a role that is none", 2, t.v(*[w if w != "reader" else "boss"
           for w in add]), "boss")
    expect("a role that no process has", 2, t.v("instance", "add", "g-2",
           "--role", "boss", "--public", k), "boss", "keeper gate auditor")
    for verb in (add[:7], add[:3], ("instance", "add", "g-2", "--role",
                 "gate"), ("finding", "close", "1"), ("sign", act),
                 ("genesis", act)):
        r = t.v(*verb)
        ok(r.returncode == 2 and re.search("custos: .*: --[a-z-]+ is missing\n"
           "usage:", r.stderr), "what is missing is named: " +
           " ".join(verb[:2]), r)
    expect("one overseer alone", 1, t.v(*add), "1 of 2")
    expect("neither signature nor file", 2, t.v(*add[:-2]), "--sign")
    expect("the same key twice", 3, t.v(*add, "--sign", one), "already")
    expect("kept in a file", 0, t.v(*add, "--out", act), "1 signature")
    expect("not into a file that is there", 2, t.v(*add, "--out", act),
           "already")
    ok(os.stat(act).st_mode & 0o777 == 0o600, "an act file is its owner's")
    expect("signed by the other", 0, t.v("--yes", "sign", act, "--key", two),
           "x-1", "reader", "2 signatures")
    expect("submitted", 0, t.v("submit", act), "kept as entry")
    expect("once more is the same entry", 0, t.v("submit", act), "kept")
    change = os.path.join(t.top, "y.act")
    expect("a change", 0, t.v("holder", "change", *add[2:], "--out", change))
    expect("revoked by one meanwhile", 0, t.v("holder", "revoke", "x-1",
           "--sign", one), "kept")
    t.v("--yes", "sign", change, "--key", two)
    expect("a stale act", 1, t.v("submit", change), "seq", "--renew")
    expect("renewed", 0, t.v("--yes", "sign", change, "--key", two,
           "--renew"), "1 signature")
    expect("an act file that is none", 1, t.v("submit", t.file("x\n")),
           "JSON")
    expect("signing what is no act", 3, t.v("--yes", "sign", t.file("x\n"),
           "--key", one), "no act file", "JSON")
    expect("a gate that is not there", 3, t.v("submit", act, "--gate",
           t.top + "/none.sock"), "running")
    expect("a rule that is none", 2, t.v("policy", "set", "x=1", "--sign",
           one), "policy show")
    expect("a rule out of range", 2, t.v("policy", "set", "container=0",
           "--sign", one), "container")
    expect("policy set", 0, t.v("policy", "set", "container=16", "--sign",
           one, "--sign", two), "kept")
    ok(t.json("policy", "show")[0]["container"] == 16, "policy show --json")
    expect("an element of no kind", 2, t.v("element", "add", t.file(
        '{"id":"x","kind":"box"}'), "--sign", one), "kind")
    expect("retired by one", 0, t.v("element", "retire", "ne-2", "--sign",
           one), "kept")
    expect("an element that is none", 1, t.v("element", "show", "ne-77"),
           "ne-77")
    ok({e["id"]: e["live"] for e in t.json("element", "list")}["ne-2"] is
       False, "element list --json")
    ok(len(t.json("holder", "list")) == 8 and
       len(t.json("instance", "list")) == 3, "holder and instance --json")


def findings(t):
    auditor = ("--sign", t.key("auditor-1"))
    open_ = [f for f in t.json("finding", "list") if
             f["type"] == "act.refused"]
    ok(len(open_) > 3, "refused acts are findings")
    f = open_[0]["id"]
    expect("note", 0, t.v("finding", "note", f, "--reason", "asked",
           *auditor), "kept")
    expect("close without a reason", 2, t.v("finding", "close", f, *auditor),
           "--reason")
    expect("closed by an approver", 1, t.v("finding", "close", f, "--reason",
           "r", "--sign", t.key("approver-1")), "role")
    expect("close", 0, t.v("finding", "close", f, "--reason", "a trial",
           *auditor), "kept")
    expect("closed once", 1, t.v("finding", "close", f, "--reason", "r",
           *auditor), "closed")
    expect("never deleted", 0, t.v("finding", "show", f), "closed")
    ok(f not in [x["id"] for x in t.json("finding", "list")] and
       f in [x["id"] for x in t.json("finding", "list", "--all")],
       "finding list, and --all")
    expect("no such finding", 1, t.v("finding", "show", "3"), "no finding")
    expect("no index", 2, t.v("finding", "show", "abc"), "abc")


def the_log(t):
    copy = os.path.join(t.top, "copy")
    # The checkpoint first: the log is being written.
    os.mkdir(copy)
    shutil.copy(t.at("keeper/log/checkpoint"), copy)
    shutil.copytree(t.at("keeper/log/journal"), copy + "/journal")
    genesis = open(t.at("genesis")).read().strip()
    log = ("--log", copy)
    expect("log show of a range", 0, t.v("log", "show", "0-1"), "genesis")
    expect("backwards", 2, t.v("log", "show", "3-1"), "before it begins")
    expect("beyond the end", 1, t.v("log", "show", "99999999"), "entries")
    expect("a proof", 0, t.v("log", "prove", "1"), "tlog-proof")
    expect("a proof of what is not there", 1, t.v("log", "prove",
           "99999999"), "99999999")
    expect("follow takes no word", 2, t.v("log", "follow", "3"), "3")
    expect("a proof of no entry", 2, t.v("log", "prove", "0-1"), "0-1",
           "index")
    expect("an option of another verb", 2, t.v("log", "verify", "--until",
           "3"), "--until")
    expect("a vault's key without a vault", 2, t.v("log", "verify",
           "--vault-key", "x"), "--vault DIR")
    expect("a vault, and not to look into it", 2, t.v("log", "verify",
           "--hashes", "--vault", t.at("keeper/vault")), "--hashes")
    expect("verify", 0, run("log", "verify", *log, "--genesis", genesis),
           "holds:", "what is sealed was not looked at")
    expect("verify in full", 0, run("log", "verify", *log, "--genesis",
           genesis, "--vault", t.at("keeper/vault"), "--vault-key",
           t.at("keeper/keys/vault.key")), "decisions made again")
    expect("another genesis", 1, run("log", "verify", *log, "--genesis",
           "0" * 64), "FAILED")
    expect("half a genesis", 2, run("log", "verify", *log, "--genesis",
           "12"), "64")
    expect("a wrong vault key", 3, run("log", "verify", *log, "--vault",
           t.at("keeper/vault"), "--vault-key", t.at("gate/keys/spool.key")),
           "key")
    expect("a log that is none", 3, run("log", "verify", "--log",
           t.top + "/none"), "--log")
    expect("export", 0, run("log", "export", t.top + "/tiles", *log),
           "checkpoint")
    ok(os.path.exists(t.top + "/tiles/checkpoint"), "the tiles are there")


def processes(t, all_of_them):
    expect("the same folder twice", 3, run("run", "--all", t.dir),
           "in use by pid")
    expect("the same home twice", 3, run("run", t.at("keeper")),
           "in use by pid")
    expect("check says so", 1, run("check", t.at("gate")), "in use by pid")
    expect("a folder without homes", 3, run("run", "--all", t.top + "/tiles"),
           "no home")
    os.makedirs(t.top + "/odd/custos.yaml")
    expect("a configuration that is a folder", 1, run("check", t.top + "/odd"),
           "custos.yaml", "directory")
    for i in range(17):
        shutil.copytree(t.at("admf"), "%s/many/%d" % (t.top, i))
    expect("more homes than run together", 3, run("run", "--all",
           t.top + "/many"), "more than 16")
    expect("the home of another role", 3, run("-C", t.at("gate"), "status"),
           "gate", "keeper")
    r = t.v("status")
    ok(r.returncode in (0, 1) and r.stdout.startswith("TRIAL") and
       "not seen" in r.stdout, "status says what it is and does not see", r)
    s = t.json("status")[0]
    ok(s["trial"] is True and {e["id"]: e["level"] for e in
       s["elements"]}["ne-1"] == 3, "status --json")
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)),
                           "../../SECURITY.md")) as f:
        blind = re.findall(r"(?m)^\* (.*)", re.search(
            r"## Blind rows\n(.*?)\n## ", f.read(), re.S)[1])
    ok(len(blind) == len(s["not_seen"]) and all(
        a.startswith(b) and b in r.stdout for a, b in zip(
            blind, s["not_seen"])), "status and SECURITY.md: one list", r)
    for out in (t.v("finding", "list"), t.v("status"), t.v("warrant", "list")):
        ok("\x1b" not in out.stdout, "no colour in a pipe", out)
    all_of_them.send_signal(signal.SIGTERM)
    ok(all_of_them.wait(20) == 0, "run --all ends in order")
    expect("the keeper is away", 3, t.v("holder", "revoke", "intake-1",
           "--sign", t.key("overseer-1")), "is it running")
    r = t.v("status")
    ok("DOES NOT ANSWER" in r.stdout, "status says so", r)
    expect("the log is read all the same", 0, t.v("log", "show", "0"))
    expect("check of all", 0, run("check", t.dir), "nothing stands against")
    conf = t.at("gate/custos.yaml")
    text = open(conf).read()
    with open(conf, "w") as f:
        f.write(text + "colour: red\n")
    expect("an unknown setting", 1, run("check", t.at("gate")),
           "line %d" % (text.count("\n") + 1), "colour")


def main():
    print("TAP version 13")
    helps()
    t = Trial(tempfile.mkdtemp(prefix="cu-", dir="/tmp"))
    r = run("init", t.dir, "--trial")
    expect("init --trial", 0, r, "genesis", "custos run --all")
    ok(len(r.stdout.splitlines()) <= 4, "and is short", r)
    expect("not into a folder that is full", 3, run("init", t.dir, "--trial"),
           "not empty")
    expect("init of nothing", 2, run("init", t.top + "/x"), "--trial")
    everything = subprocess.Popen([CUSTOS, "run", "--all", t.dir],
                                  stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
    try:
        ok(t.wait(lambda: all(i["heard"] for i in t.json("instance", "list")),
                  30), "everything runs")
        k = keys(t)
        documents(t)
        warrant(t)
        commands(t)
        acts(t, k)
        findings(t)
        the_log(t)
        processes(t, everything)
    finally:
        if everything.poll() is None:
            everything.terminate()
            everything.wait(20)
        shutil.rmtree(t.top, ignore_errors=True)
    print("1..%d" % count)
    return 1 if bad else 0


sys.exit(main())
