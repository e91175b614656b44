"""test/interop/log_law.py: which commands the rules allow, told from the log.

docs/rules.md and docs/findings.md (*What an answer may show*); nothing of the
C sources.  Where the log leaves open what a keeper knew, nothing is refused.
"""
from log_acts import is_id
from log_bytes import dec, need, time_us
from log_lines import read_line, task_line
from log_words import token

TASK = ("ActivateTask", "ModifyTask")
CREATES = ("CreateDestination", "ModifyDestination")
ALLOWED = {"alive": ("Ping", "Keepalive"), "read.status": ("GetNEStatus",),
           "read.task": ("GetTaskDetails",),
           "read.destination": ("GetDestinationDetails",),
           "task.stop": ("DeactivateTask",), "task.narrows": ("ModifyTask",),
           "task.covered": TASK, "destination.registered": CREATES,
           "destination.remove": ("RemoveDestination",)}
BULK = ("ListAllDetails", "GetAllDetails", "GetAllTaskDetails",
        "GetAllDestinationDetails", "GetAllGenericObjectDetails")
ALL = ("DeactivateAllTasks", "RemoveAllDestinations", "DeleteAllObjects")
OBJECTS = ("CreateObject", "ModifyObject", "GetObject", "DeleteObject",
           "ListObjectsOfType")
READS = ("Ping", "Keepalive", "GetNEStatus", "GetTaskDetails",
         "GetDestinationDetails")
# Refused by this rule: of which type it must be (none: of any).
REFUSED = {
    "peer.unknown": (), "peer.role": (), "peer.certificate": (),
    "peer.identity": (), "element.unknown": (), "element.identity": (),
    "element.gate": (), "stamp.missing": (), "stamp.tolerance": (),
    "transaction.missing": (), "transaction.repeated": (),
    "element.requester": (), "type.unknown": (), "type.object": OBJECTS,
    "type.all": ALL, "read.bulk": BULK, "mdf.later": TASK + CREATES,
    "element.kind": (), "read.foreign": ("GetTaskDetails",),
    "read.unknown": ("GetDestinationDetails",),
    "task.xid": TASK + ("DeactivateTask",), "task.unbound": ("ModifyTask",),
    "task.target": TASK, "task.cover.none": TASK, "task.cover.element": TASK,
    "task.cover.scope": TASK, "task.cover.services": TASK,
    "task.cover.multi": TASK, "task.cover.window": TASK, "task.bound": TASK,
    "task.product": TASK, "task.did.none": TASK, "task.did.unknown": TASK,
    "task.did.unsettled": TASK, "task.did.contradicted": TASK,
    "task.did.mdf": TASK, "task.did.zone": TASK,
    "destination.did": CREATES + ("RemoveDestination",),
    "destination.address": CREATES, "destination.zone": CREATES,
    "destination.used": ("RemoveDestination",)}
COVER = ("none", "element", "scope", "services", "multi", "window")
TIMES = {"X2Only": {2}, "X3Only": {3}, "X2andX3": {2, 3}}
ACKNOWLEDGED = ("AcknowledgedAndCompleted", "Acknowledged")
ABSENT = None


def within(new, old):
    """Of two lists of services, null being all."""
    return old is None or new is not None and set(new) <= set(old)


class Version:
    """What a task on an element is by a command."""

    def __init__(self, said, line, text):
        self.said, self.line, self.text = said, line, text

    def takes(self, new, key):
        """None: more than taking away; else whether anything is taken."""
        old, now = self.said, new.said
        if any(old[k] != now[k] for k in ("product", "correlation",
                                          "implicit", "mediation")):
            return None
        if not (TIMES[now["delivery"]] <= TIMES[old["delivery"]] and
                set(now["dids"]) <= set(old["dids"]) and
                within(now["services"], old["services"])):
            return None
        if None not in (new.text, key, self.line):
            # With what the old one has in place of what may be taken away.
            _, _, t = read_line(new.text)
            t.update({k: old[k] for k in ("delivery", "dids", "services")})
            if token(key, "line", task_line(t)) != self.line:
                return None
        return any(old[k] != now[k] for k in ("delivery", "dids", "services"))


class Thing:
    """A task or destination on an element: what it may be, and surely may."""

    def __init__(self):
        self.may, self.sure = [ABSENT], [ABSENT]
        self.open = {}              # command -> (may, sure) before it
        self.acked = self.doubt = self.known = False
        self.to = None              # element entry that the last address is of

    def command(self, index, version):
        self.open[index] = (self.may, self.sure)
        self.may, self.sure = self.may + [version], self.sure + [version]

    def outcome(self, index, p, version):
        was = self.open.pop(index, None)
        if was is None:
            self.sure = []
            return
        alone = not self.open
        if p["answer"] in ACKNOWLEDGED:
            # What it was before is settled with it.
            self.open = {i: v for i, v in self.open.items() if i > index}
            self.acked = True
            self.sure = [version] if alone else []
            if alone and p["answer"] == ACKNOWLEDGED[0]:
                self.may = [version]
        elif p["what"] == "in doubt":
            self.doubt, self.sure = True, []
        elif alone and p["code"] != 2020:
            self.may, self.sure = was
        else:
            self.sure = []


class Law:
    """Follows commands and outcomes; says which decisions cannot be."""

    def __init__(self, log):
        self.log = log              # tables, bound, token keys
        self.things = {}            # (element id, "task" or "dest", id)
        self.doubts = {}            # element id -> Things that were in doubt
        self.of = {}                # command -> (Thing, version, to, element)
        self.asked = {}             # xid -> requesters of its commands
        self.used = {}              # (requester, transaction) -> [(time, ok)]
        self.span = []              # least and greatest tolerance so far

    def thing(self, element, kind, ident):
        return self.things.setdefault((element["id"], kind, ident), Thing())

    def tasks(self, element):
        return [t for (e, kind, _), t in self.things.items()
                if e == element["id"] and kind == "task"]

    # -- one decision --

    def decided(self, when, e, said, element, asks):
        """The rule of an entry fits what stands in it."""
        rule, kind = e["rule"], said["type"]
        tol = self.log.tables.rules["x1_time_tolerance"] * 2000
        self.span = [min(self.span + [tol]), max(self.span + [tol])]
        if e["decision"] == "allowed":
            need(kind in ALLOWED.get(rule, ()),
                 "allowed by a rule that does not allow it")
            self.allowed(when, e, said, element, asks)
        elif rule.startswith("form.") or said["form"] is not None:
            need(rule in (said["form"], "peer.unknown") or
                 rule == "form.type" and said["type"] is None,
                 "refused for a form that it has not")
        else:
            need(rule in REFUSED and (not REFUSED[rule] or
                                      kind in REFUSED[rule]),
                 "refused by a rule that does not refuse it")
            why = self.groundless(when, rule, said, element, asks,
                                  e["source"]["instance"])
            need(why is None, "refused by %s, %s" % (rule, why))
        if said["requester"] is not None and said["transaction"] is not None:
            self.used.setdefault((said["requester"], said["transaction"]),
                                 []).append((when, e["decision"]))

    def allowed(self, when, e, said, element, asks):
        kind, at = said["type"], e["source"]["instance"]
        need(not asks["pins"] or said["certificate"] in asks["pins"],
             "its requester's registration pins other certificates")
        need(self.is_named(asks, said["admf"]) and
             said["bound"] == asks["identity"]["rule"],
             "admfIdentifier is not its requester's")
        need(element["kind"] in ("ne", "mdf") and
             self.is_named(element, said["ne"]),
             "neIdentifier is not its element's")
        need(element["gate"] == at, "the element is another gate's")
        need(e["rule"] in ("task.stop", "task.narrows", "destination.remove")
             or said["requester"] in element["admfs"],
             "the element does not name its requester")
        need(said["transaction"] is not None and not any(
            ok == "allowed" and when - t < self.span[0] for t, ok in
            self.used.get((said["requester"], said["transaction"]), ())),
            "a transaction that was used already")
        need(element["kind"] == "ne" or kind not in TASK + CREATES,
             "allowed towards a mediation function")
        if kind in ("DeactivateTask", "GetTaskDetails"):
            need(said["xid"] is not None, "a task without XID")
        if kind == "GetTaskDetails":
            need(said["requester"] in self.asked.get(said["xid"], ()),
                 "a task that its requester's command did not bind")
        if kind == "GetDestinationDetails":
            need(self.thing(element, "dest", said["dids"][0]).known,
                 "a destination that was not created here")
        if kind == "RemoveDestination":
            need(not self.delivers(element, said["dids"][0]),
                 "a destination that a task delivers to is removed")

    @staticmethod
    def is_named(element, wire):
        """What stands on the wire is the identity; null if no id."""
        value = element["identity"]["value"]
        return wire == (value if is_id(value) else None)

    def delivers(self, element, did):
        return any(v is not ABSENT and did in (v.said["dids"] or ())
                   for t in self.tasks(element) for v in t.sure)

    def groundless(self, when, rule, said, element, asks, gate):
        """Why this rule cannot have refused it; None if it can."""
        live = asks is not None and asks["live"] and asks["kind"] == "admf"
        here = element is not None and element["live"] and \
            self.log.tables.elements[element["id"]] is element
        tol = self.span[1] // 2
        dids, xid = said["dids"] or [], said["xid"]
        here_not = {
            "peer.unknown": live, "peer.role": live,
            "stamp.missing": said["stamp"] is not None,
            "transaction.missing": said["transaction"] is not None,
            "element.unknown": here, "task.xid": xid is not None,
            "task.unbound": bool(self.log.bound.get(xid)),
            "task.did.none": bool(dids), "destination.did": len(dids) == 1}
        if here_not.get(rule):
            return "which it is not"
        if rule == "transaction.repeated" and not any(
                when - t <= self.span[1] for t, _ in self.used.get(
                    (said["requester"], said["transaction"]), ())):
            return "but it was not used"
        if rule == "stamp.tolerance" and said["stamp"] is not None and \
                abs(time_us(said["stamp"]) - when) <= \
                self.log.tables.rules["x1_time_tolerance"] * 1000 <= tol:
            return "but it is in tolerance"
        if live and rule == "peer.certificate" and (
                not asks["pins"] or said["certificate"] in asks["pins"]):
            return "but it is pinned"
        if here and self.untrue(rule, said, element, dids, gate):
            return "which does not hold of this element"
        return None

    def untrue(self, rule, said, element, dids, gate):
        if rule == "element.gate":
            return element["gate"] == gate
        if rule == "element.identity":
            return self.is_named(element, said["ne"])
        if rule == "element.requester":
            return said["requester"] in element["admfs"]
        if rule == "element.kind":
            return element["kind"] in ("ne", "mdf")
        if rule == "mdf.later":
            return element["kind"] == "ne" and not said["mediation"]
        if rule == "task.did.unknown":
            return all(self.thing(element, "dest", d).sure not in
                       ([], [ABSENT]) and
                       self.thing(element, "dest", d).acked for d in dids)
        return False

    # -- what a task may become --

    def task(self, e, said, element, text, key):
        """An allowed ActivateTask or ModifyTask."""
        new = Version(said, e["line"], text)
        if e["rule"] == "task.narrows":
            t = self.thing(element, "task", said["xid"])
            need(all(v.takes(new, key) is not None for v in t.sure
                     if v is not ABSENT),
                 "more than a narrowing of what the element may hold")
            need(any(v.takes(new, key) for v in t.may if v is not ABSENT),
                 "a narrowing that takes nothing away")
            return
        need(e["covers"], "covered by no warrant")
        for did in said["dids"]:
            self.settled(element, self.thing(element, "dest", did))

    def settled(self, element, d):
        need(d.known, "a destination that was not created here")
        need(d.acked or d.doubt, "a destination that is not acknowledged")
        need(not any(self.of[i][2] for i in d.open),
             "a destination whose change is not acknowledged")
        if d.doubt or d.to is None:
            return
        tables = self.log.tables
        mdf = tables.element_at[d.to]
        now = tables.elements[mdf["id"]]
        need(now["live"] or any(x["live"] and x["kind"] == "mdf" and
                                x["index"] > d.to
                                for x in tables.elements.values()),
             "a destination whose mediation function is no more")
        need(now is not mdf or not now["live"] or
             mdf["zone"] == element["zone"],
             "a destination of another zone")

    # -- what happened --

    def command(self, index, e, said, element, text):
        """Allowed, or late: it may have changed what the element holds."""
        kind = said["type"]
        if e["kind"] == "late":
            self.used.setdefault((said["requester"], said["transaction"]),
                                 []).append((self.log.now, "late"))
        if element is None or kind is None:
            return
        if kind in TASK + ("DeactivateTask",) and said["xid"] is not None:
            t = self.thing(element, "task", said["xid"])
            version = ABSENT
            if kind in TASK:
                version = Version(said, e.get("line"), text)
                self.asked.setdefault(said["xid"], set()).add(
                    said["requester"])
            if kind in TASK and "line" not in e:
                # Late, and no narrowing: nobody knows what it made of it.
                t.sure = []
            t.command(index, version)
            self.of[index] = (t, version, None, element["id"])
        elif kind in CREATES + ("RemoveDestination",) and said["dids"]:
            d = self.thing(element, "dest", said["dids"][0])
            version, to = ABSENT, None
            if kind in CREATES:
                d.known = True
                version, to = e.get("line"), dec(e["to"]) if "to" in e else None
            else:
                d.doubt = True      # whether it went is not followed
            d.command(index, version)
            self.of[index] = (d, version, to, element["id"])

    def outcome(self, at, p):
        row = self.of.get(at)
        if row is None:
            return
        thing, version, to, element = row
        thing.outcome(at, p, version)
        if thing.doubt:
            self.doubts.setdefault(element, set()).add(thing)
        if to is not None and p["answer"] in ACKNOWLEDGED:
            thing.to = to

    def answered(self, element):
        """An answer may have settled what was in doubt."""
        for t in self.doubts.get(element["id"], ()):
            t.sure = []

    # -- which warrants cover it --

    def reach(self, when, said, element, targets, revision):
        """How far a revision carries a task: a number, or None if unknown."""
        key, w = self.log.token_keys.get(revision.digest), revision.p
        if key is None:
            return None
        tokens = sorted(token(key, k, v) for k, v in targets)
        if tokens not in w["sets"]:
            return 0
        if element["id"] not in w["elements"] and \
                element["zone"] not in w["zones"]:
            return 1
        if w["scope"] != "iri+cc" and said["delivery"] != "X2Only":
            return 2
        if w["services"] and not within(said["services"] or None,
                                        w["services"]):
            return 3
        if element["multi"] == "each" and \
                not all([t] in w["sets"] for t in tokens):
            return 4
        return 6 if revision.live(when) else 5

    def cover(self, when, e, said, element, targets):
        """Full: every warrant that covers is named; none is passed over."""
        rule = e["rule"]
        if element is None or not targets or said["type"] not in TASK or \
                said["delivery"] is None:
            return
        force = [r for r in self.log.tables.revisions.values()
                 if r.approved is not None and r.ended is None and
                 when < r.until]
        reached = [(self.reach(when, said, element, targets, r), r)
                   for r in force]
        full = {r.p["id"] for far, r in reached if far == 6}
        if e["decision"] == "allowed":
            named = {row[0] for row in e["covers"]}
            need(len(named) == 16 or full <= named or
                 rule == "task.narrows" and not named,
                 "a warrant that covers it is not named")
            return
        if rule == "task.bound":
            bound = self.log.bound.get(said["xid"])
            need(bound and not full & set(bound),
                 "refused, though a warrant that it is bound to covers it")
        if not rule.startswith("task.cover."):
            return
        need(not full, "refused, though a warrant covers it")
        if all(far is not None for far, _ in reached):
            best = max([far for far, _ in reached], default=0)
            need(rule == "task.cover." + COVER[best],
                 "refused by another test than it fails")
