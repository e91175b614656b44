"""test/interop/log_said.py: what processes say, member by member.

docs/format/entries.md and docs/findings.md, and nothing of the C sources.
"""
from log_acts import is_text
from log_bytes import (count, dec, is_id, is_uuid, members, need, time_us,
                       unb64u)
from log_lines import DELIVERY, SERVICES

COMMAND = ("requester certificate bound admf ne element type transaction stamp "
           "version xid dids product correlation implicit delivery services "
           "mediation leniencies form size")
SAID = {
    "command": COMMAND, "late": COMMAND + " request",
    "outcome": "command what why mine sent_at answered_at answer code http "
               "certificate checkpoint",
    "report": "element certificate bound ne admf type transaction stamp "
              "version xid did issue code leniencies size",
    "snapshot": "element question asked answered complete error certificate "
                "base part parts items gone",
    "round": "rows", "start": "version build config size spool",
    "stop": "size", "beat": "size root spool tls_refused refused spool_failed"}
MAYBE = {"outcome": ("leniencies",), "snapshot": ("leniencies",)}
ROLE = {"command": ("gate",), "late": ("gate",), "outcome": ("gate",),
        "report": ("gate",), "snapshot": ("auditor",), "round": ("auditor",),
        "start": ("gate", "auditor"), "stop": ("gate", "auditor"),
        "beat": ("gate", "auditor")}
DISCLOSED = {"command": {"root", "received", "received_len", "target",
                         "address", "sent"},
             "outcome": {"answer"}, "report": {"root", "received",
                                               "description"},
             "snapshot": {"item"}, "finding": {"act", "detail"}}
DISCLOSED["late"] = DISCLOSED["command"]
TASK = ("ActivateTask", "ModifyTask")
DESTINATION = ("CreateDestination", "ModifyDestination", "RemoveDestination")
WHY = {"sent": (None,),
       "not sent": ("diverges", "not opened", "law", "clock", "cancelled",
                    "release timeout", "connection", "identity",
                    "keeper timeout", "restart"),
       "in doubt": ("timeout", "cut", "http", "form", "restart")}
REPORTS = ("ReportTaskIssue", "ReportDestinationIssue", "ReportNEIssue",
           "Ping", "Keepalive")
ERRORS = ("connect", "tls", "identity", "timeout", "http", "form", "cut",
          "unsupported")
ALWAYS, EITHER = ("critical",), ("notice", "critical")
FINDINGS = {
    "task.unknown": ALWAYS, "task.altered": ALWAYS,
    "task.modified-aside": ALWAYS, "task.overdue": ALWAYS,
    "task.missing": ("warning", "critical"), "task.flicker": ALWAYS,
    "destination.unknown": ALWAYS, "destination.altered": ALWAYS,
    "element.silent": ALWAYS, "element.identity": ALWAYS,
    "command.refused": EITHER, "command.in-doubt": ("warning",),
    "stop.unacknowledged": ALWAYS, "stop.unrecorded": ALWAYS,
    "decision.diverges": ALWAYS, "clock.step": ALWAYS,
    "beat.missing": ALWAYS, "approval.self": ALWAYS,
    "act.refused": ("notice",)}
WORDS = {"open": {"command.refused": (None, "tls", "rate")},
         "note": {"command.in-doubt": (None, "settled"),
                  "task.missing": (None, "lasting")}}


def or_null(check, v, name):
    """Null, or what check takes (it raises, or gives false)."""
    need(v is None or check(v) is not False, name)


def one_of(v, words, name):
    need(v is None or isinstance(v, str) and v in words, name)


def digest(v):
    return unb64u(v, 32) != b""


def used(p):
    """An answer's leniencies: absent where there are none."""
    if "leniencies" in p:
        dialect(p["leniencies"])
        need(p["leniencies"], "leniencies, but none")


def whole(v):
    return count(v) >= 0


def word(v):
    return is_text(v)


def dialect(v):
    need(isinstance(v, list) and all(map(is_id, v)) and v == sorted(set(v)),
         "leniencies")


def sorted_uuids(v, name):
    need(isinstance(v, list) and all(map(is_uuid, v)) and v == sorted(set(v)),
         name)


def wire(p):
    """What command and report have in common."""
    or_null(digest, p["certificate"], "certificate")
    one_of(p["bound"], ("urn", "uid", "cn"), "bound")
    for k in ("admf", "ne"):
        or_null(is_id, p[k], k)
    or_null(dec, p["element"], "element")
    or_null(is_uuid, p["transaction"], "transaction")
    or_null(time_us, p["stamp"], "stamp")
    or_null(word, p["version"], "version")
    or_null(is_uuid, p["xid"], "xid")
    dialect(p["leniencies"])
    dec(p["size"])


def command(p):
    wire(p)
    or_null(is_id, p["requester"], "requester")
    or_null(is_id, p["type"], "type")
    task = p["type"] in TASK
    if p["dids"] is not None:
        sorted_uuids(p["dids"], "dids")
        need(len(p["dids"]) <= 64, "dids")
    or_null(is_uuid, p["product"], "product")
    or_null(dec, p["correlation"], "correlation")
    need(p["implicit"] is None or isinstance(p["implicit"], bool), "implicit")
    one_of(p["delivery"], DELIVERY, "delivery")
    if p["services"] is not None:
        need(isinstance(p["services"], list) and p["services"] and
             set(p["services"]) <= set(SERVICES) and
             p["services"] == sorted(set(p["services"])), "services")
    or_null(whole, p["mediation"], "mediation")
    need(p["form"] is None or isinstance(p["form"], str) and
         p["form"].startswith("form.") and is_id(p["form"]), "form")
    if p["form"] is p["type"] is p["requester"] is None:
        # A stranger's request: not read at all.
        need(all(p[k] is None for k in p if k not in
                 ("certificate", "leniencies", "size", "_sd", "void", "last",
                  "request")), "of no type, but understood")
    elif p["form"] is None:
        need(p["type"] is not None, "understood, but of no type")
        for k in ("implicit", "mediation"):
            need((p[k] is not None) == task, k)
        need(task or p["product"] is p["correlation"] is p["services"] is None,
             "members of a task")
        need((p["dids"] is not None) == (task or "Destination" in p["type"] and
             p["type"] not in ("RemoveAllDestinations",
                               "GetAllDestinationDetails")), "dids")
        need(task or p["type"] not in DESTINATION or len(p["dids"]) == 1,
             "a destination has one DID")
    if "request" in p:
        or_null(whole, p["request"], "request")


def outcome(p):
    dec(p["command"])
    need(p["what"] in WHY and p["why"] in WHY[p["what"]], "what or why")
    mine = p["mine"]
    need((mine is not None) == (p["why"] == "diverges"), "mine")
    need(mine is None or isinstance(mine, list) and len(mine) == 2 and
         mine[0] in ("allowed", "refused") and is_text(mine[1]), "mine")
    for k in ("sent_at", "answered_at"):
        or_null(time_us, p[k], k)
    or_null(is_id, p["answer"], "answer")
    for k in ("code", "http"):
        or_null(whole, p[k], k)
    or_null(digest, p["certificate"], "certificate")
    or_null(dec, p["checkpoint"], "checkpoint")
    used(p)
    if p["what"] == "sent":
        need(p["sent_at"] is not None and p["answered_at"] is not None and
             p["answer"] is not None, "sent, without times or answer")
    if p["what"] == "not sent":
        need(p["sent_at"] is p["answered_at"] is p["answer"] is None,
             "not sent, but answered")
    need(p["code"] is None or p["answer"] == "ErrorResponse", "code")


def report(p):
    wire(p)
    one_of(p["type"], REPORTS, "type")
    or_null(is_uuid, p["did"], "did")
    or_null(word, p["issue"], "issue")
    or_null(whole, p["code"], "code")


def item(v):
    members(v, ("type", "id", "line", "why", "n", "last"))
    need(v["type"] in ("task", "destination") and is_uuid(v["id"]), "item")
    or_null(digest, v["line"], "line")
    one_of(v["why"], ("unbound", "form"), "why")
    need((v["line"] is None) == (v["why"] is not None), "line or why")
    need(v["why"] != "unbound" or v["type"] == "task", "unbound")
    or_null(dec, v["n"], "n")
    or_null(time_us, v["last"], "last")


def snapshot(p):
    dec(p["element"])
    dec(p["question"])
    asked = time_us(p["asked"])
    need(p["answered"] is None or time_us(p["answered"]) >= asked, "answered")
    need(isinstance(p["complete"], bool), "complete")
    one_of(p["error"], ERRORS, "error")
    need(p["complete"] == (p["error"] is None), "complete, or an error")
    need(not p["complete"] or p["answered"] is not None, "answered")
    or_null(digest, p["certificate"], "certificate")
    or_null(dec, p["base"], "base")
    need(1 <= count(p["part"]) <= count(p["parts"]), "part")
    need(isinstance(p["items"], list) and len(p["items"]) <= 128, "items")
    for v in p["items"]:
        item(v)
    ids = [v["id"] for v in p["items"]]
    need(ids == sorted(ids), "order of the items")
    sorted_uuids(p["gone"], "gone")
    need(p["part"] == 1 or not p["gone"], "gone, not in part 1")
    need(p["part"] == 1 or "leniencies" not in p, "leniencies of a part")
    used(p)


def round_of(p):
    need(isinstance(p["rows"], list) and 1 <= len(p["rows"]) <= 250, "rows")
    for row in p["rows"]:
        need(isinstance(row, list) and len(row) == 6, "row")
        for v in row[:3]:
            dec(v)
        need(time_us(row[3]) <= time_us(row[4]), "answered before asked")
        count(row[5])


def start(p):
    need(is_text(p["version"]) and is_text(p["build"]), "version or build")
    digest(p["config"])
    if "recovered" in p:
        dec(p["recovered"])
        dec(p["dropped"])
    else:
        dec(p["size"])
        or_null(whole, p["spool"], "spool")


def stop(p):
    dec(p["size"])


def beat(p):
    dec(p["size"])
    digest(p["root"])
    or_null(whole, p["spool"], "spool")
    for k in ("tls_refused", "refused"):
        count(p[k])
    need(isinstance(p["spool_failed"], bool), "spool_failed")


FORMS = {"command": command, "late": command, "outcome": outcome,
         "report": report, "snapshot": snapshot, "round": round_of,
         "start": start, "stop": stop, "beat": beat}


def finding(p):
    """The keeper's own; rests on what stands before it."""
    need(p["verb"] in ("open", "note"), "verb")
    need((p["finding"] is None) == (p["verb"] == "open"), "finding")
    or_null(dec, p["finding"], "finding")
    need(p["type"] in FINDINGS, "type of a finding")
    need(p["severity"] in FINDINGS[p["type"]], "severity")
    or_null(dec, p["element"], "element")
    for k in ("instance", "holder"):
        or_null(is_id, p[k], k)
    for k in ("xid", "did"):
        or_null(is_uuid, p[k], k)
    need(isinstance(p["rests"], list) and len(p["rests"]) <= 16 and
         len(set(map(str, p["rests"]))) == len(p["rests"]), "rests")
    need(p["word"] in WORDS[p["verb"]].get(p["type"], (None,)), "word")
