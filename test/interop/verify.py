#!/usr/bin/env python3
"""verify.py: a second verifier of a custos log, from its format pages alone.

    verify.py LOG --genesis HEX [--vault DIR (--vault-key FILE |
                                 --passphrase-file FILE)] [--quiet]

LOG is the directory with journal/ in it (the keeper's log/, or a copy).
Structural: frames, tree, checkpoints; statements and who made them; reports
and whose they are; times and numbers; that each allowed command names live
warrants that cover it by its clear members.  With the vault it is full: every
sealed value is opened, each digest, token, set and line token computed again.

Exit: 0 all holds, 1 something does not (the entry is named), 3 it could not be
looked at.
"""
import argparse
import collections
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from log_acts import Tables                                     # noqa: E402
from log_bytes import (Bad, b64u, checkpoint, count, dec, is_id,  # noqa: E402
                       is_uuid, journal, leaf, members, need, read_json,
                       time_us, unb64u)
from log_words import (cut_sealed, disclosure, key_id, master_of,  # noqa: E402
                       read_sig, report_text, sd_list, set_tokens, token,
                       unseal, vault_keys, verify)

ACTS = ("genesis", "holder", "instance", "element", "policy", "warrant")
KEEPERS = ("start", "stop", "beat", "finding")
SAID = {
    "command": "requester certificate bound admf ne element type transaction "
               "stamp version xid dids product correlation implicit delivery "
               "services mediation leniencies form size",
    "outcome": "command what why mine sent_at answered_at answer code http "
               "certificate checkpoint",
    "report": "element certificate bound ne admf type transaction stamp "
              "version xid did issue code leniencies size",
    "snapshot": "element question asked answered complete error certificate "
                "base part parts items gone",
    "round": "rows", "start": "version build config size spool",
    "stop": "size", "beat": "size root spool tls_refused refused spool_failed"}
SAID["late"] = SAID["command"] + " request"
OWN = {"command": ("decision rule", "covers line to"), "late": ("", "line"),
       "finding": ("verb finding type severity element instance holder xid did "
                   "rests word", "_sd"),
       "start": ("version build config recovered dropped", "")}
MONTHS = 1 << 20

CLASS = {"target": "target", "targets": "target", "received": "target",
         "sent": "target", "item": "target", "liid": "target",
         "token_key": "target", "address": "target", "name": "person",
         "act": "person"}
SERVICES_OF = {"ActivateTask", "ModifyTask"}


class Log:
    """Everything that the entries before the next one have made."""

    def __init__(self, keys):
        self.keys = keys            # of the vault, by id; or None
        self.tables = None
        self.time = -1
        self.numbers = {}           # instance -> (start, n)
        self.bound = {}             # xid -> [warrant ids]
        self.keyed = {}             # xid -> revision digest of the first row
        self.commands = {}          # index -> decision
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
        need(list(e)[:5] == common[:5], "order of the common members")
        if index == 0:
            need(kind == "genesis", "entry 0 is the genesis")
            self.tables = Tables(raw)
        nonce = unb64u(e["nonce"], 16)
        when = time_us(e["time"])
        need(when > self.time, "its time is not after that of the former")
        self.source(e, says)
        self.counts[kind] += 1
        if "act" in e:
            self.tables.take(index, when, kind, e["act"])
            body = read_json(e["act"]["payload"].encode())
        elif says:
            body = self.report(index, kind, e)
        else:
            body = e
        digests = sd_list(body["_sd"]) if "_sd" in body else []
        opened = self.seals(e, digests, nonce, sealed)
        if kind in ("command", "late"):
            self.command(index, when, kind, e, body, opened)
        elif kind == "outcome":
            need(self.commands.get(dec(body["command"])) is not None,
                 "an outcome of what is no command")
        if "act" in e:
            self.openings(e["act"], body, opened)
        self.time = when

    def source(self, e, says):
        """Numbers go on by one; reports may name what became no entry."""
        s = members(e["source"], ("role", "instance", "start", "n"))
        need(is_id(s["instance"]) and s["role"] in ("keeper", "gate",
                                                    "auditor"), "source")
        start, n = count(s["start"], 1), count(s["n"], 1)
        need(says == (s["role"] != "keeper"), "source of another role")
        was, last = self.numbers.get(s["instance"], (0, 0))
        need(start >= was, "an older start")
        if start > was:
            last = 0
        gap = []
        if says:
            body = read_json(e["said"].encode())
            gap = body.get("void", [])
            need(isinstance(gap, list) and len(gap) <= 1024 and
                 all(type(v) is int for v in gap), "void")
        need(n > last, "a number that came already")
        missing = set(range(last + 1, n)) if n - last < MONTHS else {-1}
        need(missing <= set(gap) or start > was and says,
             "a report is missing before it")
        self.numbers[s["instance"]] = (start, n)

    def report(self, index, kind, e):
        s, raw = e["source"], e["said"].encode()
        need(len(raw) <= 49152, "said is too long")
        inst = self.tables.instances.get(s["instance"])
        need(inst is not None and inst[0] == s["role"] and inst[2],
             "said by an instance that is not registered")
        kid, when, sig = read_sig(e["sig"])
        need(kid == key_id(inst[1]), "key of another")
        text = report_text(self.tables.origin, self.tables.genesis, kind,
                           s["instance"], s["start"], s["n"], raw, kid, when)
        need(verify(inst[1], sig, text.encode()),
             "signature of " + s["instance"])
        return members(read_json(raw), SAID[kind].split(),
                       ("void", "last", "_sd"))

    # -- sealed values --

    def seals(self, e, digests, nonce, sealed):
        rows = e.get("_sealed", [])
        need(isinstance(rows, list) and len(rows) == len(digests) and
             bool(rows) == ("_sealed" in e), "_sealed")
        for row, digest in zip(rows, digests):
            need(isinstance(row, list) and len(row) == 3 and
                 row[0] == digest and isinstance(row[1], str), "_sealed row")
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
            opened.append((name, value))
            self.counts["opened"] += 1
        return opened if len(opened) == len(rows) else None

    def openings(self, act, p, opened):
        """Keys and targets that an act disclosed, checked against its clear."""
        got = dict(opened or [])
        if act["kind"] == "element" and "audit_key" in got:
            self.audit_keys[p["id"]] = unb64u(got["audit_key"], 32)
        if act["kind"] == "warrant" and "token_key" in got:
            key = unb64u(got["token_key"], 32)
            need([set_tokens(key, t) for t in got["targets"]] == p["sets"],
                 "sets are not the tokens of its targets")
            rev = self.tables.warrants[p["id"]][-1]
            self.token_keys[rev.digest] = key

    # -- commands --

    def command(self, index, when, kind, e, said, opened):
        for name in ("element", "size"):
            if said[name] is not None:
                need(dec(said[name]) <= index, name)
        xid = said["xid"]
        need(xid is None or is_uuid(xid), "xid")
        if kind == "late":
            self.commands[index] = "late"
            self.line(e, xid, said, opened)
            return
        need(e["decision"] in ("allowed", "refused"), "decision")
        self.commands[index] = e["decision"]
        self.counts[e["decision"]] += 1
        if e["decision"] == "refused":
            need(not {"covers", "line", "to"} & set(e),
                 "members of an allowed command")
            return
        element = self.tables.element_at.get(dec(said["element"]))
        need(element is not None and element["live"] and
             self.tables.elements[element["id"]] is element,
             "allowed towards an element that is not registered")
        need(said["form"] is None, "allowed, though not understood")
        tolerance = self.tables.rules["x1_time_tolerance"] * 1000
        need(abs(time_us(said["stamp"]) - when) <= tolerance,
             "its time stamp is out of tolerance")
        if said["type"] in SERVICES_OF:
            self.covered(index, when, e, said, element, opened)
        else:
            need("covers" not in e, "covers")
        if said["type"] in ("CreateDestination", "ModifyDestination"):
            mdf = self.tables.element_at.get(dec(e.get("to", "")))
            need(mdf is not None and mdf["live"] and mdf["kind"] == "mdf" and
                 mdf["zone"] == element["zone"],
                 "a destination that is no MDF of its zone")
            address = dict(opened or []).get("address")
            need(address is None or address in mdf["delivery"],
                 "a destination at another address")
        self.line(e, xid, said, opened)

    def covered(self, index, when, e, said, element, opened):
        rows, xid = e["covers"], said["xid"]
        need(isinstance(rows, list) and len(rows) <= 16, "covers")
        need(said["mediation"] == 0, "mediation details towards a POI")
        targets = [v for n, v in opened or [] if n == "target"]
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
        bound = self.bound.setdefault(xid, [])
        if bound:
            need(not ids or set(ids) & set(bound),
                 "an XID bound to another warrant")
        else:
            need(ids, "an activation that no warrant covers")
            self.keyed[xid] = unb64u(rows[0][1], 32)
        need(said["type"] == "ModifyTask" or ids,
             "an activation that no warrant covers")
        bound += [i for i in ids if i not in bound]

    def line(self, e, xid, said, opened):
        """The line token of what was commanded, computed again."""
        if "line" not in e:
            return
        unb64u(e["line"], 32)
        if opened is None or said["type"] not in SERVICES_OF:
            return
        key = self.token_keys.get(self.keyed.get(xid))
        if key is None:
            return
        targets = [v for n, v in opened if n == "target"]
        need(token(key, "line", task_line(said, targets)) == e["line"],
             "line token of the task")


def task_line(said, targets):
    from log_words import escape, set_text
    return ("task %s deliver=%s set=%s dids=%s product=%s corr=%s implicit=%d "
            "services=%s rest=-" % (
                said["xid"], said["delivery"], escape(set_text(targets)),
                ",".join(said["dids"]), said["product"] or "-",
                said["correlation"] or "-", bool(said["implicit"]),
                "*" if said["services"] is None else
                ",".join(said["services"])))


# ---- the whole log ----------------------------------------------------------

def open_vault(args):
    if args.vault is None:
        return None

    def file(path):
        with open(path, "rb") as f:
            return f.read()
    master = master_of(
        file(os.path.join(args.vault, "master")),
        file(args.passphrase_file) if args.passphrase_file else None,
        file(args.vault_key) if args.vault_key else None)
    return vault_keys(file(os.path.join(args.vault, "keys")), master)


def origin_of(folder):
    """The origin, from entry 0 as it lies on disk."""
    with open(os.path.join(folder, "00000001.seg"), "rb") as f:
        data = f.read(4096 + 32 + 65536)
    size = int.from_bytes(data[4100:4104], "big")
    try:
        e = read_json(data[4128:4128 + size])
        return read_json(e["act"]["payload"].encode())["origin"]
    except (KeyError, TypeError):
        raise Bad("entry 0 is no genesis", 0, 4096)


def whole(args):
    folder = os.path.join(args.log, "journal")
    log, roots, index = Log(open_vault(args)), {}, 0
    origin = origin_of(folder)
    for batch in journal(folder, origin):
        for i, raw in batch.entries:
            index = i
            try:
                if i == 0:
                    need(leaf(raw).hex() == args.genesis,
                         "entry 0 is not the genesis that was named")
                log.take(i, raw, batch.sealed.get(i))
            except Bad as bad:
                raise Bad(bad.why, i, batch.at)
            except (KeyError, TypeError, AttributeError, ValueError):
                raise Bad("a member has another form", i, batch.at)
        roots[batch.range.size] = batch.range.root()
        if batch.note is not None:
            note(batch.note, log, roots, batch.entries[0][0])
    path = os.path.join(args.log, "checkpoint")
    if os.path.exists(path):
        with open(path, "rb") as f:
            note(f.read(), log, roots, None)
    return log, index + 1


def note(data, log, roots, entry):
    try:
        size, root = checkpoint(data, log.tables.origin, log.tables.log_key,
                                verify)
        need(roots.get(size, root) == root and size <= max(roots),
             "a signed checkpoint that this log does not contain")
    except Bad as bad:
        raise Bad("checkpoint: " + bad.why, entry)


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("log")
    p.add_argument("--genesis", required=True)
    p.add_argument("--vault")
    p.add_argument("--vault-key")
    p.add_argument("--passphrase-file")
    p.add_argument("--quiet", action="store_true")
    args = p.parse_args()
    try:
        log, n = whole(args)
    except Bad as bad:
        where = "" if bad.entry is None else "entry %d: " % bad.entry
        print("%sdoes not hold: %s%s" % (
            where, bad.why, "" if bad.position is None else
            " (position %d)" % bad.position))
        return 1
    except OSError as e:
        print("could not look at it: %s" % e.strerror)
        return 3
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
