"""test/interop/log_find.py: findings that follow from what stands in clear.

docs/findings.md, and nothing of the C sources.  Where a keeper may have known
better (what an answer may show, and until when), nothing is due.
"""
from log_bytes import dec, need
from log_law import ACKNOWLEDGED, CREATES, TASK

DUE, HOUR, LEAP = 60 * 1000000, 3600 * 1000000, 75 * 1000000
PASSED = 16         # entries behind the time when it was due, and some more
# What an opened finding rests on: one of these at least.
RESTS = {"command.in-doubt": ("outcome",), "command.refused": ("command",
                                                               "beat"),
         "stop.unacknowledged": ("command", "late"),
         "stop.unrecorded": ("beat",), "decision.diverges": ("outcome",),
         "element.identity": ("snapshot", "outcome"),
         "element.silent": ("snapshot",)}
for _type in ("task.unknown", "task.altered", "task.modified-aside",
              "task.overdue", "task.missing", "task.flicker",
              "destination.unknown", "destination.altered"):
    RESTS[_type] = ("snapshot", "round")


class Due:
    """A finding that must come; wait is what passes before the 60 s."""

    def __init__(self, kind, at, when, key=(), wait=0, of=None):
        self.kind, self.at, self.key, self.wait = kind, at, key, wait
        self.of = of                # what it may rest on instead, or element
        self.until = None if wait is None else when + wait + DUE
        self.passed = 0


class Findings:
    def __init__(self, log):
        self.log, self.due = log, []
        self.opened = {}            # index -> (type, key) of those not closed
        self.seen = {}              # index -> what a finding may rest on
        self.refused = []           # (time, who, key) that findings stand for
        self.heard = {}             # gate or auditor -> time to count from
        self.last = {}              # the same -> when it was heard last
        self.failed = {}            # (auditor, element id) -> failed in a row
        self.commanded = {}         # (element id, xid or did) -> first index
        self.lines = {}             # the same -> line tokens; None: unknown
        self.least, self.most = {}, {}  # of rules that were in force
        self.items = []
        self.own, self.started = None, False        # of the keeper

    def owe(self, kind, index, key=(), wait=0, of=None):
        """An event has no key; a state, that is open or due, is not again."""
        if not key or (kind, key) not in self.opened.values() and all(
                (d.kind, d.key) != (kind, key) for d in self.due):
            self.due.append(Due(kind, index, self.log.now, key, wait, of))

    def forget(self, kind, key):
        self.due = [d for d in self.due if (d.kind, d.key) != (kind, key)]

    def id_of(self, element):
        return None if element is None else \
            self.log.tables.element_at[dec(element)]["id"]

    # -- time --

    def tick(self, when, kind):
        """Before an entry is taken: what was passed over?"""
        for k in ("overdue_after", "beat_missing"):
            now = self.log.tables.rules[k]
            self.least[k] = min(now, self.least.get(k, now))
            self.most[k] = max(now, self.most.get(k, now))
        gap = when - self.log.time
        if gap > max(self.least["beat_missing"] * 500, LEAP):
            self.heard = dict.fromkeys(self.heard, when)
        live = self.log.tables.instances
        self.heard = {i: t for i, t in self.heard.items() if live[i][2]}
        elements = self.log.tables.elements
        self.due = [d for d in self.due if all(
            i not in elements or elements[i]["live"]
            for i in d.key[:1] + (d.of,))]
        if kind == "finding":
            return
        late = self.late(when)
        for d in late:
            d.passed += 1
            need(d.passed <= PASSED + len(self.due), self.name(d))

    def late(self, when):
        for i, t in self.heard.items():
            if when > t + self.most["beat_missing"] * 1000 + DUE:
                self.owe("beat.missing", None, (i,), None)
        for d in self.due:
            if d.kind == "beat.missing" and d.at is None:
                d.until = self.heard[d.key[0]] + DUE + \
                    self.most["beat_missing"] * 1000 \
                    if d.key[0] in self.heard else None
        return [d for d in self.due if d.until is not None and when > d.until]

    def end(self):
        for d in self.late(self.log.time):
            need(d.passed <= 1, self.name(d))

    @staticmethod
    def name(d):
        return "the finding %s %sis not there" % (
            d.kind, "" if d.at is None else "of entry %d " % d.at)

    def keeper(self, kind, e):
        """An entry of the keeper's own, or an act that it took."""
        was, self.own = self.own, kind
        if kind != "start":
            return
        # Who says stop is not missed; who never started was never there.
        if was not in (None, "stop") and self.log.now - self.log.time > \
                self.most["beat_missing"] * 1000 and self.started:
            self.owe("beat.missing", len(self.log.roots) - 1,
                     (e["source"]["instance"],))
        self.started = True
        for d in self.due:
            if d.until is not None:
                d.until = max(d.until, self.log.now + d.wait + DUE)
        self.heard = dict.fromkeys(self.heard, self.log.now)

    def word(self, kind, e, p):
        """A gate or auditor was heard."""
        who = e["source"]["instance"]
        self.heard[who] = self.last[who] = self.log.now
        self.forget("beat.missing", (who,))
        if kind == "start":
            self.failed = {k: n for k, n in self.failed.items()
                           if k[0] != who}
        if kind == "stop":
            del self.heard[who]
        if kind in ("beat", "start") and not p["spool"]:
            for d in self.due:
                # What only narrows waits for the gate's empty spool.
                if d.until is None and d.kind == "task.altered" and \
                        self.log.tables.elements[d.key[0]]["gate"] == who:
                    d.until, d.wait = self.log.now + DUE, 0

    # -- what shows something --

    def command(self, index, e, said, element):
        what, now = e.get("decision", "late"), self.log.now
        self.seen[index] = (e["kind"], what, said["type"], now,
                            said["requester"], e.get("rule"))
        if what == "refused":
            who = (said["requester"],
                   None if element is None else element["id"])
            self.count(index, who)
            return
        if element is None:
            return
        if said["type"] == "DeactivateTask":
            self.stop(index, element, said)
        names = said["dids"] if said["type"] in CREATES else \
            [said["xid"]] if said["type"] in TASK else []
        for name in names:
            key = (element["id"], name)
            if what == "allowed":
                self.commanded.setdefault(key, index)
            self.lines.setdefault(key, set()).add(e.get("line"))
            if what == "late":
                self.forget("task.altered", key)
                self.forget("task.unknown", key)

    def stop(self, index, element, said):
        if said.get("request") is not None:
            # The same stop, offered before, is followed by one of the two.
            self.due = [d for d in self.due if d.kind != "stop.unacknowledged"
                        or d.of != element["id"]]
            return
        self.owe("stop.unacknowledged", index, (),
                 self.most["overdue_after"] * 1000, element["id"])

    def count(self, index, who):
        """One finding an hour stands for all refusals of one kind."""
        self.seen[index] += (who,)
        if not any(self.log.now - t < HOUR and w == who
                   for t, w in self.refused):
            self.owe("command.refused", index)

    def outcome(self, index, p):
        at, why = dec(p["command"]), p["why"]
        _, _, element, _ = self.log.commands[at]
        self.seen[index] = ("outcome", p["what"], why, self.log.now)
        if p["what"] == "in doubt":
            self.owe("command.in-doubt", index, of=at)
        if why == "diverges":
            self.owe("decision.diverges", index, of=at)
        if why == "clock":
            self.owe("clock.step", index, of=at)
        if why == "identity":
            self.owe("element.identity", index, (self.id_of(element),))
        if p["answer"] in ACKNOWLEDGED or p["code"] == 2020:
            self.due = [d for d in self.due if d.at != at or
                        d.kind != "stop.unacknowledged"]
            self.seen[at] += ("acknowledged", self.log.now)

    def beat(self, index, e, p):
        self.seen[index] = ("beat", p["spool_failed"], p["tls_refused"],
                            p["refused"])
        if p["spool_failed"]:
            self.owe("stop.unrecorded", index)
        for word, n in (("tls", p["tls_refused"]), ("rate", p["refused"])):
            who = (word, e["source"]["instance"])
            if n and not any(self.log.now - t < HOUR and w == who
                             for t, w in self.refused):
                self.owe("command.refused", index)

    def snapshot(self, index, e, p, element):
        name, who = element["id"], e["source"]["instance"]
        self.seen[index] = ("snapshot", p["complete"], p["error"], name)
        self.items = p["items"] + (self.items if p["part"] > 1 else [])
        if p["part"] != p["parts"]:
            return
        if not p["complete"]:
            if p["error"] != "unsupported":
                self.failed[who, name] = self.failed.get((who, name), 0) + 1
            if self.failed.get((who, name)) == 3:
                self.owe("element.silent", index, (name,))
            if p["error"] == "identity":
                self.owe("element.identity", index, (name,))
            return
        self.answered(e, name)
        for v in self.items:
            self.item(index, (name, v["id"]), v)

    def answered(self, e, name):
        self.failed.pop((e["source"]["instance"], name), None)
        # Whether the next answer makes it a flicker is not followed.
        self.due = [d for d in self.due if d.kind != "task.altered" or
                    d.until is not None or d.key[0] != name]

    def item(self, index, key, v):
        kind, lines = v["type"], self.lines.get(key, set())
        if key not in self.lines:
            self.owe(kind + ".unknown", index, key)
        elif v["why"] != "unbound" and None not in lines and \
                v["line"] not in lines:
            if kind == "task":
                self.owe("task.altered", index, key, None)
            elif v["line"] is not None:
                self.owe("destination.altered", index, key)

    def round(self, index, e, p):
        self.seen[index] = ("round",)
        for row in p["rows"]:
            self.answered(e, self.id_of(row[0]))

    # -- what the keeper opened --

    def open(self, index, p):
        kind, rests = p["type"], [dec(r) for r in p["rests"]]
        name = self.id_of(p["element"])
        rows = [(r, self.seen[r]) for r in rests if r in self.seen]
        need(kind not in RESTS or any(s[0] in RESTS[kind] for _, s in rows),
             "a finding that rests on nothing")
        key = (p["instance"],) if kind == "beat.missing" else \
            (name,) if kind.startswith("element.") else \
            (name, p["xid"] if p["did"] is None else p["did"]) \
            if kind.startswith(("task.", "destination.")) else ()
        if key:
            self.opened[index] = (kind, key)
            self.forget(kind, key)
        else:
            self.due = [d for d in self.due if d.kind != kind or
                        d.at not in rests and d.of not in rests]
        check = getattr(self, "is_" + kind.replace(".", "_").replace("-", "_"),
                        None)
        if check is not None:
            check(p, key, rows)

    def close(self, index):
        self.opened.pop(index, None)

    def is_command_refused(self, p, key, rows):
        r, s = rows[0]
        if s[0] == "beat":
            need(p["word"] in ("tls", "rate") and
                 s[2 if p["word"] == "tls" else 3],
                 "a finding of what the beat did not count")
            who = (p["word"], p["instance"])
        else:
            need(s[1] == "refused" and p["word"] is None,
                 "a finding of a refusal that is none")
            need(s[4] is not None or p["severity"] == "critical",
                 "a stranger's refusal, and not critical")
            need(s[4] is None or s[5].startswith("peer.") or
                 p["severity"] == "notice", "critical, of a known requester")
            who = s[6]
            self.due = [d for d in self.due if d.kind != "command.refused" or
                        self.seen[d.at][0] == "beat" or
                        self.seen[d.at][6] != who]
        self.refused = [r for r in self.refused if
                        self.log.now - r[0] < HOUR] + [(self.log.now, who)]

    def is_command_in_doubt(self, p, key, rows):
        need(any(s[:2] == ("outcome", "in doubt") for _, s in rows),
             "nothing was in doubt")

    def is_decision_diverges(self, p, key, rows):
        need(any(s[2] == "diverges" for _, s in rows), "nothing diverged")

    def is_stop_unrecorded(self, p, key, rows):
        need(any(s[:2] == ("beat", True) for _, s in rows),
             "no spool had failed")

    def is_stop_unacknowledged(self, p, key, rows):
        limit = self.least["overdue_after"] * 1000
        need(any(s[0] in ("command", "late") and s[2] == "DeactivateTask" and
                 s[1] != "refused" and self.log.now > s[3] + limit and not
                 ("acknowledged" in s and s[-1] <= s[3] + limit)
                 for _, s in rows), "no stop was unacknowledged")

    def is_element_silent(self, p, key, rows):
        need(any(s[0] == "snapshot" and not s[1] and s[3] == key[0]
                 for _, s in rows), "no question had failed")

    def is_beat_missing(self, p, key, rows):
        was = self.last.get(key[0])
        need(was is None or
             self.log.now > was + self.least["beat_missing"] * 1000,
             "it was heard in time")

    def is_task_unknown(self, p, key, rows):
        need(self.commanded.get(key, rows[0][0]) >= min(r for r, _ in rows),
             "it was commanded before")
