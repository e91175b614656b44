"""test/interop/log_acts.py: who may do what: payloads of acts, and the tables.

docs/format/statement.md and docs/rules.md, section Acts; nothing of the C
sources.
"""
from log_bytes import (Bad, b64u, count, dec, is_id, leaf, members, need,
                       read_json, sha, time_us, unb64u)
from log_lines import SERVICES
from log_words import (STATEMENTS, key_id, public_valid, read_sig, sd_list,
                       signer_lines, statement_head, subject_of, verify)

ROLES = ("overseer", "intake", "approver", "implementer", "auditor", "reader")
APART = {"overseer", "approver", "implementer", "auditor"}
RULES = (("approvals", 1, 2, 1), ("x1_time_tolerance", 0, 86400000, 300000),
         ("release_timeout", 1, 3600000, 3000),
         ("clock_skew", 0, 3600000, 5000),
         ("overdue_after", 1, 2592000000, 30000),
         ("missing_after", 1, 31536000000, 86400000),
         ("beat_missing", 1, 86400000, 150000),
         ("window_max", 1, 315360000000, None), ("cidr4_min", 1, 32, 32),
         ("cidr6_min", 1, 128, 64), ("container", 1, 32, 32),
         ("refusals", 1, 1000000, 10))


def is_text(s, most=128):
    return (isinstance(s, str) and 0 < len(s.encode()) <= most and
            not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in s))


def ids(v, most=256):
    need(isinstance(v, list) and len(v) <= most and all(map(is_id, v)) and
         len(set(v)) == len(v), "a list of ids")
    return v


def origin_valid(s):
    need(isinstance(s, str) and 0 < len(s) <= 255 and s.isascii() and
         all(" " < c <= "~" and c != "+" for c in s), "origin")


def rules_of(v, may_be_empty):
    if v == {} and may_be_empty:
        return {name: default for name, _, _, default in RULES}
    members(v, [r[0] for r in RULES])
    for name, least, greatest, default in RULES:
        if v[name] is None:
            need(default is None, name)
        else:
            need(type(v[name]) is int and least <= v[name] <= greatest, name)
    return v


def number(s):
    need(s.isdigit() and s.isascii() and (s == "0" or s[0] != "0"), "number")
    return int(s)


def address_valid(s):
    """ipv4:192.0.2.10:tcp:42069 or ipv6:<full form>:tcp:42069."""
    need(isinstance(s, str), "address")
    kind, _, rest = s.partition(":")
    if kind == "ipv4":
        parts = rest.split(":")
        need(len(parts) == 3, "address")
        octets = parts[0].split(".")
        need(len(octets) == 4 and all(number(o) <= 255 for o in octets),
             "address")
        first = int(octets[0])
        need(parts[0] not in ("0.0.0.0", "255.255.255.255") and
             not 224 <= first <= 239, "address of nobody")
    else:
        parts = rest.split(":")
        need(kind == "ipv6" and len(parts) == 10, "address")
        groups, parts = parts[:8], [":".join(parts[:8])] + parts[8:]
        need(all(len(g) == 4 and set(g) <= set("0123456789abcdef")
                 for g in groups), "address")
        need(any(int(g, 16) for g in groups) and groups[0][:2] != "ff",
             "address of nobody")
    need(parts[1] in ("tcp", "udp") and 1 <= number(parts[2]) <= 65535, "port")


def genesis_form(p):
    members(p, ("origin", "log_key", "overseers", "quorum", "rules", "law",
                "continues", "trial"))
    origin_valid(p["origin"])
    rows = p["overseers"]
    need(isinstance(rows, list) and 2 <= len(rows) <= 8, "overseers")
    seen = [public_valid(unb64u(p["log_key"], 32))]
    for row in rows:
        members(row, ("id", "key"))
        need(is_id(row["id"]), "id")
        seen.append(public_valid(unb64u(row["key"], 32)))
    need(len(set(seen)) == len(seen) and
         len({r["id"] for r in rows}) == len(rows), "ids and keys differ")
    need(type(p["quorum"]) is int and 2 <= p["quorum"] <= len(rows), "quorum")
    rules_of(p["rules"], True)
    need(type(p["law"]) is int and p["law"] == 1 and p["continues"] is None and
         isinstance(p["trial"], bool), "law, continues, trial")


def holder_form(p, verb):
    if verb == "revoke":
        members(p, ("id",), ("void_since", "_sd"))
        if "void_since" in p:
            dec(p["void_since"])
        return
    members(p, ("id", "form", "keys", "roles", "_sd"))
    need(p["form"] == "ed25519", "form")
    need(isinstance(p["keys"], list) and 1 <= len(p["keys"]) <= 8 and
         len(set(map(str, p["keys"]))) == len(p["keys"]), "keys")
    for k in p["keys"]:
        public_valid(unb64u(k, 32))
    roles = p["roles"]
    need(isinstance(roles, list) and 1 <= len(roles) <= 6 and
         all(r in ROLES for r in roles) and len(set(roles)) == len(roles) and
         len(APART & set(roles)) <= 1, "roles")


def element_form(p, verb):
    if verb == "retire":
        members(p, ("id",), ("_sd",))
        return
    must = ("id", "kind", "x1", "delivery", "identity", "pins", "maker",
            "model", "zone", "jurisdiction", "multi", "mode", "until", "gate",
            "admfs", "reads", "dialect", "triggered_by")
    members(p, must + (("_sd",) if verb == "add" else ()), ("_sd",))
    kind = p["kind"]
    need(kind in ("ne", "mdf", "admf", "lemf"), "kind")
    if p["x1"] is not None:
        need(isinstance(p["x1"], str) and p["x1"].startswith("https://") and
             8 < len(p["x1"]) <= 512 and
             all(" " < c <= "~" for c in p["x1"]), "x1")
    need(isinstance(p["delivery"], list) and len(p["delivery"]) <= 16 and
         len(set(map(str, p["delivery"]))) == len(p["delivery"]), "delivery")
    for a in p["delivery"]:
        address_valid(a)
    if p["identity"] is not None:
        members(p["identity"], ("rule", "value"))
        need(p["identity"]["rule"] in ("urn", "uid", "cn") and
             is_text(p["identity"]["value"]), "identity")
    need(isinstance(p["pins"], list) and len(p["pins"]) <= 4 and
         len(set(map(str, p["pins"]))) == len(p["pins"]), "pins")
    for pin in p["pins"]:
        unb64u(pin, 32)
    for k in ("maker", "model", "jurisdiction"):
        need(p[k] is None or is_text(p[k]), k)
    need(p["zone"] is None or is_id(p["zone"]), "zone")
    need(p["multi"] in ("each", "all") and p["mode"] == "enforce" and
         p["until"] is None and p["reads"] == "own", "multi, mode, reads")
    need(p["gate"] is None or is_id(p["gate"]), "gate")
    ids(p["admfs"], 16)
    need(isinstance(p["dialect"], list) and len(p["dialect"]) <= 16 and
         all(d == "stamp" for d in p["dialect"]) and
         len(set(p["dialect"])) == len(p["dialect"]), "dialect")
    if p["triggered_by"] is not None:
        ids(p["triggered_by"])
    if kind in ("ne", "mdf"):
        need(p["x1"] and p["identity"] and p["zone"] and p["gate"],
             "an ne or mdf has x1, identity, zone, gate")
    if kind == "admf":
        need(p["identity"] and p["gate"], "an admf has identity and gate")


def warrant_form(p, verb):
    if verb != "submit":
        members(p, ("id", "digest"), ("_sd",))
        unb64u(p["digest"], 32)
        return
    members(p, ("id", "revision", "supersedes", "kind", "from", "until",
                "scope", "services", "elements", "zones", "deliver_to", "sets",
                "_sd"))
    count(p["revision"], 1)
    need((p["supersedes"] is None) == (p["revision"] == 1), "supersedes")
    if p["supersedes"] is not None:
        unb64u(p["supersedes"], 32)
    need(p["kind"] in ("ordinary", "emergency", "test") and
         p["scope"] in ("iri", "iri+cc"), "kind or scope")
    need(time_us(p["from"]) < time_us(p["until"]), "window")
    ids(p["services"], 16)
    ids(p["elements"])
    ids(p["zones"])
    ids(p["deliver_to"])
    need(p["elements"] or p["zones"], "neither elements nor zones")
    sets = p["sets"]
    need(isinstance(sets, list) and 1 <= len(sets) <= 64 and
         all(isinstance(s, list) and 1 <= len(s) <= 16 for s in sets) and
         sum(map(len, sets)) <= 512, "sets")
    for s in sets:
        for t in s:
            unb64u(t, 32)
        need(s == sorted(set(s)), "tokens sorted")
    need(len({tuple(s) for s in sets}) == len(sets), "a set twice")


def payload_form(kind, verb, subject, raw, origin):
    """A payload read strictly; its subject is that of its id."""
    need(len(raw) <= 49152 and verb in STATEMENTS.get(kind, ()), "statement")
    p = read_json(raw)
    need(isinstance(p, dict), "payload")
    if kind == "genesis":
        genesis_form(p)
    elif kind == "policy":
        if verb == "set":
            members(p, ("rules",), ("_sd",))
            rules_of(p["rules"], False)
        else:
            members(p, ("after",), ("_sd",))
            dec(p["after"])
    elif kind == "finding":
        members(p, ("id", "_sd"))
        dec(p["id"])
    else:
        need(is_id(p.get("id")), "id")
        if kind == "holder":
            holder_form(p, verb)
        elif kind == "element":
            element_form(p, verb)
        elif kind == "warrant":
            warrant_form(p, verb)
        elif verb == "add":
            members(p, ("id", "role", "key"), ("_sd",))
            need(p["role"] in ("keeper", "gate", "auditor"), "role")
            public_valid(unb64u(p["key"], 32))
        else:
            members(p, ("id",), ("_sd",))
    if "_sd" in p:
        sd_list(p["_sd"])
    need(subject == subject_of(kind, p, origin), "subject")
    return p


def admit(known, verb, subject, keys):
    """May these keys be registered?  known: rows (of, public, state)."""
    need(1 <= len(keys) <= 8 and len(set(keys)) == len(keys), "keys")
    need(subject.split("/", 1)[0] in ("holder", "instance") and
         is_id(subject.split("/", 1)[1]), "subject")
    mine = [r for r in known if r[0] == subject]
    if verb == "add":
        need(not mine, "id is known")
    else:
        need(any(r[2] == "live" for r in mine), "no such holder")
    for k in keys:
        public_valid(k)
        for of, public, state in known:
            need(public != k or (verb == "change" and of == subject and
                                 state == "live"), "key is known")


class Holder:
    def __init__(self, p, index):
        self.keys = [unb64u(k, 32) for k in p["keys"]]
        self.roles, self.index, self.live, self.void = \
            set(p["roles"]), index, True, None


class Revision:
    def __init__(self, p, raw, index, submitter):
        self.p, self.digest, self.index = p, sha(raw), index
        self.submitter, self.approvers = submitter, {}
        self.approved = self.ended = self.token_key = None
        self.start, self.until = time_us(p["from"]), time_us(p["until"])

    def live(self, at):
        return (self.approved is not None and self.ended is None and
                self.start <= at < self.until)


class Tables:
    """What the acts of a log make of people, processes, elements, warrants."""

    def __init__(self, genesis_entry):
        self.genesis = leaf(genesis_entry).hex()
        self.origin, self.log_key, self.trial = None, None, None
        self.holders, self.instances, self.elements = {}, {}, {}
        self.element_at, self.warrants, self.revisions = {}, {}, {}
        self.seq, self.known, self.rules, self.quorum = {}, [], None, None
        self.registered = []        # [subject, index, who signed] that live
        self.policies = []          # [rules, index, who signed]
        self.since = {}             # from when on a holder's acts are void

    # -- signatures --

    def holder_of(self, kid):
        for hid, h in self.holders.items():
            if h.live and any(key_id(k) == kid for k in h.keys):
                return hid
        return None

    def signers(self, act, raw, head):
        """The holders whose signatures stand, each once."""
        need(isinstance(act["sigs"], list) and 1 <= len(act["sigs"]) <= 8,
             "sigs")
        out, keys = [], set()
        for row in act["sigs"]:
            kid, when, sig = read_sig(row)
            need(kid not in keys, "a key signs twice")
            keys.add(kid)
            hid = self.holder_of(kid)
            need(hid is not None, "signed by a key that nobody holds")
            public = next(k for k in self.holders[hid].keys
                          if key_id(k) == kid)
            need(verify(public, sig,
                        (head + signer_lines(kid, when)).encode()),
                 "signature of " + hid)
            if hid not in out:
                out.append(hid)
        return out

    def having(self, people, *roles):
        return [h for h in people if self.holders[h].roles & set(roles)]

    # -- one act --

    def take(self, index, time, kind, act):
        members(act, ("kind", "verb", "subject", "seq", "payload", "sigs"))
        need(act["kind"] == kind, "act of another kind")
        verb, subject, seq = act["verb"], act["subject"], count(act["seq"], 1)
        raw = act["payload"].encode()
        if kind == "genesis":
            need(index == 0, "a second genesis")
            self.begin(act, raw)
            return
        p = payload_form(kind, verb, subject, raw, self.origin)
        need(seq == self.seq.get(subject, 0) + 1, "seq")
        head = statement_head(self.origin, self.genesis, kind, verb, subject,
                              seq, raw)
        people = self.signers(act, raw, head)
        getattr(self, "do_" + kind)(index, time, verb, p, raw, people)
        self.seq[subject] = seq

    def begin(self, act, raw):
        p = read_json(raw)
        need(isinstance(p, dict) and isinstance(p.get("origin"), str),
             "genesis")
        payload_form("genesis", act["verb"], act["subject"], raw, p["origin"])
        self.origin = p["origin"]
        self.log_key = unb64u(p["log_key"], 32)
        self.rules, self.quorum = rules_of(p["rules"], True), p["quorum"]
        self.policies = [(self.rules, 0, None)]
        self.trial = p["trial"]
        self.known.append(("log", self.log_key, "live"))
        for o in p["overseers"]:
            self.holders[o["id"]] = Holder(
                {"keys": [o["key"]], "roles": ["overseer"]}, 0)
            self.known.append(("holder/" + o["id"], unb64u(o["key"], 32),
                               "live"))
            self.seq["holder/" + o["id"]] = 0
        need(act["seq"] == 1, "seq")
        head = statement_head(self.origin, None, "genesis", "create",
                              self.origin, 1, raw)
        people = self.signers(act, raw, head)
        need(sorted(people) == sorted(self.holders) and
             len(act["sigs"]) == len(self.holders),
             "not signed by every overseer, once")

    def overseers(self, people, many):
        n = len(self.having(people, "overseer"))
        need(n >= (self.quorum if many else 1),
             "quorum of overseers" if many else "an overseer")

    def known_end(self, subject, state, but=()):
        self.known = [(of, k, state if of == subject and s == "live" and
                       k not in but else s) for of, k, s in self.known]

    def do_holder(self, index, time, verb, p, raw, people):
        subject = "holder/" + p["id"]
        self.overseers(people, verb != "revoke")
        if verb == "revoke":
            h = self.holders.get(p["id"])
            need(h is not None and h.live, "no such holder")
            h.live = False
            self.known_end(subject, "ended")
            if "void_since" in p:
                self.void(p["id"], dec(p["void_since"]), index)
            return
        keys = [unb64u(k, 32) for k in p["keys"]]
        admit(self.known, verb, subject, keys)
        self.known_end(subject, "dropped", keys)
        self.known += [(subject, k, "live") for k in keys
                       if (subject, k, "live") not in self.known]
        self.holders[p["id"]] = Holder(p, index)
        self.rests_on(subject, index, people)

    def rests_on(self, subject, index, people):
        """A registration stands on those who signed its last act."""
        self.registered = [r for r in self.registered if r[0] != subject]
        self.registered.append((subject, index,
                                self.having(people, "overseer")))

    def counted(self, people, at):
        """Who of these still counts for what they signed in that entry."""
        return [h for h in people if h not in self.since or
                at < self.since[h]]

    def void(self, hid, since, index):
        """What rested on this holder's acts from there on ends here."""
        self.since[hid], again = since, True
        while again:
            again = False
            for subject, at, people in self.registered:
                kind, ident = subject.split("/")
                if len(self.counted(people, at)) >= self.quorum:
                    continue
                self.known_end(subject, "ended")
                if kind == "holder":
                    self.holders[ident].live = False
                    if self.counted([ident], at):
                        self.since[ident], again = at, True
                elif kind == "instance":
                    self.instances[ident] = \
                        self.instances[ident][:2] + (False,)
                else:
                    self.elements[ident]["live"] = False
        self.rules = next(rules for rules, at, people in
                          reversed(self.policies) if people is None or
                          len(self.counted(people, at)) >= self.quorum)
        for r in self.revisions.values():
            approvers = [h for h, i in r.approvers.items()
                         if self.counted([h], i)]
            if r.ended is None and (
                    not self.counted(r.submitters, r.index) or
                    r.approved is not None and
                    len(approvers) < self.rules["approvals"]):
                r.ended = index

    def do_instance(self, index, time, verb, p, raw, people):
        subject = "instance/" + p["id"]
        self.overseers(people, verb == "add")
        if verb == "retire":
            need(p["id"] in self.instances and self.instances[p["id"]][2],
                 "no such instance")
            role, key, _ = self.instances[p["id"]]
            self.instances[p["id"]] = (role, key, False)
            self.known_end(subject, "ended")
            return
        key = unb64u(p["key"], 32)
        need(p["role"] != "keeper" or
             not any(role == "keeper" and live for role, _, live in
                     self.instances.values()), "a second live keeper")
        admit(self.known, "add", subject, [key])
        self.rests_on(subject, index, people)
        self.known.append((subject, key, "live"))
        self.instances[p["id"]] = (p["role"], key, True)

    def do_element(self, index, time, verb, p, raw, people):
        self.overseers(people, verb != "retire")
        was = self.elements.get(p["id"])
        if verb == "retire":
            need(was is not None and was["live"], "no such element")
            was["live"] = False
            return
        need((was is None) == (verb == "add"), "element known, or not")
        need(was is None or was["live"] and was["kind"] == p["kind"],
             "element is retired, or of another kind")
        need(p["gate"] is None or
             self.instances.get(p["gate"], ())[::2] == ("gate", True), "gate")
        for ids_of, kind in ((p["admfs"], "admf"), (p["triggered_by"], None)):
            need(all(self.is_live(i, kind) for i in ids_of or ()),
                 "admfs or triggered_by")
        for other in self.elements.values():
            need(not other["live"] or other["id"] == p["id"] or
                 not set(other["delivery"]) & set(p["delivery"]),
                 "two live elements share a delivery address")
        e = dict(p, live=True, index=index)
        self.elements[p["id"]] = self.element_at[index] = e
        self.rests_on("element/" + p["id"], index, people)

    def is_live(self, ident, kind):
        e = self.elements.get(ident)
        return (e is not None and e["live"] and
                (kind is None or e["kind"] == kind))

    def do_policy(self, index, time, verb, p, raw, people):
        self.overseers(people, verb == "set")
        if verb == "set":
            self.rules = p["rules"]
            self.policies.append((self.rules, index,
                                  self.having(people, "overseer")))
        else:
            need(dec(p["after"]) < index, "an index of the past")

    def do_warrant(self, index, time, verb, p, raw, people):
        revs = self.warrants.setdefault(p["id"], [])
        if verb == "submit":
            who = self.having(people, "intake")
            need(who, "submitted by an intake")
            need(p["revision"] == len(revs) + 1, "revision")
            need(p["supersedes"] is None or
                 unb64u(p["supersedes"], 32) == revs[-1].digest, "supersedes")
            need(p["kind"] == "ordinary", "this kind of warrant comes later")
            need(set(p["services"]) <= set(SERVICES), "services")
            need(all(self.is_live(i, None) for i in p["elements"]) and
                 all(self.is_live(i, "lemf") for i in p["deliver_to"]),
                 "elements or LEMFs that are not registered")
            if self.rules["window_max"] is not None:
                need(time_us(p["until"]) - time_us(p["from"]) <=
                     self.rules["window_max"] * 1000, "window_max")
            r = Revision(p, raw, index, who[0])
            r.submitters = set(people)
            revs.append(r)
            self.revisions[r.digest] = r
            return
        r = self.revisions.get(unb64u(p["digest"], 32))
        need(r is not None and r in revs and r.ended is None,
             "no such revision in force")
        if verb == "revoke":
            need(self.having(people, "approver", "intake", "overseer"),
                 "revoked by an approver, intake or overseer")
            r.ended = index
            return
        who = self.having(people, "approver")
        need(who and verb in ("approve", "refuse"), "decided by an approver")
        need(r is revs[-1], "not the newest revision")
        if verb == "refuse":
            need(r.approved is None, "it is approved")
            r.ended = index
            return
        need(not set(people) & r.submitters, "approved by who submitted it")
        need(r.approved is None and not set(who) & set(r.approvers),
             "approved already")
        for h in who:
            r.approvers[h] = index
        if len(r.approvers) >= self.rules["approvals"]:
            for other in revs:
                if other is not r and other.ended is None and \
                        other.approved is not None:
                    other.ended = index
            r.approved = index

    def do_finding(self, index, time, verb, p, raw, people):
        need(self.having(people, "auditor"), "an auditor")
