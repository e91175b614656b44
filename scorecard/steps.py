"""scorecard/steps.py: what the lines of a row do.

A row is a story: each line is a step, and a row shows what it expects only if
every step went as it says.  README.md lists the steps for who writes rows.
"""
import datetime
import glob
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import threading
import time

import forge
import hostile
from log_bytes import Bad, time_us
from log_words import seed_of
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey)

MDF = "ipv4:192.0.2.10:tcp:42069"           # registered, as trials have it
ELSEWHERE = "ipv4:198.51.100.66:tcp:42069"  # nobody's
SECONDS = {"ms": 0.001, "s": 1, "min": 60, "h": 3600, "d": 86400}


class Missed(Exception):
    """A step did not go as the row says: the attack was not seen so."""


def seconds(text):
    m = re.fullmatch(r"([+-]?)(\d+)(ms|s|min|h|d)", text)
    if m is None:
        raise Missed("not a time: " + text)
    return (-1 if m[1] == "-" else 1) * int(m[2]) * SECONDS[m[3]]


def need(ok, why):
    if not ok:
        raise Missed(why)


def tail(text, n=300):
    return " ".join(text.split())[-n:]


def option(words, name, default=None):
    """Take `name value` out of the words."""
    if name not in words:
        return default
    i = words.index(name)
    value = words[i + 1]
    del words[i:i + 2]
    return value


class Row:
    """One row on one trial: its names, what it did last, what it saw."""

    def __init__(self, trial, row):
        self.t, self.row = trial, row
        n = row.attack
        self.names = {"mdf": MDF, "elsewhere": ELSEWHERE, "dir": trial.dir,
                      "genesis": trial.genesis, "other": "n-%d" % n}
        for i in range(1, 6):
            self.names["xid%d" % i] = \
                "%08d-0000-4000-8000-%012d" % (n, i)
            self.names["did%d" % i] = \
                "%08d-0000-4000-9000-%012d" % (n, i)
            self.names["number%d" % i] = "49151%03d%04d" % (n, i)
            self.names["w%d" % i] = "w%d-%d" % (n, i)
        self.begin = time.monotonic()
        self.begin_us = time.time_ns() // 1000
        self.began = self.begin_us      # of the last thing that was done
        self.first = len(trial.entries()) if trial.process.get(
            "keeper") else 0
        self.code, self.out = 0, ""     # of it
        self.spoke = {}                 # how much each process had said
        for name in trial.process:
            log = trial.path(name, "run", "log")
            if os.path.exists(log):
                self.spoke[name] = os.path.getsize(log)
        self.saw, self.took = [], None
        self.ends = {}                  # of the orders' windows
        self.waiting = None             # a request in the background
        self.findings = set()           # entries that the row expected

    # -- running --

    def go(self):
        for line, text in self.row.steps:
            words = [self.fill(w) for w in shlex.split(text)]
            verb = getattr(self, "do_" + words[0].replace("-", "_"), None)
            need(verb is not None, "line %d: unknown step" % line)
            try:
                verb(words[1:])
            except Missed as bad:
                raise Missed("line %d, %s: %s" % (line, text, bad))

    def fill(self, word):
        return re.sub(r"\$([a-z]+[0-9]*)",
                      lambda m: str(self.names[m[1]]), word)

    def done(self, code, out):
        self.code, self.out = code, out

    def act(self):
        self.began = time.time_ns() // 1000

    def note(self, text, us=None):
        """Something that the row is about was seen."""
        self.saw.append(text)
        at = (us if us is not None else time.time_ns() // 1000) - self.began
        self.took = max(self.took or 0, at / 1e6, 0)

    def until(self, limit, look):
        end = time.monotonic() + limit
        while True:
            got = look()
            if got:
                return got
            if time.monotonic() > end:
                return None
            time.sleep(0.1)

    # -- orders and people --

    def moment(self, text):
        t = datetime.datetime.now(datetime.timezone.utc) + \
            datetime.timedelta(seconds=seconds(text))
        return t.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def do_order(self, words):
        """order ID [from T] [until T] [scope S] [elements A,B] [services S,T]
        [submitted-only] target KIND=VALUE[&KIND=VALUE]..."""
        ident, words = words[0], words[1:]
        start = option(words, "from", "-1s")
        until = option(words, "until", "+1h")
        doc = {"id": ident, "kind": "ordinary", "authority": "District Court",
               "reference": "12 Gs 34/26", "legal_basis": "s. 100",
               "from": self.moment(start), "until": self.moment(until),
               "scope": option(words, "scope", "iri"), "liid": "LIID-" + ident,
               "elements": option(words, "elements", "ne-1,ne-2").split(","),
               "deliver_to": ["lemf-1"], "targets": []}
        services = option(words, "services")
        if services:
            doc["services"] = services.split(",")
        submitter = option(words, "by", "intake-1")
        only = "submitted-only" in words
        for word in words:
            if "=" in word:
                doc["targets"].append(
                    [dict(zip(("kind", "value"), m.split("=", 1)))
                     for m in word.split("&")])
        self.ends[ident] = time.time() + seconds(until)
        path = self.t.path(ident + ".json")
        with open(path, "w") as f:
            json.dump(doc, f)
        self.done(*self.t.custos("warrant", "submit", path, "--sign",
                                 "@holders/%s.key" % submitter, "--keep",
                                 "@%s.act" % ident))
        need(self.code == 0, "submit: " + tail(self.out))
        if not only:
            self.do_approve([ident, "by", "approver-1"])
            need(self.code == 0, "approve: " + tail(self.out))

    def do_approve(self, words):
        """approve ID by HOLDER [keep FILE]"""
        ident, by, keep = words[0], option(words, "by"), option(words, "keep")
        more = ["--out", "@" + keep] if keep else []
        self.act()
        self.done(*self.t.custos("warrant", "approve", ident, "--act",
                                 "@%s.act" % ident, "--sign",
                                 "@holders/%s.key" % by, *more))

    def do_people(self, words):
        """people VERB...: any verb of custos, signed with --sign"""
        out = []
        for w in words:
            if w == "by-quorum":
                out += self.t.quorum()
            else:
                out.append(w)
        self.act()
        self.done(*self.t.custos(*out))

    def do_kept(self, words):
        need(self.code == 0, "not kept: " + tail(self.out))

    def do_says_no(self, words):
        """says-no TEXT: refused, and the answer holds TEXT"""
        need(words, "for which reason?")
        need(self.code == 1, "exit %d: %s" % (self.code, tail(self.out)))
        text = " ".join(words)
        need(text in self.out, "not said: %s; but: %s" % (text,
                                                         tail(self.out)))
        self.note("refused: " + text)

    def do_says(self, words):
        text = " ".join(words)
        need(text in self.out, "not said: %s; but: %s" % (text,
                                                         tail(self.out)))

    def do_tamper(self, words):
        """tamper FILE NEW from A to B: another text under the signatures"""
        old, new = option(words, "from"), option(words, "to")
        with open(self.t.path(words[0])) as f:
            lines = f.read().split("\n")
        head = json.loads(lines[0])
        lines[1] = lines[1].replace(old, new)
        head = head.replace(old, new)
        head = re.sub(r"payload [0-9a-f]{64}", "payload " + forge.sha(
            lines[1].encode()).hex(), head)
        lines[0] = json.dumps(head)
        with open(self.t.path(words[1]), "w") as f:
            f.write("\n".join(lines))

    def do_rewrite(self, words):
        """rewrite FILE NEW from A to B: a text with another word in it"""
        old, new = option(words, "from"), option(words, "to")
        with open(self.t.path(words[0])) as f:
            text = f.read()
        need(old in text, "no %s in it" % old)
        with open(self.t.path(words[1]), "w") as f:
            f.write(text.replace(old, new))

    # -- elements and requesters --

    def do_element(self, words):
        """element NE WORD...: what is done to it behind its X1"""
        self.act()
        code, out = self.t.tell(words[0], *words[1:])
        need(code == 0, tail(out))

    def holds(self, ne, xid):
        code, out = self.t.tell(ne, "list")
        need(code == 0, tail(out))
        return ("task " + xid) in out

    def do_holds(self, words):
        need(self.holds(words[0], words[1]), "it does not")

    def do_lacks(self, words):
        need(not self.holds(words[0], words[1]), "it holds it")

    def do_destination(self, words):
        """destination NE DID: an honest one, to the mediation function"""
        code, out = self.t.admf(words[0], "create-destination", words[1], MDF)
        need(code == 0, tail(out))

    def do_task(self, words):
        """task NE XID KIND=VALUE... --did DID...: must pass"""
        self.do_admf([words[0], "activate"] + words[1:])
        need(self.code == 0, tail(self.out))

    def do_admf(self, words):
        """admf NE WORD...: through the gate"""
        for w in words:
            if re.fullmatch(r"[0-9a-f-]{36}", w):
                self.names["subject"] = w
                break
        self.act()
        if words[-1] == "&":
            args = words[:-1]
            self.waiting = threading.Thread(
                target=lambda: self.done(*self.t.admf(*args)))
            self.waiting.start()
            return
        if "--then" not in words and words[1] in ("activate", "modify") and \
                "--deliver" not in words:
            words = words + ["--deliver", "X2Only"]
        self.done(*self.t.admf(*words))

    def do_around(self, words):
        """around NE WORD...: with the gate's own key, past the gate"""
        url = "https://127.0.0.1:%d/X1/NE" % self.t.port(words[0])
        self.act()
        self.done(*self.t.admf(words[0], *words[1:], home="gate", url=url,
                               ident="admf-1"))

    def do_answered(self, words):
        need(self.waiting is not None, "nothing waits")
        self.waiting.join(30)
        need(not self.waiting.is_alive(), "no answer in 30 s")

    def do_passes(self, words):
        need(self.code == 0, "exit %d: %s" % (self.code, tail(self.out)))

    def do_fails(self, words):
        """fails: it did not pass, whatever came back"""
        need(self.code != 0, "it passed: " + tail(self.out))
        self.note("not passed")

    def do_refused(self, words):
        """refused [RULE]: by the gate, for a reason that only the log tells"""
        need(self.code == 1, "exit %d: %s" % (self.code, tail(self.out)))
        m = re.search(r"\(entry (\d+)\)", self.out)
        if m is None and not words:
            self.note("refused")
            return
        if m is not None:
            index = int(m[1])
        else:
            index = max(e["index"] for e in self.t.entries()
                        if e["kind"] == "command")
        e = self.t.entries()[index]
        need(e["kind"] == "command" and e["decision"] == "refused" and
             e["us"] >= self.began - 1000000, "entry %d is no such refusal" %
             index)
        self.names["entry"] = index
        need(not words or e["rule"] == words[0], "by rule " + e["rule"])
        self.note("refused by %s" % e["rule"], e["us"])

    def do_not_sent(self, words):
        """not-sent XID [WHY]: the log says that it never left"""
        def look():
            es = self.t.entries()
            mine = {str(e["index"]) for e in es[self.first:]
                    if e["kind"] == "command" and
                    e["words"]["xid"] == words[0] and
                    e["words"]["type"] == "ActivateTask"}
            return [e for e in es if e["kind"] == "outcome" and
                    e["words"]["command"] in mine]
        got = self.until(15, look)
        need(got, "no outcome")
        w = got[-1]["words"]
        need(w["what"] == "not sent", "outcome: %s %s" % (w["what"], w["why"]))
        need(len(words) < 2 or w["why"] == " ".join(words[1:]), "why: %s" %
             w["why"])
        self.note("not sent: %s" % w["why"], got[-1]["us"])

    def do_commanded(self, words):
        """commanded XID: its activation stands in the log"""
        need(self.until(10, lambda: [
            e for e in self.t.entries()[self.first:] if
            e["kind"] == "command" and e["words"]["xid"] == words[0] and
            e["words"]["type"] == "ActivateTask"]), "no such command")

    def do_asked(self, words):
        """asked NE...: until the auditor has its whole answer of from now on"""
        for ne in words:
            since = time.time_ns() // 1000
            elements = self.t.element(ne)

            def look():
                for e in self.t.entries()[self.first:]:
                    if e["kind"] == "round":
                        for r in e["words"]["rows"]:
                            if r[0] in elements and \
                                    time_us(r[3]) > since:
                                return True
                    if e["kind"] == "snapshot":
                        w = e["words"]
                        if w["element"] in elements and w["complete"] and \
                                time_us(w["asked"]) > since:
                            return True
                return False
            need(self.until(25, look), "%s was not asked in 25 s" % ne)

    # -- findings --

    def finding(self, e, kind, where, name):
        return (e["kind"] == "finding" and e.get("verb") == "open" and
                e["type"] == kind and
                (where is None or (e["element"] in self.t.element(where)) or
                 where == e["instance"]) and
                (name is None or name in (e["xid"], e["did"], e["holder"])))

    def do_finding(self, words):
        """finding TYPE [on NE] [of XID|DID] [within T]"""
        where, name = option(words, "on"), option(words, "of")
        limit = seconds(option(words, "within", "20s"))
        got = self.until(limit, lambda: [
            e for e in self.t.entries()[self.first:]
            if e["index"] not in self.findings and
            self.finding(e, words[0], where, name)])
        need(got, "no such finding within %gs" % limit)
        self.findings |= {e["index"] for e in got}
        self.note("%s (entry %d)" % (words[0], got[0]["index"]), got[0]["us"])

    def do_stands(self, words):
        """stands TYPE [on NE]: one is open, of this row or of a former"""
        where = option(words, "on")
        got = self.until(5, lambda: [e for e in self.t.entries()
                                     if self.finding(e, words[0], where,
                                                     None)])
        need(got, "no such finding")
        self.findings |= {e["index"] for e in got}
        self.saw.append("%s stands (entry %d)" % (words[0],
                                                  got[-1]["index"]))

    def do_no_finding(self, words):
        """no-finding TYPE [on NE] [for T]"""
        where = option(words, "on")
        time.sleep(seconds(option(words, "for", "0s")))
        bad = [e for e in self.t.entries()[self.first:]
               if self.finding(e, words[0], where, None)]
        need(not bad, "there is one: entry %d" %
             (bad[0]["index"] if bad else 0))

    def do_late(self, words):
        """late XID [within T]: the log took in what left without it"""
        limit = seconds(option(words, "within", "20s"))
        got = self.until(limit, lambda: [
            e for e in self.t.entries()[self.first:] if e["kind"] == "late" and
            e["words"]["xid"] == words[0]])
        need(got, "no late within %gs" % limit)
        self.note("late (entry %d)" % got[0]["index"])

    # -- processes --

    def do_wait(self, words):
        time.sleep(seconds(words[0]))

    def do_window_ends(self, words):
        """window-ends ID: wait for the end of an order's window"""
        left = self.ends[words[0]] - time.time()
        need(left < 60, "that is in %d s" % left)
        time.sleep(max(0, left) + 0.1)
        self.act()

    def do_kill(self, words):
        self.act()
        self.t.stop(words[0], signal.SIGKILL)

    def do_stop(self, words):
        for w in words:
            self.t.stop(w)

    def do_start(self, words):
        self.act()
        for w in words:
            self.t.start(w)

    def do_all_up(self, words):
        for name in ("keeper", "gate", "auditor"):
            p = self.t.process.get(name)
            if p is None or p.poll() is not None:
                self.t.process.pop(name, None)
                self.t.start(name)
        self.t.ready()

    def do_ends(self, words):
        """ends NAME [saying TEXT] [within T]: by itself, with an error"""
        limit = seconds(option(words, "within", "15s"))
        p = self.t.process[words[0]]
        try:
            code = p.wait(limit)
        except subprocess.TimeoutExpired:
            raise Missed("it still runs")
        del self.t.process[words[0]]
        said = self.t.said(words[0])
        need(code == 3, "exit %d: %s" % (code, tail(said)))
        if len(words) > 1 and words[1] == "saying":
            text = " ".join(words[2:])
            need(text in said, "it said: " + tail(said))
        self.note("%s does not run: %s" % (words[0],
                                           tail(said.split("\n")[-1], 120)))

    def do_set(self, words):
        """set HOME NAME VALUE: in its custos.yaml"""
        self.t.set(words[0], words[1], words[2])

    def do_clock(self, words):
        """clock T: the keeper's clock is wrong by so much from now on"""
        self.act()
        self.t.step(seconds(words[0]))

    def do_evil(self, words):
        """evil WORD...: what the keeper between gate and keeper does"""
        self.act()
        self.t.whisper(" ".join(words))

    def inject(self, make, *args):
        """The next entry that the gate gets is ours, and it is the last."""
        self.t.whisper("stall")
        time.sleep(0.3)             # what was under way is held by now
        size = self.t.whisper("stall")
        path = self.t.path("forged.entry")
        with open(path, "wb") as f:
            f.write(make(self.t.path("keeper", "log"), self.t.origin, *args,
                         Ed25519PrivateKey.generate(), size))
        self.act()
        self.t.whisper("inject " + path)

    def do_evil_approval(self, words):
        """evil-approval ID: it streams an approval that nobody gave"""
        self.inject(forge.approval, words[0], self.key_id("approver-2"))

    def do_evil_snapshot(self, words):
        """evil-snapshot NE: it streams an answer that no auditor gave"""
        self.inject(forge.snapshot, words[0])

    def do_process_says(self, words):
        """process-says NAME TEXT [within T]: in what it writes as it runs"""
        limit = seconds(option(words, "within", "10s"))
        text = " ".join(words[1:])

        def look():
            with open(self.t.path(words[0], "run", "log"),
                      errors="replace") as f:
                f.seek(self.spoke.get(words[0], 0))
                return [line for line in f if text in line]
        got = self.until(limit, look)
        need(got, "it says: " + tail(self.t.said(words[0])))
        self.note(tail(got[0], 120))

    # -- the log on disk --

    def key_id(self, holder):
        with open(self.t.path("holders", holder + ".key")) as f:
            return json.load(f)["id"]

    def log_key(self):
        with open(self.t.path("keeper", "keys", "log.key"), "rb") as f:
            return Ed25519PrivateKey.from_private_bytes(
                seed_of(f.read(), None))

    def do_copy(self, words):
        """copy NAME: of the keeper's log"""
        self.done(0, "")
        for _ in range(20):
            forge.copy(self.t.path("keeper", "log"), self.t.path(words[0]))
            try:        # a copy of a running log may end within a batch
                self.names["size"] = len(forge.entries(
                    self.t.path(words[0]), self.t.origin))
                return
            except Bad:
                time.sleep(0.1)
        raise Missed("no whole copy")

    def do_save(self, words):
        """save NAME: log and vault of the stopped keeper"""
        for part in ("log", "vault"):
            forge.copy(self.t.path("keeper", part),
                       self.t.path(words[0] + "-" + part))

    def do_restore(self, words):
        for part in ("log", "vault"):
            forge.copy(self.t.path(words[0] + "-" + part),
                       self.t.path("keeper", part))

    def place(self, name):
        return self.t.path("keeper", "log") if name == "keeper" else \
            self.t.path(name)

    def do_alter(self, words):
        """alter NAME: one byte of a command's entry"""
        log = self.place(words[0])
        es = forge.entries(log, self.t.origin)
        index = max(i for i, e in enumerate(es) if e["kind"] == "command")
        self.act()
        self.names["entry"] = forge.flip_entry(log, self.t.origin, index)

    def do_forge_approval(self, words):
        """forge-approval NAME ID: appended, committed, under a signed head"""
        log = self.place(words[0])
        self.act()
        self.names["entry"] = forge.append(
            log, self.t.origin, self.log_key(), forge.approval(
                log, self.t.origin, words[1], self.key_id("approver-2"),
                Ed25519PrivateKey.generate()))

    def do_forge_snapshot(self, words):
        """forge-snapshot NAME NE"""
        log = self.place(words[0])
        self.act()
        self.names["entry"] = forge.append(
            log, self.t.origin, self.log_key(), forge.snapshot(
                log, self.t.origin, words[1], Ed25519PrivateKey.generate()))

    def do_spoil_sealed(self, words):
        log = self.place(words[0])
        self.act()
        self.names["entry"] = forge.spoil_sealed(
            log, self.t.origin, forge.sealed(log, self.t.origin))

    def do_damage_commit(self, words):
        self.act()
        self.names["position"] = forge.damage_commit(
            self.place(words[0]), self.t.origin)
        self.names["digest"] = digest_of(self.place(words[0]))

    def do_unchanged(self, words):
        """unchanged NAME: nothing was cut or mended behind our back"""
        need(digest_of(self.place(words[0])) == self.names["digest"],
             "its segments are others now")

    def do_cut_tail(self, words):
        """cut-tail NAME N: its last N batches, and what remembers them"""
        self.act()
        forge.cut_tail(self.place(words[0]), self.t.origin, int(words[1]))

    def do_delete(self, words):
        """delete NAME ID: the approval of that order never was"""
        log = self.place(words[0])
        self.act()
        self.names["entry"] = forge.delete(
            log, self.t.origin, self.log_key(), max(
                e["index"] for e in self.t.entries() if e["kind"] == "warrant"
                and e["act"]["subject"] == "warrant/" + words[1]))

    def do_note_of_gate(self, words):
        """note-of-gate NAME: the head it knows is that log's checkpoint"""
        with open(self.t.path("gate", "notebook")) as f:
            note = json.loads(f.readline())["note"]
        with open(os.path.join(self.place(words[0]), "checkpoint"), "w") as f:
            f.write(note)

    def do_verified(self, words):
        """verified NAME: by both programs, with the vault"""
        code, out = self.t.verify(self.place(words[0]))
        need(code == 0, "custos: " + tail(out))
        code, out = self.t.second(self.place(words[0]))
        need(code == 0, "verify.py: " + tail(out))

    def do_names_entry(self, words):
        """names-entry NAME [by-vault]: both verifiers name $entry"""
        vault = "by-vault" in words
        for who, (code, out) in (
                ("custos", self.t.verify(self.place(words[0]), vault)),
                ("verify.py", self.t.second(self.place(words[0]), vault))):
            need(code == 1, "%s: exit %d: %s" % (who, code, tail(out)))
            need(re.search(r"entry %d\b" % self.names["entry"], out),
                 "%s names another: %s" % (who, tail(out)))
        self.note("both verifiers name entry %d" % self.names["entry"])

    def do_fails_with(self, words):
        """fails-with NAME TEXT[|TEXT]: both verifiers find the log wanting,
        and say one of these"""
        text = " ".join(words[1:])
        for who, (code, out) in (
                ("custos", self.t.verify(self.place(words[0]))),
                ("verify.py", self.t.second(self.place(words[0])))):
            need(code == 1 and re.search(text, out), "%s: exit %d: %s" %
                 (who, code, tail(out)))
            self.note("%s: %s" % (who, tail(out.split("\n")[0], 100)))

    # -- bytes on the wire --

    def do_hostile(self, words):
        """hostile NE XID DID NUMBER by RULE KIND...: each is refused by that
        rule, none reaches it"""
        rule = option(words, "by")
        ne, xid, did, number = words[:4]
        url = self.t.port("gate")
        for kind in words[4:]:
            time.sleep(0.2)     # below the rate at which a gate only counts
            body = hostile.make(kind, ne, xid, number, did)
            before = len(self.t.entries())
            self.act()
            status, answer = hostile.post(
                self.t.dir, url, "/X1/NE", self.t.path("admf", "keys",
                "tls.pem"), body, self.t.path("admf", "keys", "tls.key"))
            need(b"OK" not in answer and b"Acknowledged" not in answer,
                 "%s passed: %d %s" % (kind, status, answer[-300:]))
            need(not self.holds(ne, xid), "%s reached the element" % kind)
            got = self.until(5, lambda: [
                e for e in self.t.entries()[before:]
                if e["kind"] == "command" and e["decision"] == "refused"])
            need(got, "%s is not in the log (HTTP %d)" % (kind, status))
            need(got[-1]["rule"] == rule, "%s: refused by %s" %
                 (kind, got[-1]["rule"]))
            self.note("%s: %s" % (kind, rule), got[-1]["us"])

    def do_good(self, words):
        """good NE XID DID NUMBER: what the hostile ones spoil passes unspoilt"""
        ne, xid, did, number = words
        body = hostile.make("good", ne, xid, number, did)
        status, answer = hostile.post(
            self.t.dir, self.t.port("gate"), "/X1/NE",
            self.t.path("admf", "keys", "tls.pem"), body,
            self.t.path("admf", "keys", "tls.key"))
        need(status == 200 and b"Acknowledged" in answer, "HTTP %d %s" %
             (status, answer[-300:]))
        need(self.holds(ne, xid), "it did not arrive")

    def do_stranger(self, words):
        """stranger report|command: with a certificate that nobody registered"""
        pem = self.t.path("stranger.pem")
        hostile.certificate(self.t.dir, "ca.pem", "ca.key", self.urn() +
                            ("NE:ne-9" if words[0] == "report" else
                             "ADMF:admf-9"), pem)
        before = len(self.t.entries())
        if words[0] == "report":
            path, body = "/X1/ADMF", hostile.report("ne-9",
                                                    self.names["xid1"])
        else:
            path = "/X1/NE"
            body = hostile.make("good", "ne-1", self.names["xid1"],
                                self.names["number1"], self.names["did1"])
        self.act()
        status, answer = hostile.post(self.t.dir, self.t.port("gate"), path,
                                      pem, body)
        need(status == 403 and answer == b"", "HTTP %d %s" % (status,
                                                             answer[-200:]))
        got = self.until(5, lambda: [
            e for e in self.t.entries()[before:] if e["kind"] == "command" and
            e["rule"] == "peer.unknown"])
        need(got, "no entry by rule peer.unknown")
        self.note("403, refused by peer.unknown", got[-1]["us"])

    def do_certificate(self, words):
        """certificate NE: it shows one of the trial's CA, but a stranger's"""
        pem = self.t.path("stranger.pem")
        hostile.certificate(self.t.dir, "ca.pem", "ca.key", self.urn() +
                            "NE:ne-9", pem)
        self.do_element([words[0], "certificate", pem])

    def do_no_certificate(self, words):
        """no-certificate: TLS, but nobody says who they are"""
        self.act()
        status, answer = hostile.post(
            self.t.dir, self.t.port("gate"), "/X1/NE", None, hostile.make(
                "good", "ne-1", self.names["xid1"], self.names["number1"],
                self.names["did1"]))
        need(status == 0, "HTTP %d" % status)

    def do_clear_text(self, words):
        """clear-text: HTTP without TLS"""
        self.act()
        with socket.create_connection(("127.0.0.1", self.t.port("gate")),
                                      10) as s:
            s.settimeout(15)
            s.sendall(b"POST /X1/NE HTTP/1.1\r\nContent-Length: 0\r\n"
                      b"Host: x\r\n\r\n")
            try:
                got = s.recv(100)
            except OSError:
                got = b""
        need(not got.startswith(b"HTTP"), "it answered: %r" % got)

    def urn(self):
        """The prefix of the trial's own URNs."""
        with open(self.t.path("ne-1", "keys", "tls.pem"), "rb") as f:
            cert = hostile.x509.load_pem_x509_certificate(f.read())
        san = cert.extensions.get_extension_for_class(
            hostile.x509.SubjectAlternativeName).value
        return [u for u in san.get_values_for_type(
            hostile.x509.UniformResourceIdentifier)][0].rsplit("NE:", 1)[0]


def digest_of(log):
    return forge.sha(*(open(p, "rb").read() for p in sorted(
        glob.glob(os.path.join(log, "journal", "*.seg")))))
