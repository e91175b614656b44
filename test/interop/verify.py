#!/usr/bin/env python3
"""verify.py: a second verifier of a custos log, from its format pages alone.

    verify.py LOG --genesis HEX [--vault DIR (--vault-key FILE |
                                 --passphrase-file FILE)] [--quiet]

LOG is the directory with journal/ in it (the keeper's log/, or a copy).
Structural: frames, tree, checkpoints; statements and who made them; reports
and whose they are; times and numbers; what refers to what; that each decision's
rule fits its command, requester and element, and each allowed command the
warrants, tasks and destinations that stand so far.  With the vault it is full:
every sealed value is opened; each digest, token, set and line token computed
again; what was sent is read and must be what was decided; no warrant that
covers a task is passed over.

Findings that follow from clear members alone are derived: withheld, late or
groundless ones are named (refusals, doubts, stops, divergences, clocks, spools,
silence, identity, beats, unknown and altered tasks and destinations).

What it does not repeat: productIDs; what an element's answer says against a
destination (task.did.contradicted); which of several rules that hold comes
first; findings for which one must know what each answer may show
(task.missing, overdue, modified-aside, flicker), and notes.  Where the log leaves open what a keeper knew, it refuses nothing.

Exit: 0 all holds, 1 something does not (the entry is named), 2 usage, 3 it
could not be looked at.
"""
import argparse
import collections
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import log_said                                                 # noqa: E402
from log_acts import Tables                                     # noqa: E402
from log_bytes import (Bad, Range, checkpoint, count, dec,      # noqa: E402
                       is_id, is_uuid, journal, leaf, members, need,
                       read_json, time_us, unb64u)
from log_find import Findings                                   # noqa: E402
from log_law import Law                                         # noqa: E402
from log_lines import (X1, address_is, address_of, collapse,    # noqa: E402
                       destination_line, is_normal, names, read_line,
                       request_of, task_line, task_of, utc)
from log_words import (cut_sealed, disclosure, is_key_id,       # noqa: E402
                       key_id, master_of, read_sig, report_text,
                       sd_list, set_text, set_tokens, token, unseal,
                       vault_keys, verify)

ACTS = ("genesis", "holder", "instance", "element", "policy", "warrant")
KEEPERS = ("start", "stop", "beat", "finding")
SAID = log_said.SAID
OWN = {"command": ("decision rule", "covers line to"), "late": ("", "line"),
       "finding": ("verb finding type severity element instance holder xid did "
                   "rests word", "_sd"),
       "start": ("version build config recovered dropped", "")}
VOID_MAX = 1024                 # numbers that one `void` may name
VOID_LATE = 64                  # reports under way meanwhile

CLASS = {"target": "target", "targets": "target", "received": "target",
         "sent": "target", "item": "target", "liid": "target",
         "token_key": "target", "address": "target", "name": "person",
         "act": "person"}
TASK = log_said.TASK
CREATES = ("CreateDestination", "ModifyDestination")
WARRANT = ("authority", "reference", "legal_basis", "liid", "targets",
           "token_key")
WRONG_FORM = (LookupError, TypeError, AttributeError, ValueError,
              ArithmeticError, RecursionError, struct.error)


class Log:
    """Everything that the entries before the next one have made."""

    def __init__(self, keys):
        self.keys = keys            # of the vault, by id; or None
        self.tables = None
        self.time = -1
        self.roots = {}             # size -> root
        self.numbers = {}           # instance -> (start, n)
        self.lost = {}              # instance -> numbers not named yet
        self.bound = {}             # xid -> [warrant ids]
        self.keyed = {}             # xid -> revision digest of the first row
        self.commands = {}          # index -> (decision, xid, element, gate)
        self.told = set()           # commands that have an outcome
        self.law, self.found = Law(self), Findings(self)
        self.now = None             # time of the entry that is being taken
        self.findings = {}          # index -> [type, still open]
        self.bases = {}             # (auditor, start, element) -> (index, ids)
        self.parts = {}             # (auditor, start) -> a snapshot in parts
        self.token_keys = {}        # revision digest -> key
        self.audit_keys = {}        # element id -> key
        self.counts = collections.Counter()

    # -- one entry --

    def take(self, index, raw, sealed):
        e = read_json(raw)
        need(isinstance(e, dict) and e.get("v") == 1 and
             type(e.get("v")) is int, "v")
        kind = e.get("kind")
        need(kind in ACTS or kind in KEEPERS or kind in SAID, "kind")
        says = self.shape(kind, e)
        if index == 0:
            need(kind == "genesis", "entry 0 is the genesis")
            self.tables = Tables(raw)
        nonce = unb64u(e["nonce"], 16)
        when = time_us(e["time"])
        need(when > self.time, "its time is not after that of the former")
        self.counts[kind] += 1
        self.now = when
        if index > 0:
            self.found.tick(when, kind)
        if "act" in e:
            self.source(e, says, {})
            self.tables.take(index, when, kind, e["act"])
            body = read_json(e["act"]["payload"].encode())
        elif says:
            body = self.report_signed(kind, e)
            self.source(e, says, body)
        else:
            self.source(e, says, {})
            body = e
        if "act" not in e and kind in log_said.FORMS and (says or kind ==
                                                          "start"):
            log_said.FORMS[kind](body)
        digests = sd_list(body["_sd"]) if "_sd" in body else []
        opened = self.seals(e, digests, nonce, sealed)
        if says:
            self.found.word(kind, e, body)
        else:
            self.found.keeper(kind, e)
        if kind in ("command", "late"):
            self.command(index, when, kind, e, body, opened)
        elif says and kind in ("outcome", "snapshot", "round", "report",
                               "start", "stop", "beat"):
            getattr(self, kind)(index, e, body, opened)
        elif kind == "finding":
            self.finding(index, e, body)
        if "act" in e:
            self.openings(e["act"], body, opened)
        if opened is not None:
            self.named(kind, e, body, opened)
        self.time = when

    def shape(self, kind, e):
        """The members of an entry; is it a report?"""
        common = ["v", "kind", "time", "nonce", "source"]
        says = kind in SAID and "said" in e
        must, may = OWN.get(kind, ("", ""))
        if "act" in e:
            need(kind in ACTS or kind == "finding", "act")
            common, must, may = common + ["act"], "", ""
        elif says:
            common += ["said", "sig"]
            if kind == "start":
                must = may = ""
        else:
            need(kind in KEEPERS, "an entry of nobody")
        members(e, common + must.split(), may.split() + ["_sealed"])
        return says

    def source(self, e, says, body):
        """Numbers go on by one; reports may name what became no entry."""
        s = members(e["source"], ("role", "instance", "start", "n"))
        need(is_id(s["instance"]) and s["role"] in ("keeper", "gate",
                                                    "auditor"), "source")
        start, n = count(s["start"], 1), count(s["n"], 1)
        need(says == (s["role"] != "keeper"), "source of another role")
        was, last = self.numbers.get(s["instance"], (0, 0))
        need(start >= was, "an older start")
        gap = body.get("void", [])
        need(isinstance(gap, list) and len(gap) <= VOID_MAX and
             all(type(v) is int for v in gap), "void")
        need("last" not in body or count(body["last"]) >= 0 and start > was,
             "last, but not first")
        if start > was:
            last = 0
        need(n > last, "a number that came already")
        # Reports under way beside one that was not taken cannot name it.
        lost = set() if start > was else self.lost.get(s["instance"], set())
        need(n - last - 1 <= VOID_MAX, "reports are missing")
        lost = (lost | set(range(last + 1, n))) - set(gap)
        # Whoever stops knows what has no answer, and names it.
        need(not lost or says and e["kind"] != "stop" and
             n - min(lost) < VOID_LATE, "a report is missing")
        self.lost[s["instance"]] = lost
        self.numbers[s["instance"]] = (start, n)

    def report_signed(self, kind, e):
        s, raw = e["source"], e["said"].encode()
        need(len(raw) <= 49152, "said is too long")
        inst = self.tables.instances.get(s["instance"])
        need(inst is not None and inst[0] == s["role"] and inst[2],
             "said by an instance that is not registered")
        need(s["role"] in log_said.ROLE[kind], "not this role's to say")
        kid, when, sig = read_sig(e["sig"])
        need(kid == key_id(inst[1]), "key of another")
        text = report_text(self.tables.origin, self.tables.genesis, kind,
                           s["instance"], s["start"], s["n"], raw, kid, when)
        need(verify(inst[1], sig, text.encode()),
             "signature of " + s["instance"])
        return members(read_json(raw), SAID[kind].split(),
                       ("void", "last", "_sd") +
                       log_said.MAYBE.get(kind, ()))

    # -- sealed values --

    def seals(self, e, digests, nonce, sealed):
        rows = e.get("_sealed", [])
        need(isinstance(rows, list) and len(rows) == len(digests) and
             bool(rows) == ("_sealed" in e), "_sealed")
        for row, digest in zip(rows, digests):
            need(isinstance(row, list) and len(row) == 3 and
                 row[0] == digest and is_key_id(row[1]), "_sealed row")
            unb64u(row[2], 32)
        if sealed is None:
            need(not rows, "sealed values are not there")
            return None
        items = cut_sealed(sealed, rows)
        if self.keys is None:
            return None
        opened = []
        for row, item in zip(rows, items):
            key = self.keys.get(row[1])
            if key is None:
                self.counts["deleted"] += 1
                continue
            text = unseal(item, key[2], nonce, unb64u(row[0], 32))
            _, name, value = disclosure(text)
            need(key[1] == CLASS.get(name, "text"), "class of a sealing key")
            opened.append((name, value, key[0]))
            self.counts["opened"] += 1
        return opened if len(opened) == len(rows) else None

    def openings(self, act, p, opened):
        """What an act disclosed, checked against its clear members."""
        kind, verb = act["kind"], act["verb"]
        if kind == "finding":
            row = self.findings.get(dec(p["id"]))
            need(row is not None and row[1], "no finding, or a closed one")
            row[1] = verb != "close"
            if verb == "close":
                self.found.close(dec(p["id"]))
        if opened is None:
            return
        got = collections.Counter(name for name, _, _ in opened)
        want = {"genesis": (), "holder": ("name",), "finding": ("reason",),
                "element": ("audit_key",), "warrant": WARRANT}.get(kind, ())
        if kind == "element" and verb == "change":
            want = ()
        if verb in ("revoke", "retire", "approve", "refuse", "confirm") or \
                kind in ("instance", "policy"):
            want = ("reason",) if got else ()
        need(got.pop("document", 0) <= (32 if "liid" in want else 0) and
             got == collections.Counter(want), "disclosures of the act")
        got = {name: value for name, value, _ in opened}
        need(all(isinstance(v, str) and 0 < len(v.encode()) <= 4096
                 for k, v in got.items() if k in ("name", "reason") or
                 k in WARRANT and k != "targets"), "a text")
        if "audit_key" in got:
            self.audit_keys[p["id"]] = unb64u(got["audit_key"], 32)
        if "token_key" in got:
            key = unb64u(got["token_key"], 32)
            least = [self.tables.rules[k] for k in ("cidr4_min", "cidr6_min")]
            for targets in got["targets"]:
                set_text(is_normal(targets))
                need(any(names(k, v, *least) for k, v in targets),
                     "a set that names nobody")
            need([set_tokens(key, t) for t in got["targets"]] == p["sets"],
                 "sets are not the tokens of its targets")
            rev = self.tables.warrants[p["id"]][-1]
            self.token_keys[rev.digest] = key

    def named(self, kind, e, body, opened):
        """Each value is sealed for what it belongs to (Sealing keys)."""
        source, month = e["source"]["instance"], ":" + e["time"][:7]
        element = body.get("element") if "act" not in e else None
        xid = body.get("xid")
        if kind == "outcome":
            _, xid, element, _ = self.commands[dec(body["command"])]
        for name, value, scope in opened:
            want = "instance:" + source + month
            about = value[0] if name == "item" else xid
            if "act" in e:
                if kind in ("warrant", "element") or name == "name":
                    want = "%s:%s%s" % (kind, body["id"], month if kind ==
                                        "element" and name != "audit_key"
                                        else "")
            elif kind in ("command", "late", "outcome", "snapshot") and \
                    about in self.bound:
                want = "warrant:" + self.bound[about][0]
            elif element is not None:
                at = self.tables.element_at[dec(element)]
                want = "element:" + at["id"] + month
            need("act" in e or name in log_said.DISCLOSED.get(kind, ()),
                 "disclosure " + name)
            need(scope == want, "%s is sealed for %s, not %s" % (name, scope,
                                                                 want))

    # -- commands --

    def command(self, index, when, kind, e, said, opened):
        need(dec(said["size"]) <= index, "size")
        element = None
        if said["element"] is not None:
            element = self.tables.element_at.get(dec(said["element"]))
            need(element is not None, "element")
        xid, decision = said["xid"], e.get("decision", "late")
        self.commands[index] = (decision, xid, said["element"],
                                e["source"]["instance"])
        if kind == "command":
            need(decision in ("allowed", "refused") and
                 log_said.word(e["rule"]), "decision")
            self.counts[decision] += 1
        if decision == "allowed":
            self.allowed(index, when, e, said, element, opened)
        elif decision == "refused":
            need(not {"covers", "line", "to"} & set(e),
                 "members of an allowed command")
        else:
            need(element is not None and said["form"] is None,
                 "a late of nothing that is known")
        if decision != "late":
            self.law.decided(when, e, said, element,
                             self.tables.elements.get(said["requester"]))
        line = self.sent(e, said, element, opened)
        key = self.token_keys.get(self.keyed.get(xid))
        if decision == "allowed" and said["type"] in TASK:
            self.law.task(e, said, element, line, key)
        if decision != "late" and opened is not None:
            self.law.cover(when, e, said, element, values(opened, "target"))
        self.found.command(index, e, said, element)
        if decision != "refused":
            self.law.command(index, e, said, element, line)

    def allowed(self, index, when, e, said, element, opened):
        need(element is not None and element["live"] and
             self.tables.elements[element["id"]] is element,
             "allowed towards an element that is not registered")
        asks = self.tables.elements.get(said["requester"])
        need(asks is not None and asks["live"] and asks["kind"] == "admf",
             "allowed to one that is no registered ADMF")
        need(said["form"] is None, "allowed, though not understood")
        tolerance = self.tables.rules["x1_time_tolerance"] * 1000
        need(abs(time_us(said["stamp"]) - when) <= tolerance,
             "its time stamp is out of tolerance")
        kind = said["type"]
        need(("covers" in e) == (kind in TASK), "covers")
        need(("to" in e) == (kind in CREATES), "to")
        need("line" in e or kind not in TASK + CREATES, "line")
        if kind in TASK:
            self.covered(index, when, e, said, element, opened)
        if kind in CREATES:
            mdf = self.tables.element_at.get(dec(e["to"]))
            need(mdf is not None and mdf["live"] and mdf["kind"] == "mdf" and
                 self.tables.elements[mdf["id"]] is mdf,
                 "a destination that is no registered MDF")
            address = values(opened, "address")
            need(opened is None or len(address) == 1 and
                 address[0] in mdf["delivery"],
                 "a destination at another address")

    def covered(self, index, when, e, said, element, opened):
        rows, xid = e["covers"], said["xid"]
        need(isinstance(rows, list) and len(rows) <= 16, "covers")
        need(said["mediation"] == 0, "mediation details towards a POI")
        need(is_uuid(xid) and said["dids"], "a task without XID or destination")
        targets = values(opened, "target")
        order = []
        for row in rows:
            need(isinstance(row, list) and len(row) == 3, "row of covers")
            r = self.tables.revisions.get(unb64u(row[1], 32))
            need(r is not None and r.p["id"] == row[0],
                 "covered by a revision that is not in the log")
            w = r.p
            need(r.live(when), "covered by a warrant that is not live: " +
                 row[0])
            need(w["scope"] == "iri+cc" or said["delivery"] == "X2Only",
                 "content under an order for IRI only")
            need(not w["services"] or (said["services"] is not None and
                 set(said["services"]) <= set(w["services"])), "services")
            need(element["id"] in w["elements"] or
                 element["zone"] in w["zones"], "element not in the warrant")
            need(row[2] in w["sets"], "tokens are none of the warrant's sets")
            if element["multi"] == "each":
                need(all([t] in w["sets"] for t in row[2]),
                     "a member that is not covered alone")
            if targets and r.digest in self.token_keys:
                need(set_tokens(self.token_keys[r.digest], targets) == row[2],
                     "tokens are not those of its targets")
            order.append((-r.until, row[0]))
        need(order == sorted(set(order)), "order of covers")
        ids = [row[0] for row in rows]
        bound = self.bound.get(xid, [])
        need(ids or said["type"] == "ModifyTask" and bound,
             "an activation that no warrant covers")
        need(not bound or not ids or set(ids) & set(bound),
             "an XID bound to another warrant")
        need(bound or said["type"] == "ActivateTask",
             "a change of what was never activated")
        if not bound:
            self.keyed[xid] = unb64u(rows[0][1], 32)
        self.bound[xid] = bound + [i for i in ids if i not in bound]

    def sent(self, e, said, element, opened):
        """What was received and what was to be sent say what was decided."""
        if "line" in e:
            unb64u(e["line"], 32)
            need(said["type"] in CREATES or said["type"] in TASK and
                 said["xid"] in self.keyed,
                 "line of what has none, or is bound to no warrant")
        if opened is None:
            return None
        one = {n: v for n, v, _ in opened if n != "target"}
        need(len(one) == sum(n != "target" for n, _, _ in opened),
             "a disclosure twice")
        read = said["form"] is None and said["type"] is not None
        need(("sent" in one) == read, "sent")
        need(not read or "root" in one and "received" in one and
             "received_len" not in one, "received")
        is_normal(values(opened, "target"))
        if "address" in one:
            address_is(one["address"])
        if "received_len" in one:
            need(dec(one["received_len"]) >
                 len(unb64u(one["received"])), "received_len")
        if not read:
            return None
        line = self.means(said, one, opened, unb64u(one["sent"]), True)
        if "received" in one and "received_len" not in one:
            root = unb64u(one["root"])
            whole = root + unb64u(one["received"]) + b"</" + \
                root[1:].split(b">")[0].split()[0] + b">"
            self.means(said, one, opened, whole, not said["leniencies"])
        if "line" not in e or line is None:
            return line
        key = self.audit_keys.get(element["id"]) if said["type"] in CREATES \
            else self.token_keys.get(self.keyed.get(said["xid"]))
        need(key is None or token(key, "line", line) == e["line"],
             "its line token is not that of what was sent")
        return line

    def means(self, said, one, opened, data, exact):
        """Does an X1 request say the members of said?  Its line, or None."""
        try:
            return self.reads(said, one, opened, data, exact)
        except Bad as bad:
            raise Bad("its X1 message: " + bad.why)
        except WRONG_FORM:
            raise Bad("its X1 message has another form")

    def reads(self, said, one, opened, data, exact):
        kind, msg = request_of(data)
        need(kind == said["type"], "type")
        for k, tag in (("admf", "admfIdentifier"), ("ne", "neIdentifier")):
            need(said[k] is None or collapse(msg.text_of(tag)) == said[k], tag)
        need(msg.text_of("version") == said["version"], "version")
        need(collapse(msg.text_of("x1TransactionId")) == said["transaction"],
             "x1TransactionId")
        need(not exact or utc(msg.text_of("messageTimestamp")) == said["stamp"],
             "messageTimestamp")
        if kind in TASK:
            t = task_of(msg.the("taskDetails"))
            line = task_line(t)
            for k, mine in (("xid", t["xid"]), ("delivery", t["delivery"]),
                            ("dids", sorted(t["dids"])),
                            ("product", t["product"]),
                            ("correlation", t["corr"]),
                            ("implicit", bool(t["implicit"])),
                            ("services", t["services"] and
                             sorted(t["services"])),
                            ("mediation", len(t["med"]))):
                need(said[k] == mine, k)
            need(set_text(t["targets"]) == set_text(values(opened, "target")),
                 "its targets are not those disclosed")
            return line
        if kind in CREATES:
            d = msg.the("destinationDetails")
            at, delivery = address_of(d.the("deliveryAddress")), \
                d.text_of("deliveryType")
            need([d.text_of("dId")] == said["dids"] and
                 delivery == said["delivery"], "dId or deliveryType")
            need(at == one["address"], "its address is not that disclosed")
            return destination_line(said["dids"][0], delivery, at)
        if said["xid"] is not None:
            need(msg.text_of("xId") == said["xid"], "xId")
        if said["dids"] is not None:
            need([msg.text_of("dId")] == said["dids"], "dId")
        return None

    # -- what processes say --

    def outcome(self, index, e, p, opened):
        at = dec(p["command"])
        row = self.commands.get(at)
        need(row is not None, "an outcome of what is no command")
        need(row[3] == e["source"]["instance"], "another gate's command")
        need(row[0] != "refused" or p["what"] == "not sent",
             "a refused command was sent")
        size = None if p["checkpoint"] is None else dec(p["checkpoint"])
        need(size is None or size <= index, "checkpoint")
        left = p["what"] == "sent" or (p["what"] == "in doubt" and
                                       p["why"] != "restart")
        if left and row[0] != "late":
            need(size is not None or p["what"] != "sent", "no checkpoint")
            need(size is None or size > at, "a checkpoint without it")
        need(not left or at not in self.told, "it was told already")
        self.told.add(at)
        self.law.outcome(at, p)
        self.found.outcome(index, p)

    def report(self, index, e, p, opened):
        need(dec(p["size"]) <= index, "size")
        need(p["element"] is None or
             dec(p["element"]) in self.tables.element_at, "element")

    def start(self, index, e, p, opened):
        need(dec(p["size"]) <= index, "size")

    stop = start

    def beat(self, index, e, p, opened):
        size = dec(p["size"])
        need(size <= index and self.roots[size] == unb64u(p["root"], 32),
             "a head that this log never had")
        self.found.beat(index, e, p)

    def finding(self, index, e, p):
        if "act" in e:
            return
        log_said.finding(p)
        need(all(dec(r) < index for r in p["rests"]),
             "rests on what comes later")
        need(p["element"] is None or
             dec(p["element"]) in self.tables.element_at, "element")
        if p["verb"] == "open":
            self.findings[index] = [p["type"], True]
            self.found.open(index, p)
            return
        row = self.findings.get(dec(p["finding"]))
        need(row is not None and row[0] == p["type"], "a note of no finding")

    # -- what elements answered --

    def snapshot(self, index, e, p, opened):
        s = e["source"]
        element = self.tables.element_at.get(dec(p["element"]))
        need(element is not None and dec(p["question"]) <= index,
             "element or question")
        who = (s["instance"], s["start"])
        key = who + (element["id"],)
        base = self.bases.get(key, (None, set()))
        need(p["base"] is None or dec(p["base"]) == base[0], "base")
        if p["part"] == 1:
            self.parts[who] = {"at": index, "n": s["n"], "part": 0, "last": "",
                               "ids": set(), "same": [
                                   p[k] for k in ("element", "question",
                                                  "asked", "answered", "base",
                                                  "complete", "parts")]}
            old = base[1] if p["base"] is not None else set()
            need(set(p["gone"]) <= old, "gone, but never there")
            self.parts[who]["ids"] = old - set(p["gone"])
        g = self.parts.get(who)
        need(g is not None and p["part"] == g["part"] + 1 and
             s["n"] == g["n"] + p["part"] - 1 and g["same"] == [
                 p[k] for k in ("element", "question", "asked", "answered",
                                "base", "complete", "parts")],
             "parts that do not go on")
        g["part"] = p["part"]
        for v in p["items"]:
            need(v["id"] >= g["last"], "order of the items")
            g["last"] = v["id"]
            g["ids"].add(v["id"])
            need(v["type"] == "destination" or v["line"] is None or
                 v["id"] in self.bound, "a line token, but no warrant")
        if opened is not None:
            self.items(p["items"], [v for n, v, _ in opened if n == "item"],
                       element)
        self.found.snapshot(index, e, p, element)
        if p["part"] == p["parts"]:
            del self.parts[who]
            if p["complete"]:
                self.bases[key] = (g["at"], g["ids"])
                self.law.answered(element)

    def items(self, items, shown, element):
        """What was disclosed of each item is what its line token says."""
        need(len(items) == len(shown), "an item each")
        shown = sorted(shown, key=lambda v: (v[0], v[1].startswith("task ")))
        rows = sorted(items, key=lambda v: (v["id"], v["type"] == "task"))
        for v, text in zip(rows, shown):
            need(text[0] == v["id"], "an item of another object")
            if len(text) == 3 and v["line"] is None:
                need(text[1] == v["why"] and len(unb64u(text[2])) <= 4096,
                     "why it has no line")
                continue
            need(len(text) == 2 and v["why"] != "form", "a line")
            what, ident, _ = read_line(text[1])
            need((what, ident) == (v["type"], v["id"]),
                 "a line of another object")
            key = self.audit_keys.get(element["id"]) if what == "destination" \
                else self.token_keys.get(self.keyed.get(ident))
            need(v["line"] is None or key is None or
                 token(key, "line", text[1]) == v["line"],
                 "line token of " + ident)

    def round(self, index, e, p, opened):
        s = e["source"]
        for row in p["rows"]:
            element = self.tables.element_at.get(dec(row[0]))
            need(element is not None and dec(row[2]) <= index, "row")
            at, ids = self.bases.get((s["instance"], s["start"],
                                      element["id"]), (None, set()))
            need(dec(row[1]) == at, "base is not its last complete snapshot")
            need(row[5] == len(ids), "number of objects")
            self.law.answered(element)
        self.found.round(index, e, p)


def values(opened, name):
    return [v for n, v, _ in opened or [] if n == name]


# ---- the whole log ----------------------------------------------------------

class Unreadable(Exception):
    pass


def open_vault(args):
    if args.vault is None:
        return None

    def file(path):
        with open(path, "rb") as f:
            return f.read()
    phrase = file(args.passphrase_file) if args.passphrase_file else None
    key = file(args.vault_key) if args.vault_key else None
    try:
        master = master_of(file(os.path.join(args.vault, "master")), phrase,
                           key)
        return vault_keys(file(os.path.join(args.vault, "keys")), master)
    except Bad as bad:
        raise Unreadable("vault: " + bad.why)


def origin_of(folder):
    """The origin, from entry 0 as it lies on disk."""
    with open(os.path.join(folder, "00000001.seg"), "rb") as f:
        data = f.read(4096 + 32 + 65536)
    size = int.from_bytes(data[4100:4104], "big")
    try:
        e = read_json(data[4128:4128 + size])
        return read_json(e["act"]["payload"].encode())["origin"]
    except (Bad, KeyError, TypeError, AttributeError):
        raise Bad("it is no genesis", 0, 4096)


def whole(args):
    folder = os.path.join(args.log, "journal")
    log, index = Log(open_vault(args)), 0
    tree = Range()
    log.roots[0] = tree.root()
    for batch in journal(folder, origin_of(folder)):
        if batch.note is not None and log.tables is not None:
            note(batch.note, log, batch.entries[0][0])
        for i, raw in batch.entries:
            index = i
            try:
                need(i > 0 or leaf(raw).hex() == args.genesis,
                     "it is not the genesis that was named")
                log.take(i, raw, batch.sealed.get(i))
            except Bad as bad:
                raise Bad(bad.why, i, batch.at)
            except WRONG_FORM:
                raise Bad("a member has another form", i, batch.at)
            tree.add(leaf(raw))
            log.roots[i + 1] = tree.root()
    need(log.tables is not None, "nothing stands in it")
    log.found.end()
    path = os.path.join(args.log, "checkpoint")
    if os.path.exists(path):
        with open(path, "rb") as f:
            note(f.read(), log, None)
    return log, index + 1


def note(data, log, entry):
    """A checkpoint is of this log, or of no key of it and skipped."""
    try:
        size, root = checkpoint(data, log.tables.origin, log.tables.log_key,
                                verify)
        need(log.roots.get(size) == root,
             "signed, of %d entries, and not of this log" % size)
    except Bad as bad:
        raise Bad("checkpoint: " + bad.why, entry)


def arguments():
    p = argparse.ArgumentParser(
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Verify a custos log, by a program that shares nothing "
        "with custos but the\nformat pages (docs/format).",
        epilog="""exit code:
  0  all holds
  1  something does not; the entry is named: "entry 42: ..."
  2  usage
  3  it could not be looked at

Without the vault everything is checked that stands in clear.  With it each
sealed value is opened and compared, too.  Verify a copy, or the log of a keeper
that has stopped: what is being written is not whole.

  verify.py keeper/log --genesis "$(cat genesis)"
  verify.py copy --genesis HEX --vault keeper/vault \\
            --vault-key keeper/keys/vault.key
""")
    p.add_argument("log", metavar="LOG",
                   help="the directory with journal/ in it")
    p.add_argument("--genesis", required=True, metavar="HEX",
                   help="genesis digest that you were given on paper: the leaf "
                   "hash of entry 0")
    p.add_argument("--vault", metavar="DIR",
                   help="the keeper's vault: check the sealed values, too")
    p.add_argument("--vault-key", metavar="FILE",
                   help="its key file, or")
    p.add_argument("--passphrase-file", metavar="FILE",
                   help="a file with its passphrase")
    p.add_argument("--quiet", action="store_true",
                   help="say nothing if all holds")
    args = p.parse_args()
    args.genesis = args.genesis.strip()
    if len(args.genesis) != 64 or set(args.genesis) - set("0123456789abcdef"):
        p.error("--genesis: 64 lower-case hex digits")
    if bool(args.vault) != bool(args.vault_key or args.passphrase_file) or \
            (args.vault_key and args.passphrase_file):
        p.error("--vault goes with one of --vault-key and --passphrase-file")
    return args


def main():
    args = arguments()
    try:
        log, n = whole(args)
    except Unreadable as bad:
        print("could not look at it: %s" % bad, file=sys.stderr)
        return 3
    except OSError as e:
        print("could not look at it: %s: %s" % (e.filename, e.strerror),
              file=sys.stderr)
        return 3
    except Bad as bad:
        print("%s: %s%s" % (
            "log" if bad.entry is None else "entry %d" % bad.entry, bad.why,
            "" if bad.position is None else " (position %d)" % bad.position))
        return 1
    except WRONG_FORM:
        print("log: it has another form than the format pages describe")
        return 1
    if not args.quiet:
        print("%d entries hold; %d commands allowed, %d refused; %s" % (
            n, log.counts["allowed"], log.counts["refused"],
            "structural: no vault was given" if log.keys is None else
            "full: %d sealed values opened, %d deleted" %
            (log.counts["opened"], log.counts["deleted"])))
        if log.tables.trial:
            print("TRIAL: all keys were made on one machine")
    return 0


if __name__ == "__main__":
    sys.exit(main())
