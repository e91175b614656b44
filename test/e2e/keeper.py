#!/usr/bin/env python3
"""test/e2e/keeper.py PROGRAM CLOCKSTEP: the real keeper on a real home, spoken to by hand.

One operator lives through all cases in order, as a log does.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import uuid

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from keeper_lib import (Closed, Follower, Home, Key, Link, People,  # noqa: E402
                        Warrant, b64, disclosure, dump, locked, make_note,
                        report_sig, root, sha, stamp, token, with_sd)

PROGRAM, CLOCKSTEP = sys.argv[1:3]
MDF = "ipv4:192.0.2.10:tcp:42069"
MDF_SOUTH = "ipv4:192.0.2.30:tcp:42069"
XID, DID = str(uuid.uuid4()), str(uuid.uuid4())
OTHER = str(uuid.uuid4())
TARGET = ("imsi", "001010000000001")


ROOT = '<X1Request xmlns="http://uri.etsi.org/03221/X1/2017/10" ' \
    'xmlns:c="http://uri.etsi.org/03280/common/2017/07" ' \
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'


def x1(said, targets, address):
    """The X1 message (TS 103 221-1) of which that was said."""
    body = ""
    if said["type"].endswith("ivateTask") and said["dids"] is None:
        body = "<xId>%s</xId>" % said["xid"]
    elif said["xid"]:
        body = "<taskDetails><xId>%s</xId><targetIdentifiers>%s" \
            "</targetIdentifiers><deliveryType>%s</deliveryType>" \
            "<listOfDIDs>%s</listOfDIDs></taskDetails>" % (
                said["xid"], "".join(
                    "<targetIdentifier><%s>%s</%s></targetIdentifier>" %
                    (kind, value, kind) for kind, value in targets),
                said["delivery"], "".join(
                    "<dId>%s</dId>" % did for did in said["dids"]))
    elif address:
        _, ip, _, port = address.split(":")
        body = "<destinationDetails><dId>%s</dId><deliveryType>%s" \
            "</deliveryType><deliveryAddress><ipAddressAndPort><c:address>" \
            "<c:IPv4Address>%s</c:IPv4Address></c:address><c:port>" \
            "<c:TCPPort>%s</c:TCPPort></c:port></ipAddressAndPort>" \
            "</deliveryAddress></destinationDetails>" % (
                said["dids"][0], said["delivery"], ip, port)
    return '<x1RequestMessage xsi:type="%sRequest"><admfIdentifier>%s' \
        "</admfIdentifier><neIdentifier>%s</neIdentifier>" \
        "<messageTimestamp>%s</messageTimestamp><version>%s</version>" \
        "<x1TransactionId>%s</x1TransactionId>%s</x1RequestMessage>" % (
            said["type"], said["admf"], said["ne"], said["stamp"],
            said["version"], said["transaction"], body)


class Gate:
    """A gate's two connections; says and signs what a gate would."""

    def __init__(self, home, name, key, start, role="gate"):
        self.home, self.name, self.key = home, name, key
        self.start, self.number, self.role = start, 0, role
        self.size, self.note, self.leaves = 0, None, []
        self.link = self.follower = None

    def dial(self, use="talk", **more):
        options = dict(role=self.role, use=use, instance=self.name,
                       start=self.start, key=self.key,
                       peer_key=self.home.instance_key.public,
                       size=self.size, note=self.note)
        options.update(more)
        return Link(self.home.path("run/keeper.sock"), self.home.log,
                    **options)

    def connect(self):
        self.link = self.dial()
        return self

    def follow(self):
        self.follower = Follower(self.dial("follow"),
                                 self.home.log_key.public, len(self.leaves),
                                 self.leaves)
        return self.follower

    def remember(self):
        """What a notebook would hold."""
        self.leaves = list(self.follower.leaves)
        self.size, self.note = self.follower.heads[-1], self.follower.note
        self.leaves = self.leaves[:self.size]

    def message(self, kind, number, said, texts):
        text = with_sd(said, texts)
        parts = [text, report_sig(self.home.log, kind, self.name, self.start,
                                  number, text, self.key)]
        order = {t: b64(sha(t.encode())) for t in texts}
        return ({"kind": kind, "start": self.start, "number": number},
                parts + sorted(texts, key=order.get))

    def say(self, kind, said, texts=()):
        self.number += 1
        return self.link.ask(*self.message(kind, self.number, said,
                                           list(texts)))[0]

    def begin(self):
        return self.say("start", {
            "version": "0.1.0", "build": "test", "config": b64(bytes(32)),
            "size": str(self.size), "spool": 0 if self.role == "gate"
            else None, "last": 0})

    def command(self, kind, element, xid=None, dids=None, targets=(),
                delivery=None, address=None, when=0):
        task = kind in ("ActivateTask", "ModifyTask")
        said = {
            "requester": "admf-1", "certificate": b64(bytes(32)),
            "bound": "urn", "admf": "ADMF1", "ne": "NE1",
            "element": str(element), "type": kind,
            "transaction": str(uuid.uuid4()), "stamp": stamp(when),
            "version": "v1.22.1", "xid": xid, "dids": dids,
            "product": None, "correlation": None,
            "implicit": False if task else None, "delivery": delivery,
            "services": None, "mediation": 0 if task else None,
            "leniencies": [], "form": None, "size": str(self.size)}
        message = x1(said, targets, address)
        texts = [disclosure("root", b64(ROOT.encode())),
                 disclosure("received", b64(message.encode())),
                 disclosure("sent", b64((ROOT + message + "</X1Request>")
                                        .encode()))]
        texts += [disclosure("target", list(t)) for t in targets]
        if address:
            texts.append(disclosure("address", address))
        return said, texts

    def outcome(self, index, spooled=False):
        return self.say("outcome", {
            "command": str(index), "what": "sent", "why": None, "mine": None,
            "sent_at": stamp(), "answered_at": stamp(),
            "answer": "AcknowledgedAndCompleted", "code": None, "http": 200, "certificate": b64(bytes(32)),
            "checkpoint": None if spooled else str(int(index) + 1)},
            [disclosure("answer", b64(b"<X1Response/>"))])


def refuses_to_start(home):
    code = home.start()
    assert code == 3, (code, home.said())


class Operator:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="custos-keeper-")
        self.home = Home(PROGRAM, os.path.join(self.folder, "keeper"))
        self.keys = {n: Key() for n in (
            "gate-1", "gate-2", "auditor-1", "intake-1", "approver-1",
            "both", "auditor")}
        self.index = {}
        self.gate = Gate(self.home, "gate-1", self.keys["gate-1"], 1)
        self.gate2 = Gate(self.home, "gate-2", self.keys["gate-2"], 1)
        self.auditor = Gate(self.home, "auditor-1", self.keys["auditor-1"],
                            1, "auditor")

    def head(self):
        link = self.home.cli()
        try:
            answer, _ = link.ask({"kind": "ask", "what": "head"})
            return int(answer["data"]["size"])
        finally:
            link.close()

    def entry(self, index):
        link = self.home.cli()
        try:
            answer, parts = link.ask({"kind": "ask", "what": "entry",
                                      "args": {"index": str(index)}})
            assert answer["kind"] == "answer", answer
            return json.loads(parts[0])
        finally:
            link.close()

    def findings(self):
        found = []
        for i in range(self.head()):
            e = self.entry(i)
            if e["kind"] == "finding" and e.get("verb") == "open":
                found.append((e["type"], i))
        return found

    def end(self):
        if self.home.process and self.home.process.poll() is None:
            self.home.kill()
        shutil.rmtree(self.folder)


op = Operator()


def it_is_not_linked_with_what_reads_xml():
    linked = subprocess.run(["ldd", PROGRAM], capture_output=True, text=True)
    assert "libcrypto" in linked.stdout, linked
    assert "libxml2" not in linked.stdout, linked.stdout


def create_wants_every_overseer():
    done = op.home.genesis(op.home.overseers[:1])
    assert done.returncode == 3 and "overseers" in done.stderr, done.stderr
    done = op.home.genesis(op.home.overseers + [Key()])
    assert done.returncode == 3, done.stderr
    assert not os.path.exists(op.home.path("log/journal/00000001.seg"))
    op.home.create()
    assert len(op.home.log.genesis) == 64
    done = op.home.genesis()
    assert done.returncode == 3, done


def a_home_has_one_process():
    assert op.home.start() is None, op.home.said()
    second = op.home.run()
    assert second.returncode == 3, second
    assert "in use by pid %d" % op.home.process.pid in second.stderr, \
        second.stderr


def people_register_by_quorum():
    people = op.people = People(op.home)
    people.instance("keeper-1", "keeper", op.home.instance_key)
    people.instance("gate-1", "gate", op.keys["gate-1"])
    people.instance("auditor-1", "auditor", op.keys["auditor-1"])
    people.holder("intake-1", op.keys["intake-1"], ["intake"])
    people.holder("approver-1", op.keys["approver-1"], ["approver"])
    people.holder("both", op.keys["both"], ["intake", "approver"])
    people.holder("auditor", op.keys["auditor"], ["auditor"])
    urn = {"rule": "urn", "value": "MDF1"}
    people.element("admf-1", "admf", gate="gate-1",
                   identity={"rule": "urn", "value": "ADMF1"})
    people.element("mdf-1", "mdf", x1="https://127.0.0.1:1/X1/NE",
                   delivery=[MDF], identity=urn, zone="north",
                   gate="gate-1", admfs=["admf-1"])
    people.element("mdf-2", "mdf", x1="https://127.0.0.1:3/X1/NE",
                   delivery=[MDF_SOUTH], zone="south", gate="gate-1",
                   identity={"rule": "urn", "value": "MDF2"},
                   admfs=["admf-1"])
    op.index["ne-1"] = people.element(
        "ne-1", "ne", x1="https://127.0.0.1:2/X1/NE", zone="north",
        identity={"rule": "urn", "value": "NE1"}, gate="gate-1",
        admfs=["admf-1"])
    people.element("lemf-1", "lemf",
                   delivery=["ipv4:192.0.2.20:tcp:7000"])


def one_overseer_alone_is_refused_and_leaves_a_trace():
    name = "x"
    text = disclosure("name", "X")
    made = op.people.make("holder", "add", "holder/" + name, {
        "id": name, "form": "ed25519", "keys": [b64(Key().public)],
        "roles": ["reader"]}, [text], op.home.overseers[:1])
    done = op.people.offer(made)
    assert done["kind"] == "refused" and "why" in done, done
    e = op.entry(int(done["index"]))
    assert e["kind"] == "finding" and e["type"] == "act.refused", e
    assert len(e["_sealed"]) == 1
    # Nobody's signature leaves none.
    made = op.people.make("holder", "add", "holder/" + name, {
        "id": name, "form": "ed25519", "keys": [b64(Key().public)],
        "roles": ["reader"]}, [text], [Key()])
    done = op.people.offer(made)
    assert done["kind"] == "refused" and "index" not in done, done


def a_warrant_with_a_false_token_is_refused():
    w = Warrant("w-0", [TARGET])
    w.payload["sets"] = [[token(w.token_key, "imsi", "001010000000002")]]
    done = op.people.offer(op.people.make(
        "warrant", "submit", "warrant/w-0", dict(w.payload), w.texts,
        [op.keys["intake-1"]]))
    assert done["kind"] == "refused", done


def nobody_approves_their_own_submission():
    w = Warrant("w-2", [("imsi", "001010000000009")])
    op.people.act("warrant", "submit", "warrant/w-2", dict(w.payload),
                  w.texts, [op.keys["both"]])
    done = op.people.offer(op.people.make(
        "warrant", "approve", "warrant/w-2",
        {"id": "w-2", "digest": w.digest()}, [], [op.keys["both"]]))
    assert done["kind"] == "refused", done
    assert op.entry(int(done["index"]))["type"] == "approval.self"


def an_act_that_stands_keeps_its_index():
    op.w = Warrant("w-1", [TARGET])
    made = op.people.make("warrant", "submit", "warrant/w-1",
                          dict(op.w.payload), op.w.texts,
                          [op.keys["intake-1"]])
    first, size = op.people.offer(made), op.head()
    again = op.people.offer(made)
    assert first["kind"] == again["kind"] == "kept", (first, again)
    assert first["index"] == again["index"] and op.head() == size
    op.index["approve"] = op.people.act(
        "warrant", "approve", "warrant/w-1",
        {"id": "w-1", "digest": op.w.digest()}, [], [op.keys["approver-1"]])


def a_gate_follows_root_signature_and_openings():
    op.gate.connect()
    f = op.gate.follow()
    f.until(op.index["approve"] + 1)
    assert [n for n, what, names in f.opened
            if what == op.w.digest() and names == ["targets", "token_key"]] \
        == [op.index["approve"] + 1], f.opened
    assert [names for n, what, names in f.opened
            if what == "ne-1"] == [["audit_key"]], f.opened
    assert f.opened[-1][0] <= len(f.leaves)
    a = op.auditor.connect().follow()
    a.until(op.index["approve"] + 1)
    assert (op.index["approve"] + 1, op.w.digest(), ["token_key"]) \
        in a.opened, a.opened
    assert a.leaves == f.leaves[:len(a.leaves)]
    op.gate.size = f.heads[-1]
    assert op.gate.begin()["kind"] == "kept"
    assert op.auditor.begin()["kind"] == "kept"


def strangers_are_refused():
    for change, code in (
            ({"key": Key()}, "proof"), ({"instance": "gate-9"}, "instance"),
            ({"role": "auditor"}, "instance"), ({"size": 10 ** 6},
                                                "contradiction")):
        try:
            link = op.gate2.dial(instance=change.get("instance", "gate-1"),
                                 **{k: v for k, v in dict(
                                     {"key": op.keys["gate-1"]},
                                     **change).items() if k != "instance"})
            link.ask({"kind": "ask", "what": "head"})
        except Closed as closed:
            assert str(closed) == code, (change, str(closed))
        else:
            raise AssertionError(change)


def commands_are_decided_and_kept():
    ne = op.index["ne-1"]
    # The stranger's connection with a false proof ended the gate's own.
    op.gate.connect()
    said, texts = op.gate.command("CreateDestination", ne, dids=[DID],
                                  delivery="X2andX3", address=MDF)
    done = op.gate.say("command", said, texts)
    assert done["kind"] == "decided" and done["allowed"], done
    e = op.entry(int(done["index"]))
    assert e["decision"] == "allowed" and "line" in e and "to" in e, e
    assert op.gate.outcome(done["index"])["kind"] == "kept"
    # One that no task uses may point at another zone's.
    said, texts = op.gate.command(
        "CreateDestination", ne, dids=[str(uuid.uuid4())],
        delivery="X2andX3", address=MDF_SOUTH)
    done = op.gate.say("command", said, texts)
    assert done["kind"] == "decided" and done["allowed"], done
    assert op.gate.outcome(done["index"])["kind"] == "kept"
    said, texts = op.gate.command(
        "ActivateTask", ne, XID, [DID], [("imsi", "001010000000002")],
        "X2andX3")
    done = op.gate.say("command", said, texts)
    assert done["kind"] == "decided" and not done["allowed"], done
    said, texts = op.gate.command("ActivateTask", ne, XID, [DID], [TARGET],
                                  "X2andX3")
    done = op.gate.say("command", said, texts)
    assert done["kind"] == "decided" and done["allowed"], done
    op.index["activate"] = int(done["index"])
    op.number = op.gate.number
    op.said, op.texts = said, texts
    e = op.entry(done["index"])
    assert e["covers"] == [["w-1", op.w.digest(),
                            [token(op.w.token_key, *TARGET)]]], e
    assert len(e["_sealed"]) == len(texts)
    assert op.gate.outcome(done["index"])["kind"] == "kept"
    f = op.gate.follower
    f.until(int(done["index"]) + 1)
    assert json.loads(f.entries[int(done["index"])]["said"])["xid"] == XID


def the_same_request_finds_its_entry():
    size = op.head()
    message, parts = op.gate.message("command", op.number, op.said, op.texts)
    again = op.gate.link.ask(message, parts)[0]
    assert again["kind"] == "decided" and again["allowed"], again
    assert int(again["index"]) == op.index["activate"]
    # The same number for another thing does not.
    other = dict(op.said, version="v1.22.2")
    message, parts = op.gate.message("command", op.number, other, op.texts)
    done = op.gate.link.ask(message, parts)[0]
    assert done["kind"] == "error" and done["code"] == "order", done
    assert op.head() == size


def a_false_report_is_refused():
    size = op.head()
    said, texts = op.gate.command("Ping", op.index["ne-1"])
    message, parts = op.gate.message("command", op.gate.number + 1, said,
                                     texts)
    for bad in (
            [parts[0].replace("ADMF1", "ADMF2")] + parts[1:],
            parts[:2] + parts[3:], parts + [disclosure("root", "x")],
            parts[:2] + [disclosure("root", "x")] + parts[3:]):
        done = op.gate.link.ask(message, bad)[0]
        assert done["kind"] == "error" and done["code"] == "form", done
    assert op.head() == size
    # Nothing was written under that number: it can still be used.
    op.gate.number += 1
    assert op.gate.link.ask(message, parts)[0]["kind"] == "decided"


def a_hidden_task_is_found():
    begin = op.auditor.link.ask({"kind": "audit.begin",
                                 "element": "ne-1"})[0]
    i = int(begin["data"]["index"])
    done = op.auditor.say("snapshot", {
        "element": str(op.index["ne-1"]), "question": str(i),
        "asked": stamp(), "answered": stamp(), "complete": True,
        "error": None, "certificate": b64(bytes(32)), "base": None,
        "part": 1, "parts": 1, "items": [
            {"type": "task", "id": OTHER, "line": None, "why": "unbound",
             "n": None, "last": None}], "gone": []},
        [disclosure("item", [OTHER, "unbound", b64(b"<task/>")])])
    assert done["kind"] == "kept", done
    # It also lacks the task that was activated: has the gate's spool a stop?
    asked, _ = op.gate.link.receive()
    assert asked["kind"] == "ask" and asked["what"] == "beat", asked
    until = time.monotonic() + 5
    while time.monotonic() < until:
        found = [i for kind, i in op.findings() if kind == "task.unknown"]
        if found:
            e = op.entry(found[0])
            assert e["xid"] == OTHER and done["index"] in e["rests"], e
            return
        time.sleep(0.2)
    raise AssertionError("no task.unknown")


def a_newer_connection_ends_the_older():
    old = op.gate.link
    op.gate.connect()
    try:
        old.ask({"kind": "ask", "what": "head"})
    except (Closed, OSError):
        pass
    else:
        raise AssertionError("both live")
    assert int(op.gate.link.hello["size"]) >= op.index["activate"]


def sigkill_loses_nothing_acknowledged():
    op.people.instance("gate-2", "gate", op.keys["gate-2"])
    f = op.gate.follower
    f.until(op.head())
    op.gate.remember()
    op.gate.follower = None
    size = op.head()
    op.home.kill()
    assert op.home.start() is None, op.home.said()
    op.gate.connect()
    f = op.gate.follow()
    # Its leaves from before the kill are those of the new head.
    message, parts = op.gate.message("command", op.number, op.said, op.texts)
    again = op.gate.link.ask(message, parts)[0]
    assert int(again["index"]) == op.index["activate"], again
    assert again["allowed"]
    assert size <= int(op.gate.link.hello["size"])


def nothing_widens_before_every_gate_was_heard():
    said, texts = op.gate.command("Ping", op.index["ne-1"])
    done = op.gate.say("command", said, texts)
    assert done["kind"] == "error" and done["code"] == "heard", done
    # A stop is taken; its answer waits for the signature.
    op.gate.number += 1
    said, texts = op.gate.command("DeactivateTask", op.index["ne-1"], XID)
    said["void"] = [op.gate.number - 1]
    number = op.gate.link.offer(*op.gate.message(
        "command", op.gate.number, said, texts))
    assert op.gate.link.quiet(0.5)
    op.gate2.connect()
    done, _ = op.gate.link.answer(number)
    assert done["kind"] == "decided" and done["allowed"], done
    op.gate.follower.until(int(done["index"]) + 1)
    assert op.gate.outcome(done["index"])["kind"] == "kept"
    said, texts = op.gate.command("Ping", op.index["ne-1"])
    assert op.gate.say("command", said, texts)["kind"] == "decided"


def what_left_from_a_spool_is_kept():
    said, texts = op.gate.command("DeactivateTask", op.index["ne-1"], XID)
    said["request"] = None
    done = op.gate.say("late", said, texts)
    assert done["kind"] == "kept", done
    e = op.entry(int(done["index"]))
    assert e["kind"] == "late" and "line" not in e and "decision" not in e, e
    assert op.gate.outcome(done["index"], True)["kind"] == "kept"
    done = op.gate.say("beat", {
        "size": str(op.gate.size), "root": b64(root(
            op.gate.follower.leaves[:op.gate.size])), "spool": 0,
        "tls_refused": 0, "refused": 0, "spool_failed": False})
    assert done["kind"] == "kept", done


def a_spool_of_an_earlier_start_goes_first():
    """The gate died with a stop in its spool, and starts again."""
    said, texts = op.gate.command("DeactivateTask", op.index["ne-1"], XID)
    said["request"] = None
    op.gate.number += 1
    spooled = op.gate.message("late", op.gate.number, said, texts)
    op.gate.start += 1
    op.gate.connect()
    done = op.gate.link.ask(*spooled)[0]
    assert done["kind"] == "kept", done
    last, op.gate.number = op.gate.number, 0
    done = op.gate.say("start", {
        "version": "0.1.0", "build": "test", "config": b64(bytes(32)),
        "size": str(op.gate.size), "spool": 0, "last": last})
    assert done["kind"] == "kept", done
    assert op.gate.outcome(int(done["index"]) - 1, True)["kind"] == "kept"
    # The former start is over: neither its numbers nor its hello are taken.
    old = op.gate.message("late", op.number + 100, said, texts)
    old[0]["start"] = op.gate.start - 1
    done = op.gate.link.ask(*old)[0]
    assert done["kind"] == "error" and done["code"] == "order", done
    try:
        op.gate.dial(start=op.gate.start - 1)
    except Closed as closed:
        assert str(closed) == "start"
    else:
        raise AssertionError("a former start was welcomed")


def killed_under_load_it_keeps_what_it_acknowledged():
    for round_, patience in enumerate((0.0, 0.004, 0.012, 0.03)):
        said = {}
        for _ in range(40):
            op.gate.number += 1
            said[op.gate.number] = op.gate.message(
                "command", op.gate.number,
                *op.gate.command("Ping", op.index["ne-1"]))
        asked = {op.gate.link.offer(*m): n for n, m in said.items()}
        answered = {}
        until = time.monotonic() + patience
        while time.monotonic() < until and len(answered) < len(asked):
            if not op.gate.link.quiet(0):
                message, _ = op.gate.link.receive()
                if message["kind"] == "decided":
                    answered[asked[message["id"]]] = message["index"]
        op.home.kill()
        assert op.home.start() is None, op.home.said()
        op.gate.connect()
        op.gate2.connect()
        again = {n: op.gate.link.ask(*m)[0] for n, m in said.items()}
        assert all(a["kind"] == "decided" for a in again.values()), again
        for n, index in answered.items():
            assert again[n]["index"] == index, (round_, n)
        assert len({a["index"] for a in again.values()}) == len(said)
    op.gate.follow().until(op.head())


def no_target_is_said_or_stored_in_clear():
    secrets = [TARGET[1], b64(TARGET[1].encode())] + op.w.texts + op.texts
    for folder, _, files in os.walk(op.home.dir):
        for name in files:
            if os.path.isfile(os.path.join(folder, name)):
                with open(os.path.join(folder, name), "rb") as f:
                    data = f.read()
                assert not any(s.encode() in data for s in secrets), name


def stop_in_good_order():
    op.gate.follower.until(op.head())
    op.gate.remember()
    assert op.home.kill(signal.SIGTERM) == 0, op.home.said()
    shutil.copytree(op.home.dir, op.home.dir + ".copy",
                    ignore=shutil.ignore_patterns("*.sock"))


def a_full_disk_lets_stops_through():
    text = open(op.home.path("custos.yaml")).read()
    op.home.put("custos.yaml", text + "disk_low: 999999GiB\n")
    assert op.home.start() is None, op.home.said()
    last = op.entry(op.head() - 1)
    assert last["kind"] == "stop", last
    op.gate.connect()
    op.gate2.connect()
    said, texts = op.gate.command("ActivateTask", op.index["ne-1"],
                                  str(uuid.uuid4()), [DID], [TARGET],
                                  "X2andX3")
    size = op.head()
    done = op.gate.say("command", said, texts)
    assert done["kind"] == "error" and done["code"] == "disk", done
    assert op.head() == size
    said, texts = op.gate.command("DeactivateTask", op.index["ne-1"], XID)
    said["void"] = [op.gate.number]
    done = op.gate.say("command", said, texts)
    assert done["kind"] == "decided" and done["allowed"], done
    assert op.gate.outcome(done["index"])["kind"] == "kept"
    people = People(op.home)
    people.act("warrant", "revoke", "warrant/w-1",
               {"id": "w-1", "digest": op.w.digest()}, [],
               [op.keys["approver-1"]])
    op.gate.follow().until(op.head())
    op.gate.remember()
    # What has ended is opened to no gate that comes to it now.
    op.gate2.follow().until(op.head())
    opened = [names for _, what, names in op.gate2.follower.opened
              if what == op.w.digest()]
    assert not any("targets" in names for names in opened), opened
    assert len(op.gate2.follower.leaves) == op.gate.size
    op.home.put("custos.yaml", text)


def a_clock_that_steps_holds_what_widens():
    assert op.home.kill(signal.SIGTERM) == 0
    op.home.clock = CLOCKSTEP
    clock = op.home.path("../clock")
    with open(clock, "w") as f:
        f.write("0")
    assert op.home.start() is None, op.home.said()
    op.gate.connect()
    op.gate2.connect()

    def ping():
        said, texts = op.gate.command("Ping", op.index["ne-1"])
        if op.void:
            said["void"] = sorted(op.void)
        done = op.gate.say("command", said, texts)
        op.void.append(op.gate.number)
        if done["kind"] == "decided":
            op.void = []
        return done.get("code", done["kind"])

    def missing():
        return [i for kind, i in op.findings() if kind == "beat.missing"]

    op.void = []
    first = ping()
    assert first == "decided", first
    silent = missing()
    for step, kept in (("-60", "clock"), ("0", "decided"), ("7300", "clock")):
        with open(clock, "w") as f:
            f.write(step)
        assert ping() == kept, step
    until = time.monotonic() + 15
    found = []
    while len(found) < 2 and time.monotonic() < until:
        found = [i for kind, i in op.findings() if kind == "clock.step"]
        time.sleep(0.1)
    assert len(found) == 2, found
    assert missing() == silent, "a clock's step is nobody's silence"
    # Its ADMF has the same wrong clock: law looks at the stamp.
    said, texts = op.gate.command("DeactivateTask", op.index["ne-1"], XID,
                                  when=7300)
    said["void"] = sorted(op.void)
    done = op.gate.say("command", said, texts)
    op.void = []
    assert done["kind"] == "decided" and done["allowed"], done
    assert op.gate.outcome(done["index"])["kind"] == "kept"
    people = People(op.home)
    people.act("policy", "clock", "policy", {"after": done["index"]}, [],
               op.home.overseers[:1])
    assert ping() == "decided"
    op.gate.follow().until(op.head())
    op.gate.remember()


def a_second_verifier_finds_nothing_wrong():
    folder = os.path.dirname(os.path.abspath(__file__))
    done = subprocess.run(
        [sys.executable, os.path.join(folder, "../interop/verify.py"),
         op.home.path("log"), "--genesis", op.home.log.genesis, "--vault",
         op.home.path("vault"), "--vault-key", op.home.path(
             "keys/vault.key")], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert "0 deleted" in done.stdout, done.stdout


def a_rollback_shown_by_a_gate_ends_the_keeper():
    assert op.home.kill(signal.SIGTERM) == 0
    shutil.rmtree(op.home.dir)
    os.rename(op.home.dir + ".copy", op.home.dir)
    op.home.clock = None
    assert op.home.start() is None, op.home.said()
    before = op.head()
    try:
        op.gate.connect()
    except (Closed, OSError):
        pass
    assert op.home.process.wait(timeout=20) == 3, op.home.said()
    assert "log.rollback" in op.home.said()
    with open(op.home.path("log/contradiction"), "rb") as f:
        assert f.read() == op.gate.note
    assert before < op.gate.size
    # It stays down until the log that it knows is back.
    refuses_to_start(op.home)
    assert "log/contradiction" in op.home.said()


def a_fork_shown_by_a_gate_ends_the_keeper():
    os.unlink(op.home.path("log/contradiction"))
    assert op.home.start() is None, op.home.said()
    op.gate.size, op.gate.leaves = 0, []
    op.gate.note = make_note(op.home.origin, 2, sha(b"elsewhere"),
                             op.home.log_key)
    try:
        op.gate.connect()
    except (Closed, OSError):
        pass
    assert op.home.process.wait(timeout=20) == 3, op.home.said()


def what_is_wrong_at_a_start_is_named():
    os.unlink(op.home.path("log/contradiction"))
    key = open(op.home.path("keys/log.key")).read()
    op.home.put("keys/log.key", Key().file())
    refuses_to_start(op.home)
    op.home.put("keys/log.key", key)
    text = open(op.home.path("custos.yaml")).read()
    op.home.put("custos.yaml", text + "genesis: " + "0" * 64 + "\n")
    refuses_to_start(op.home)
    assert "genesis: custos.yaml says" in op.home.said(), op.home.said()
    op.home.put("custos.yaml", text)
    vault = open(op.home.path("keys/vault.key"), "rb").read()
    op.home.put("keys/vault.key", bytes(32))
    refuses_to_start(op.home)
    op.home.put("keys/vault.key", vault)
    with open(op.home.path("log/journal/00000001.seg"), "r+b") as f:
        f.seek(6000)
        old = f.read(1)
        f.seek(6000)
        f.write(bytes([old[0] ^ 1]))
    refuses_to_start(op.home)
    with open(op.home.path("log/journal/00000001.seg"), "r+b") as f:
        f.seek(6000)
        f.write(old)
    assert op.home.start() is None, op.home.said()


def a_locked_home_opens_with_its_passphrase_alone():
    home = Home(PROGRAM, os.path.join(op.folder, "locked"), vault_key=None)
    home.put("keys/log.key", locked(home.log_key, "correct horse"))
    home.put("right", "correct horse\n")
    home.put("wrong", "correct horse ")
    assert home.genesis().returncode == 3
    home.options = ["--passphrase-file", home.path("right")]
    home.create()
    done = home.run("--check")
    assert done.returncode == 0 and not done.stdout, done.stdout
    assert home.start() is None, home.said()
    assert home.kill(signal.SIGTERM) == 0
    home.options = ["--passphrase-file", home.path("wrong")]
    refuses_to_start(home)
    done = home.run("--check")
    assert done.returncode == 1 and "passphrase" in done.stdout, done.stdout
    assert "correct horse" not in home.said() + done.stdout + done.stderr


CASES = [
    it_is_not_linked_with_what_reads_xml, create_wants_every_overseer, a_home_has_one_process,
    people_register_by_quorum,
    one_overseer_alone_is_refused_and_leaves_a_trace,
    a_warrant_with_a_false_token_is_refused,
    nobody_approves_their_own_submission, an_act_that_stands_keeps_its_index,
    a_gate_follows_root_signature_and_openings, strangers_are_refused,
    commands_are_decided_and_kept, the_same_request_finds_its_entry,
    a_false_report_is_refused, a_hidden_task_is_found,
    a_newer_connection_ends_the_older, sigkill_loses_nothing_acknowledged,
    nothing_widens_before_every_gate_was_heard,
    what_left_from_a_spool_is_kept,
    a_spool_of_an_earlier_start_goes_first,
    killed_under_load_it_keeps_what_it_acknowledged, no_target_is_said_or_stored_in_clear,
    stop_in_good_order,
    a_full_disk_lets_stops_through, a_clock_that_steps_holds_what_widens,
    a_second_verifier_finds_nothing_wrong,
    a_rollback_shown_by_a_gate_ends_the_keeper,
    a_fork_shown_by_a_gate_ends_the_keeper, what_is_wrong_at_a_start_is_named,
    a_locked_home_opens_with_its_passphrase_alone,
]

print("TAP version 13\n1..%d" % len(CASES), flush=True)
failed = 0
for n, case in enumerate(CASES, 1):
    try:
        case()
        print("ok %d - %s" % (n, case.__name__), flush=True)
    except Exception:
        failed += 1
        for line in traceback.format_exc().splitlines():
            print("# " + line)
        print("not ok %d - %s" % (n, case.__name__), flush=True)
        if os.environ.get("KEEP"):
            print("# " + op.folder)
            print("\n".join("# " + s for s in op.home.said().splitlines()))
            op.home.process.kill()
            sys.exit(1)
if failed and os.path.exists(op.home.path("run/stderr")):
    for line in op.home.said().splitlines():
        print("# keeper: " + line)
op.end()
sys.exit(failed != 0)
