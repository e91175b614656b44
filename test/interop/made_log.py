"""test/interop/made_log.py: a log made by hand, whole or with one lie in it.

It is signed and sealed by its own keys; a lie is told before that, so that
only the check that it is meant for can find it.
"""
import base64
import hashlib
import os
import struct
import sys

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (Encoding,
                                                          PublicFormat)

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import log_bytes as lb                                          # noqa: E402
import log_lines as ll                                          # noqa: E402
import log_said                                                 # noqa: E402
import log_words as lw                                          # noqa: E402
import verify                                                   # noqa: E402

ORIGIN, SEGMENT, BEGIN = "made.example/x1", 1 << 20, 1767322800000000
XID = "b7c5b1c0-6a1e-4f0e-9d2a-0c6d5f1e7a01"
DID = "0d6a9a52-3f0b-4f0d-8a55-6a1f6f0b2c02"
MONTH, AT = ":2026-01", "ipv4:192.0.2.10:tcp:42069"
IMSI, NOBODY = ["imsi", "001010000000001"], ["imsi", "001010000000005"]


def some(label, n):
    return hashlib.sha512(label.encode()).digest()[:n]


def public(name):
    return secret(name).public_key().public_bytes(Encoding.Raw,
                                                  PublicFormat.Raw)


def secret(name):
    return Ed25519PrivateKey.from_private_bytes(some("seed " + name, 32))


def sign(name, head, when):
    kid = lw.key_id(public(name))
    text = head + lw.signer_lines(kid, when)
    return {"key": kid, "time": when,
            "sig": lb.b64u(secret(name).sign(text.encode()))}


def x1(kind, body):
    return ('<X1Request xmlns="%s" xmlns:c="http://uri.etsi.org/03280/common/'
            '2017/07" xmlns:xsi="%s"><x1RequestMessage xsi:type="%sRequest">'
            '<admfIdentifier>admf-1</admfIdentifier><neIdentifier>ne-1'
            '</neIdentifier><messageTimestamp>%%s</messageTimestamp><version>'
            'v1.22.1</version><x1TransactionId>%%s</x1TransactionId>%s'
            '</x1RequestMessage></X1Request>' % (ll.X1, ll.XSI, kind, body))


TASK = ("<taskDetails><xId>" + XID + "</xId><targetIdentifiers>"
        "<targetIdentifier><imsi>001010000000001</imsi></targetIdentifier>"
        "</targetIdentifiers><deliveryType>X2Only</deliveryType><listOfDIDs>"
        "<dId>" + DID + "</dId></listOfDIDs></taskDetails>")
DEST = ("<destinationDetails><dId>" + DID + "</dId><deliveryType>X2Only"
        "</deliveryType><deliveryAddress><ipAddressAndPort><c:address>"
        "<c:IPv4Address>192.0.2.10</c:IPv4Address></c:address><c:port>"
        "<c:TCPPort>42069</c:TCPPort></c:port></ipAddressAndPort>"
        "</deliveryAddress></destinationDetails>")
TASK_LINE = ("task " + XID + " deliver=X2Only set=imsi%3D001010000000001%0A "
             "dids=" + DID + " product=- corr=- implicit=0 services=* rest=-")
DEST_LINE = "destination %s deliver=X2Only at=%s" % (DID, AT)
TOKEN_KEY, AUDIT_KEY = some("token", 32), some("audit", 32)


class Made:
    """A log of some thirty entries, with one lie or none."""

    def __init__(self, lie=None, told=None, void=None, story=None):
        self.lie, self.told, self.bad = lie, told, None
        self.late = 0               # us in which nothing was written
        self.story = story          # instead of what the auditor says
        self.void = void            # of the gate's stop
        self.entries, self.sealed, self.vault = [], [], {}
        self.numbers, self.seq, self.genesis = {}, {}, None
        self.people()
        self.work()
        if self.story is None:
            self.audits()
        else:
            self.bad = self.story(self)

    def when(self):
        return ll.spell_time(BEGIN + self.late + len(self.entries) * 1000000)

    def add(self, label, kind, d, who="keeper-1"):
        """d: act (verb, payload, signers), said or own; then seals."""
        index = len(self.entries)
        if label == self.lie:
            self.bad = index
            self.told(d)
        role = who.partition("-")[0]
        start, n = self.numbers.get(who, (1, 0))
        start, n = d.get("start", start), d.get("n", n + 1)
        self.numbers[who] = (start, n)
        e = {"v": 1, "kind": kind, "time": self.when(),
             "nonce": lb.b64u(some("nonce %d" % index, 16)),
             "source": {"role": role, "instance": who, "start": start, "n": n}}
        texts = sorted((lb.b64u(lb.sha(t.encode())), t, s, name) for t, s, name
                       in (self.disclosed(index, i, *v) for i, v in
                           enumerate(d.get("seals", []))))
        sd = {"_sd": [t[0] for t in texts]} if texts else {}
        if "act" in d:
            e["act"] = self.act(kind, *d["act"], sd)
        elif "said" in d:
            said = lb.spell(dict(d["said"], **sd))
            text = lw.report_text(ORIGIN, self.genesis, kind, who, start, n,
                                  said.encode(), lw.key_id(public(who)),
                                  e["time"])
            e["said"] = said
            e["sig"] = {"key": lw.key_id(public(who)), "time": e["time"],
                        "sig": lb.b64u(secret(d.get("signer", who))
                                       .sign(text.encode()))}
        e.update(d.get("own", {}))
        if "act" not in d and "said" not in d:
            e.update(sd)
        rows, payload = d.get("rows", []), b""
        for digest, text, scope, name in texts:
            kid, key = self.key(d.get("scope", scope),
                                verify.CLASS.get(name, "text"))
            iv = some("iv %d %s" % (index, digest), 12)
            item = iv + AESGCM(key).encrypt(iv, text.encode(), lb.unb64u(
                e["nonce"]) + lb.unb64u(digest))
            rows.append([digest, d.get("kid", kid), lb.b64u(lb.sha(item))])
            payload += struct.pack(">I", len(item)) + item
        if rows:
            e["_sealed"] = rows
        raw = lb.spell(e).encode()
        self.entries.append(raw)
        self.sealed.append(payload)
        if index == 0:
            self.genesis = lb.leaf(raw).hex()
        return index

    def disclosed(self, index, i, name, value, scope):
        salt = lb.b64u(some("salt %d %d" % (index, i), 16))
        return lb.b64u(lb.spell([salt, name, value]).encode()), scope, name

    def key(self, scope, cls):
        if (scope, cls) not in self.vault:
            self.vault[scope, cls] = (some("kid %s %s" % (scope, cls),
                                           16).hex(), some(scope + cls, 32))
        return self.vault[scope, cls]

    def act(self, kind, verb, payload, signers, sd):
        raw = lb.spell(dict(payload, **sd))
        subject = lw.subject_of(kind, payload, ORIGIN)
        self.seq[subject] = seq = self.seq.get(subject, 0) + 1
        head = lw.statement_head(ORIGIN, self.genesis, kind, verb, subject,
                                 seq, raw.encode())
        return {"kind": kind, "verb": verb, "subject": subject, "seq": seq,
                "payload": raw,
                "sigs": [sign(s, head, self.when()) for s in signers]}

    # -- what stands in it --

    def people(self):
        two = ["overseer-1", "overseer-2"]
        self.add("genesis", "genesis", {"act": ("create", {
            "origin": ORIGIN, "log_key": lb.b64u(public("log")),
            "overseers": [{"id": o, "key": lb.b64u(public(o))} for o in two],
            "quorum": 2, "rules": {}, "law": 1, "continues": None,
            "trial": True}, two)})
        for who in ("keeper-1", "gate-1", "auditor-1"):
            self.add(who, "instance", {"act": ("add", {
                "id": who, "role": who.partition("-")[0],
                "key": lb.b64u(public(who))}, two)})
        for who, role in (("clerk", "intake"), ("judge", "approver"),
                          ("checker", "auditor")):
            self.add(who, "holder", {"act": ("add", {
                "id": who, "form": "ed25519", "keys": [lb.b64u(public(who))],
                "roles": [role]}, two), "seals": [
                    ("name", who.title(), "holder:" + who)]})
        for who, kind, more in (
                ("admf-1", "admf", {}),
                ("mdf-1", "mdf", {"x1": "https://mdf/", "delivery": [AT]}),
                ("ne-1", "ne", {"x1": "https://ne/", "admfs": ["admf-1"]})):
            p = {"id": who, "kind": kind, "x1": None, "delivery": [],
                 "identity": {"rule": "urn", "value": who}, "pins": [],
                 "maker": None, "model": None, "zone": "z-1",
                 "jurisdiction": None, "multi": "each", "mode": "enforce",
                 "until": None, "gate": "gate-1", "admfs": [], "reads": "own",
                 "dialect": [], "triggered_by": None}
            p.update(more)
            setattr(self, kind, str(self.add(who, "element", {
                "act": ("add", p, two), "seals": [
                    ("audit_key", lb.b64u(AUDIT_KEY), "element:" + who)]})))
        self.revision = self.order("w-1", "submit", "approve")

    def order(self, name, submit="", approve="", approver="judge",
              window=86400000000):
        scope = "warrant:" + name
        seals = [(n, "x", scope) for n in ("authority", "reference",
                                           "legal_basis", "liid")]
        p = {"id": name, "revision": 1, "supersedes": None,
             "kind": "ordinary", "from": ll.spell_time(BEGIN),
             "until": ll.spell_time(BEGIN + window), "scope": "iri",
             "services": [], "elements": ["ne-1"], "zones": [],
             "deliver_to": [], "sets": [lw.set_tokens(TOKEN_KEY, [IMSI])]}
        index = self.add(submit, "warrant", {
            "act": ("submit", p, ["clerk"]), "seals": seals + [
                ("targets", [[IMSI]], scope),
                ("token_key", lb.b64u(TOKEN_KEY), scope)]})
        digest = lb.b64u(lb.sha(lb.read_json(self.entries[index])[
            "act"]["payload"].encode()))
        self.add(approve, "warrant", {"act": (
            "approve", {"id": name, "digest": digest}, [approver])})
        return digest

    def say(self, label, kind, who, said, **more):
        return self.add(label, kind, dict(more, said=said), who)

    def command(self, label, kind, body, scope, seals, own, what="command",
                **said):
        transaction = "5765a41f-99fd-41aa-8f7b-%012d" % len(self.entries)
        data = (x1(kind, body) % (self.when(), transaction)).encode()
        cut = data.index(b"<x1R")
        bytes_of = lb.b64u(data[cut:-len("</X1Request>")])
        p = dict.fromkeys(log_said.SAID[what].split())
        p.update(requester="admf-1", admf="admf-1", ne="ne-1", bound="urn",
                 element=self.ne, type=kind, transaction=transaction,
                 stamp=self.when(), version="v1.22.1", leniencies=[],
                 size=str(len(self.entries)))
        p.update(said)
        return self.say(label, what, "gate-1", p, own=own, seals=[
            ("root", lb.b64u(data[:cut]), scope),
            ("received", bytes_of, scope),
            ("sent", lb.b64u(data), scope)] + [
                (n, v, scope) for n, v in seals])

    def outcome(self, label, of, scope, **said):
        p = dict.fromkeys(log_said.SAID["outcome"].split())
        p.update(command=str(of), what="sent", sent_at=self.when(),
                 answered_at=self.when(), answer="AcknowledgedAndCompleted",
                 http=200, checkpoint=str(of + 1))
        p.update(said)
        self.say(label, "outcome", "gate-1", p,
                 seals=[("answer", "PHgvPg", scope)])

    def covers(self):
        return [["w-1", self.revision, lw.set_tokens(TOKEN_KEY, [IMSI])]]

    def task(self, label, kind, own, **change):
        """A command on a task: XID, or what change puts for parts of it."""
        xml = TASK
        for old, new in change.get("put", ()):
            xml = xml.replace(old, new)
        t = ll.task_of(ll.request_of((x1(kind, xml) % (
            self.when(), XID)).encode())[1].the("taskDetails"))
        line = lw.token(TOKEN_KEY, "line", ll.task_line(t))
        return self.command(
            label, kind, xml, change.get("scope", self.warrant_scope),
            [("target", list(v)) for v in t["targets"]],
            dict({"decision": "allowed", "line": line}, **own), xid=t["xid"],
            dids=sorted(t["dids"]), delivery=t["delivery"], implicit=False,
            mediation=len(t["med"]), services=t["services"])

    def create(self, label, did):
        line = lw.token(AUDIT_KEY, "line", DEST_LINE.replace(DID, did))
        return self.command(
            label, "CreateDestination", DEST.replace(DID, did),
            self.element_scope, [("address", AT)], {
                "decision": "allowed", "rule": "destination.registered",
                "line": line, "to": self.mdf}, dids=[did], delivery="X2Only")

    def opens(self, label, kind, *rests, **more):
        row = {"finding": None, "element": self.ne, "instance": None,
               "holder": None, "xid": None, "did": None, "word": None,
               "verb": "open", "type": kind, "severity": "critical",
               "rests": [str(r) for r in rests]}
        row.update(more)
        return self.add(label, "finding", {"own": row})

    def starts(self, label=""):
        self.add(label, "start", {
            "start": self.numbers.get("keeper-1", (0, 0))[0] + 1, "n": 1,
            "own": {"version": "0.1.0", "build": "x", "recovered": "0",
                    "config": lb.b64u(some("config", 32)), "dropped": "0"}})

    def beats(self, **more):
        """The gate is heard, of all that stands so far."""
        r = lb.Range()
        for raw in self.entries:
            r.add(lb.leaf(raw))
        return self.say("beat", "beat", "gate-1", dict({
            "size": str(r.size), "root": lb.b64u(r.root()), "spool": 0,
            "tls_refused": 0, "refused": 0, "spool_failed": False}, **more))

    def says(self, kind, more, seals=()):
        """The auditor, of one question."""
        return self.say("", kind, "auditor-1", dict({
            "element": self.ne, "question": str(len(self.entries)),
            "asked": self.when(), "answered": self.when(), "complete": True,
            "error": None, "certificate": None, "base": None, "part": 1,
            "parts": 1, "gone": []}, **more), seals=list(seals))

    def unsettled_stop(self):
        return self.command("", "DeactivateTask", "<xId>" + XID + "</xId>",
                            self.warrant_scope, [], {
                                "decision": "allowed", "rule": "task.stop"},
                            xid=XID)

    def pass_over(self, seconds):
        """Nothing is written."""
        self.late += seconds * 1000000

    def pass_by(self, seconds):
        """Nothing happens; an entry a second."""
        for _ in range(seconds):
            self.add("passing", "beat", {})

    def work(self):
        config = lb.b64u(some("config", 32))
        self.element_scope, self.warrant_scope = ne, w = \
            "element:ne-1" + MONTH, "warrant:w-1"
        self.starts("start")
        for who in ("gate-1", "auditor-1"):
            self.say("start " + who, "start", who, {
                "version": "0.1.0", "build": "x", "config": config,
                "size": "3", "spool": None, "last": 0})
        at = self.create("create", DID)
        self.outcome("created", at, ne)
        task = {"xid": XID, "dids": [DID], "delivery": "X2Only",
                "implicit": False, "mediation": 0}
        at = self.activated = self.command(
            "activate", "ActivateTask", TASK, w, [("target", IMSI)], {
                "decision": "allowed", "rule": "task.covered",
                "covers": self.covers(),
                "line": lw.token(TOKEN_KEY, "line", TASK_LINE)}, **task)
        self.outcome("activated", at, w)
        other = "0" + XID[1:]
        at = self.command("refused", "ActivateTask", TASK.replace(
            XID, other).replace(IMSI[1], NOBODY[1]), ne, [("target", NOBODY)],
                          {"decision": "refused", "rule": "task.cover.none"},
                          **dict(task, xid=other))
        self.refused = at
        self.finding = self.opens("finding", "command.refused", at,
                                  severity="notice", instance="gate-1")
        self.add("close", "finding", {"act": (
            "close", {"id": str(self.finding)}, ["checker"]), "seals": [
                ("reason", "looked at", "instance:keeper-1" + MONTH)]})

    def audits(self):
        common = {"element": self.ne, "asked": self.when(), "complete": True,
                  "answered": self.when(), "error": None, "certificate": None}

        def item(kind, ident, line, key):
            return {"type": kind, "id": ident, "why": None, "n": "0",
                    "line": lw.token(key, "line", line), "last": None}

        def snapshot(label, part, parts, base, items, gone, seals):
            return self.say(label, "snapshot", "auditor-1", dict(
                common, question=str(len(self.entries)), base=base, part=part,
                parts=parts, items=items, gone=gone), seals=seals)
        question = str(len(self.entries))
        common["question"] = question
        dest = item("destination", DID, DEST_LINE, AUDIT_KEY)
        task = item("task", XID, TASK_LINE, TOKEN_KEY)
        unknown = {"type": "task", "id": "f" + XID[1:], "why": "unbound",
                   "line": None, "n": None, "last": None}
        first = self.say("part 1", "snapshot", "auditor-1", dict(
            common, base=None, part=1, parts=2, items=[dest], gone=[]),
            seals=[("item", [DID, DEST_LINE], "element:ne-1" + MONTH)])
        self.say("part 2", "snapshot", "auditor-1", dict(
            common, base=None, part=2, parts=2, items=[task, unknown],
            gone=[]), seals=[("item", [XID, TASK_LINE], "warrant:w-1"),
                             ("item", [unknown["id"], "unbound", "PHgvPg"],
                              "element:ne-1" + MONTH)])
        self.say("round", "round", "auditor-1", {"rows": [
            [self.ne, str(first), question, self.when(), self.when(), 3]]})
        second = snapshot("gone", 1, 1, str(first), [], [unknown["id"]], [])
        self.say("second round", "round", "auditor-1", {"rows": [
            [self.ne, str(second), question, self.when(), self.when(), 2]]})
        at = self.command("late", "DeactivateTask", "<xId>" + XID + "</xId>",
                          "warrant:w-1", [], {}, "late", xid=XID)
        self.outcome("stopped", at, "warrant:w-1", checkpoint=None)
        self.beats()
        self.say("stop", "stop", "gate-1", dict(
            {"size": "5"}, **({"void": self.void} if self.void else {})))
        self.add("end", "beat", {})

    # -- on disk --

    def write(self, folder):
        journal = os.path.join(folder, "log", "journal")
        os.makedirs(journal)
        head = struct.pack(">8sIIII", b"custosJ1", 1, 1, SEGMENT, 0) + lb.sha(
            ORIGIN.encode())
        head += bytes(4064 - len(head))
        data, rng, last = bytearray(head + lb.sha(head)), lb.Range(), bytes(32)

        def frame(kind, number, payload):
            check = lb.leaf(payload) if kind == b"E" else lb.sha(payload)
            h = struct.pack(">3ssIQQ8s", b"CU\1", kind, len(payload), number,
                            len(data), check[:8])
            data.extend(h + payload + bytes(-len(payload) % 8))
            return h
        for i, raw in enumerate(self.entries):
            heads = [frame(b"E", i, raw)]
            if self.sealed[i]:
                heads.append(frame(b"S", i, self.sealed[i]))
            rng.add(lb.leaf(raw))
            k = rng.root() + last + lb.sha(*heads) + struct.pack(
                ">IIQQ", len(heads), 0, BEGIN, i + 1)
            last = lb.sha(frame(b"K", i + 1, k), k)
        with open(os.path.join(journal, "00000001.seg"), "wb") as f:
            f.write(data)
        note = "%s\n%d\n%s\n" % (ORIGIN, rng.size,
                                 base64.b64encode(rng.root()).decode())
        sig = lb.key_hash(ORIGIN, 1, public("log")) + secret("log").sign(
            note.encode())
        with open(os.path.join(folder, "log", "checkpoint"), "w") as f:
            f.write("%s\n\u2014 %s %s\n" % (note, ORIGIN,
                                            base64.b64encode(sig).decode()))
        self.write_vault(os.path.join(folder, "vault"))

    def write_vault(self, folder):
        os.mkdir(folder)
        lock, master, iv = some("lock", 32), some("master", 32), bytes(12)
        salt = some("salt", 16)
        wrap = AESGCM(HKDF(hashes.SHA256(), 32, salt,
                           b"custos-vault/v1").derive(lock))
        with open(os.path.join(folder, "key"), "wb") as f:
            f.write(lock)
        with open(os.path.join(folder, "master"), "w") as f:
            f.write(lb.spell({"v": 1, "kdf": "file", "n": 0, "r": 0, "p": 0,
                              "salt": lb.b64u(salt), "iv": lb.b64u(iv),
                              "wrapped": lb.b64u(wrap.encrypt(iv, master,
                                                              None))}) + "\n")
        with open(os.path.join(folder, "keys"), "w") as f:
            for (scope, cls), (kid, key) in self.vault.items():
                aad = "|".join((kid, scope, cls)).encode()
                f.write(lb.spell({"id": kid, "scope": scope, "class": cls,
                                  "iv": lb.b64u(iv), "key": lb.b64u(
                                      AESGCM(master).encrypt(iv, key, aad))
                                  }) + "\n")


def said(**more):
    return lambda d: d["said"].update(more)


def own(**more):
    return lambda d: d["own"].update(more)


def sealed(name, value, nth=0):
    def tell(d):
        at = [i for i, s in enumerate(d["seals"]) if s[0] == name][nth]
        d["seals"][at] = (name, value, d["seals"][at][2])
    return tell


def message(old, new, name="sent"):
    """Another X1 message was sent than was decided."""
    def tell(d):
        at = [i for i, s in enumerate(d["seals"]) if s[0] == name][0]
        data = lb.unb64u(d["seals"][at][1]).replace(old.encode(), new.encode())
        d["seals"][at] = (name, lb.b64u(data), d["seals"][at][2])
    return tell


def without(*names):
    def tell(d):
        for n in names:
            for part in ("said", "own"):
                d.get(part, {}).pop(n, None)
        d["seals"] = [s for s in d.get("seals", []) if s[0] not in names]
    return tell


def act(**more):
    def tell(d):
        verb, payload, signers = d["act"]
        d["act"] = (more.get("verb", verb), dict(payload, **more.get(
            "payload", {})), more.get("signers", signers))
    return tell


def first_item(**more):
    return lambda d: d["said"]["items"][0].update(more)


def row(i, v):
    return lambda d: d["said"]["rows"][0].__setitem__(i, v)


GOOD = lw.set_tokens(TOKEN_KEY, [IMSI])
OTHER = lb.b64u(some("other", 32))
# (whose entry, what the lie is, without the vault to be found?)
LIES = (
    ("genesis", act(signers=["overseer-1"]), True),
    ("gate-1", act(signers=["overseer-1"]), True),
    ("auditor-1", act(payload={"key": lb.b64u(public("gate-1"))}), True),
    ("judge", act(payload={"roles": ["approver", "auditor"]}), True),
    ("judge", without("name"), True),
    ("gate-1", act(payload={"role": "keeper"}), True),
    ("ne-1", act(payload={"delivery": [AT]}), True),
    ("ne-1", act(payload={"gate": "auditor-1"}), True),
    ("ne-1", act(payload={"admfs": ["mdf-1"]}), True),
    ("ne-1", act(payload={"triggered_by": ["ne-2"]}), True),
    ("submit", act(payload={"elements": ["ne-9"]}), True),
    ("submit", act(payload={"deliver_to": ["mdf-1"]}), True),
    ("submit", act(payload={"services": ["fax"]}), True),
    ("ne-1", sealed("audit_key", "short"), False),
    ("submit", act(signers=["judge"]), True),
    ("submit", act(payload={"sets": [GOOD, [OTHER]]}), False),
    ("submit", sealed("targets", [[["imsi", "001010000000002"]]]), False),
    ("submit", sealed("targets", [[["tcpPort", "443"]]]), False),
    ("submit", without("liid"), False),
    ("approve", act(signers=["clerk"]), True),
    ("approve", act(payload={"digest": OTHER}), True),
    ("start", own(build=""), True),
    ("start gate-1", said(size="99"), True),
    ("start gate-1", without("spool"), True),
    ("create", own(to="5"), True),
    ("create", without("to"), True),
    ("create", own(line=OTHER), False),
    ("create", sealed("address", "ipv4:192.0.2.11:tcp:42069"), False),
    ("create", message("192.0.2.10", "192.0.2.11"), False),
    ("create", message("42069", "42070", "received"), False),
    ("create", said(dids=[XID]), False),
    ("create", said(delivery="X2andX3"), False),
    ("activate", lambda d: d.update(signer="auditor-1"), True),
    ("activate", lambda d: d.update(n=9 + verify.VOID_LATE), True),
    ("activate", lambda d: d.update(scope="warrant:w-2"), False),
    ("activate", lambda d: d.update(kid="A" * 32), True),
    ("activate", lambda d: d.update(rows=[[OTHER, "a" * 32, OTHER]]), True),
    ("activate", lambda d: d["own"]["covers"][0].__setitem__(2, [OTHER]), True),
    ("activate", lambda d: d["own"]["covers"][0].__setitem__(1, OTHER), True),
    ("activate", own(covers=[]), True),
    ("activate", own(line=OTHER), False),
    ("activate", without("line"), True),
    ("activate", own(extra=1), True),
    ("activate", said(delivery="X2andX3"), True),
    ("activate", said(mediation=1), True),
    ("activate", said(requester="ne-1"), True),
    ("activate", said(stamp="2026-01-02T04:00:00.000000Z"), True),
    ("activate", said(stamp="2026-01-02T03:00:00.000001Z"), False),
    ("activate", said(form="form.target"), True),
    ("activate", said(services=["voice"]), False),
    ("activate", said(product=DID), False),
    ("activate", said(correlation="7"), False),
    ("activate", said(implicit=True), False),
    ("activate", said(ne="ne-2"), False),
    ("activate", said(version="v1.21.1"), False),
    ("activate", said(type="ModifyTask"), True),
    ("activate", said(element="5"), True),
    ("activate", without("sent"), False),
    ("activate", sealed("target", ["imsi", "001010000000002"]), False),
    ("activate", sealed("target", ["imsi", "00101000000000x"]), False),
    ("activate", message("0001<", "0002<"), False),
    ("activate", message("</taskDetails>", "<taskDetailsExtensions>"
                         "</taskDetailsExtensions></taskDetails>"), False),
    ("activate", message("<X1Request", "<!DOCTYPE x><X1Request"), False),
    ("activate", message("X2Only", "X2andX3", "received"), False),
    ("activated", said(command="2"), True),
    ("activated", said(what="perhaps"), True),
    ("activated", said(why="law"), True),
    ("activated", said(checkpoint="2"), True),
    ("activated", said(what="not sent", why="law"), True),
    ("activated", said(mine=["allowed", "x"]), True),
    ("refused", own(line=OTHER), True),
    ("refused", message(NOBODY[1], "001010000000009"), False),
    ("finding", own(rests=["99"]), True),
    ("finding", own(type="task.strange"), True),
    ("finding", own(severity="critical-ish"), True),
    ("finding", own(word="settled"), True),
    ("finding", own(word="lasting"), True),
    ("finding", own(verb="note", finding="3"), True),
    ("close", act(payload={"id": "4"}), True),
    ("close", act(signers=["judge"]), True),
    ("close", without("reason"), True),
    ("close", lambda d: d.update(scope="instance:gate-1" + MONTH), False),
    ("part 1", said(complete=False), True),
    ("part 1", said(error="strange"), True),
    ("part 1", said(base="3"), True),
    ("part 1", said(gone=[DID]), True),
    ("part 1", first_item(line=OTHER), False),
    ("part 1", first_item(id="a" + DID[1:]), False),
    ("part 1", first_item(line=None), True),
    ("part 1", sealed("item", [DID, DEST_LINE + "0"]), False),
    ("part 1", sealed("item", [DID, DEST_LINE + " "]), False),
    ("part 2", said(part=3, parts=3), True),
    ("part 2", said(parts=3), True),
    ("part 2", first_item(line=OTHER), False),
    ("part 2", first_item(type="destination"), False),
    ("part 2", sealed("item", [XID, TASK_LINE.replace("00001%", "00002%")]),
     False),
    ("part 2", lambda d: d["said"]["items"].reverse(), True),
    ("round", row(1, "3"), True),
    ("round", row(2, "99"), True),
    ("round", row(5, 2), True),
    ("round", row(0, "2"), True),
    ("second round", row(5, 3), True),
    ("late", message(XID, DID), False),
    ("late", own(line=OTHER), True),
    ("late", lambda d: d.update(scope="element:ne-1" + MONTH), False),
    ("beat", said(root=OTHER), True),
    ("beat", said(size="4"), True),
    ("beat", said(spool_failed=None), True),
    ("stop", said(size="99"), True),
    ("end", lambda d: d.update(own={"size": "1"}), True),
    ("end", lambda d: d.update(n=99), True),
    # Rules, and what they ask of requester and element.
    ("activate", own(rule="task.cover.none"), True),
    ("activate", own(rule="task.narrows"), True),
    ("activate", said(admf="admf-9"), True),
    ("activate", said(bound="cn"), True),
    ("create", own(rule="alive"), True),
    ("refused", own(rule="task.covered"), True),
    ("refused", own(rule="read.bulk"), True),
    ("refused", own(rule="peer.unknown"), True),
    ("refused", own(rule="element.gate"), True),
    ("refused", own(rule="task.did.none"), True),
    ("refused", own(rule="transaction.repeated"), True),
    ("refused", own(rule="form.target"), True),
    ("finding", own(severity="critical"), True),
    ("finding", own(type="task.unknown", severity="critical", xid=XID), True),
    ("finding", own(word="tls"), True),
    ("refused", own(rule="task.cover.element"), False),
    ("refused", own(rule="task.cover.window"), False),
    ("activated", said(checkpoint=None), True),
    ("stopped", said(command="17", checkpoint="20"), True),
    ("activate", message("ne-1</neId", "ne-2</neId"), False),
    ("activate", message("admf-1</admf", "admf-9</admf"), False),
    ("activate", without("received"), False),
    ("activate", without("root"), False),
    ("part 2", sealed("item", ["f" + XID[1:], "form", "PHgvPg"], 1), False),
    ("late", message(XID, "e" + XID[1:], "received"), False),
)


# ---- lies of more than one entry --------------------------------------------

def widened(m):
    return m.task("", "ModifyTask", {"rule": "task.narrows", "covers": []},
                  put=[("X2Only", "X2andX3")])


def other_target(m):
    return m.task("", "ModifyTask", {"rule": "task.narrows", "covers": []},
                  put=[(IMSI[1], "001010000000007")])


def no_such_destination(m):
    return m.task("", "ActivateTask", {"rule": "task.covered",
                                       "covers": m.covers()},
                  put=[(XID, "c" + XID[1:]), (DID, "1" + DID[1:])])


def sent_though_refused(m):
    at = len(m.entries)
    m.outcome("", m.refused, m.element_scope)
    return at


def sent_twice(m):
    at = len(m.entries)
    m.outcome("", m.activated, m.warrant_scope)
    return at


def read_of_no_destination(m):
    return m.command("", "GetDestinationDetails", "<dId>1%s</dId>" % DID[1:],
                     m.element_scope, [], {
                         "decision": "allowed", "rule": "read.destination"},
                     dids=["1" + DID[1:]])


def read_of_another_in_what_was_sent(m):
    return m.command("", "GetDestinationDetails", "<dId>1%s</dId>" % DID[1:],
                     m.element_scope, [], {
                         "decision": "allowed", "rule": "read.destination"},
                     dids=[DID])


def read_of_everything(m):
    return m.command("", "GetAllDetails", "", m.element_scope, [], {
        "decision": "allowed", "rule": "read.status"})


def end_of_all_tasks(m):
    return m.command("", "DeactivateAllTasks", "", m.element_scope, [], {
        "decision": "allowed", "rule": "task.stop"})


def read_of_a_task_of_nobody(m):
    return m.command("", "GetTaskDetails", "<xId>f" + XID[1:] + "</xId>",
                     m.element_scope, [], {
                         "decision": "allowed", "rule": "read.task"},
                     xid="f" + XID[1:])


def refused_though_covered(m):
    xid = "c" + XID[1:]
    return m.command("", "ActivateTask", TASK.replace(XID, xid),
                     m.element_scope, [("target", IMSI)], {
                         "decision": "refused", "rule": "task.cover.none"},
                     xid=xid, dids=[DID], delivery="X2Only", implicit=False,
                     mediation=0)


def a_warrant_passed_over(m):
    m.order("w-2")
    return m.task("", "ActivateTask", {"rule": "task.covered",
                                       "covers": m.covers()},
                  put=[(XID, "c" + XID[1:])])


def removed_while_in_use(m):
    return m.command("", "RemoveDestination", "<dId>" + DID + "</dId>",
                     m.element_scope, [], {
                         "decision": "allowed", "rule": "destination.remove"},
                     dids=[DID])


def destination_not_acknowledged(m):
    did = "1" + DID[1:]
    m.create("", did)
    return m.task("", "ActivateTask", {"rule": "task.covered",
                                       "covers": m.covers()},
                  put=[(XID, "c" + XID[1:]), (DID, did)])


def transaction_repeated(m):
    used = lb.read_json(m.entries[m.activated])["said"]
    return m.command("", "Ping", "", m.element_scope, [], {
        "decision": "allowed", "rule": "alive"}, transaction=lb.read_json(
            used.encode())["transaction"])


def unanswered_stop(m):
    at = m.unsettled_stop()
    m.pass_by(120)
    return at


def finding_withheld(m):
    unanswered_stop(m)
    return None


def finding_late(m):
    at = unanswered_stop(m)
    m.opens("", "stop.unacknowledged", at, xid=XID)
    return None


def stop_unacknowledged_for_no_reason(m):
    at = m.unsettled_stop()
    return m.opens("", "stop.unacknowledged", at, xid=XID)


def passing(owes, seconds=90):
    """What one entry shows is not found in all the time behind it."""
    def story(m):
        owes(m)
        m.pass_by(seconds)
    story.__name__ = owes.__name__
    return story


def doubt_withheld(m):
    m.outcome("", m.unsettled_stop(), m.warrant_scope, what="in doubt",
              why="timeout", answered_at=None, answer=None, http=None)


def divergence_withheld(m):
    m.outcome("", m.unsettled_stop(), m.warrant_scope, what="not sent",
              why="diverges", mine=["refused", "task.bound"], sent_at=None,
              answered_at=None, answer=None, http=None)


def refusal_withheld(m):
    m.command("", "ListAllDetails", "", "instance:gate-1" + MONTH, [], {
        "decision": "refused", "rule": "element.unknown"}, element=None)


def failed_spool_withheld(m):
    m.beats(spool_failed=True)


def refused_connections_withheld(m):
    m.beats(tls_refused=3)


def failed_question(m):
    return m.says("snapshot", {
        "complete": False, "error": "timeout", "answered": None, "items": [],
        "gone": []})


def silence_withheld(m):
    for _ in range(3):
        failed_question(m)


def unknown_task_withheld(m):
    m.says("snapshot", {"items": [{
        "type": "task", "id": "f" + XID[1:], "why": "unbound", "line": None,
        "n": None, "last": None}]}, [
            ("item", ["f" + XID[1:], "unbound", "PHgvPg"], m.element_scope)])


def other_line(kind, ident, line, key, scope):
    def story(m):
        m.says("snapshot", {"items": [{
            "type": kind, "id": ident, "why": None, "n": None, "last": None,
            "line": lw.token(key, "line", line)}]}, [
                ("item", [ident, line], scope)])
        m.beats()
    story.__name__ = "other_line_of_a_%s_withheld" % kind
    return story


def missing_beats_withheld(m):
    pass


def missing_keeper_withheld(m):
    m.pass_over(600)
    m.starts()
    m.pass_by(90)


def doubt_of_nothing(m):
    return m.opens("", "command.in-doubt", m.activated + 1,
                   severity="warning")


def silence_of_nobody(m):
    return m.opens("", "element.silent", failed_question(m) - 1)


def missing_though_heard(m):
    return m.opens("", "beat.missing", instance="gate-1", element=None)


STORIES = tuple((f.__name__.replace("_", " "), f, clear) for f, clear in (
    (widened, True), (other_target, True), (no_such_destination, True),
    (sent_though_refused, True), (sent_twice, True),
    (read_of_no_destination, True), (read_of_another_in_what_was_sent, False),
    (read_of_everything, True), (end_of_all_tasks, True),
    (finding_withheld, True), (finding_late, True),
    (stop_unacknowledged_for_no_reason, True),
    (read_of_a_task_of_nobody, True), (refused_though_covered, False),
    (a_warrant_passed_over, False), (removed_while_in_use, True),
    (destination_not_acknowledged, True), (transaction_repeated, True),
    (passing(doubt_withheld), True), (passing(divergence_withheld), True),
    (passing(refusal_withheld), True), (passing(failed_spool_withheld), True),
    (passing(refused_connections_withheld), True),
    (passing(silence_withheld), True), (passing(unknown_task_withheld), True),
    (passing(other_line("task", XID, TASK_LINE.replace("00001%", "00002%"),
                        TOKEN_KEY, "warrant:w-1")), True),
    (passing(other_line("destination", DID, DEST_LINE + "0", AUDIT_KEY,
                        "element:ne-1" + MONTH)), True),
    (passing(missing_beats_withheld, 260), True),
    (missing_keeper_withheld, True), (doubt_of_nothing, True),
    (silence_of_nobody, True), (missing_though_heard, True)))


def all_lies():
    """(name, the log with it, is it seen without the vault?), each."""
    seen = {}
    for label, told, clear in LIES:
        seen[label] = seen.get(label, 0) + 1
        yield ("%s, %d" % (label, seen[label]), lambda label=label, told=told:
               Made(label, told), clear)
    for name, story, clear in STORIES:
        yield name, lambda story=story: Made(story=story), clear
