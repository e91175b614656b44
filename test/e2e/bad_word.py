#!/usr/bin/env python3
"""bad_word.py BUILD KEEPER: a gate stands alone, and says so in the log.

Its spool cannot be written, and the stop leaves all the same; then a keeper
(the program KEEPER) decides against the law, and nothing leaves.
"""
import os
import resource
import sys

from bad_lib import (DID, WRONG, Element, Operator, activate, deactivate,
                     must, tap, xid)

BUILD, OTHERWISE = sys.argv[1], os.path.abspath(sys.argv[2])
ALLOWED, REFUSED = 0xa110, 0xf0         # as otherwise.c has them
KEPT = {}


def begin():
    op = Operator(BUILD)
    op.conf("gate", beat="1s", pace="1000", keeper_timeout="1s")
    op.keeper()
    # What it may not write is an error to it, and does not end it.
    op.start("gate", ["env", "--ignore-signal=XFSZ"])
    op.said("gate", "following")
    KEPT["e"] = Element(op)
    op.order()
    out = op.admf("--id", "ne-2", "create-destination", DID,
                  "ipv4:192.0.2.10:tcp:42069", "--deliver", "X2Only").stdout
    must("AcknowledgedAndCompleted" in out, out)
    for n in range(1, 5):
        must(op.x1(activate(n)).ok)
    return op


def files_up_to(op, size):
    """From now on the gate writes no file beyond so many bytes."""
    resource.prlimit(op.process["gate"].pid, resource.RLIMIT_FSIZE,
                     (size, resource.RLIM_INFINITY))


def stop_without_keeper(op, n):
    must(op.end("keeper") == 0)
    a = op.x1(deactivate(n))
    must(a.ok == ["AcknowledgedAndCompleted"], n, a)
    must(KEPT["e"].count("DeactivateTask", n) == 1, n)


def back(op, n, start):
    """The keeper is there again, and the log has that stop."""
    op.keeper()
    op.has("late", lambda e: e["said"]["xid"] == xid(n), start)
    return op.has("beat", lambda e: e["source"]["role"] == "gate", start)


def a_spool_that_holds(op):
    start = op.size()
    stop_without_keeper(op, 1)
    back(op, 1, start)
    must(not op.entries("finding", start))


def a_spool_that_fails(op):
    """Stopping comes before recording; that it did is itself recorded."""
    start = op.size()
    files_up_to(op, 4096)               # its spool's records stand behind
    stop_without_keeper(op, 2)
    files_up_to(op, resource.RLIM_INFINITY)
    back(op, 2, start)
    index, e = op.finding("stop.unrecorded", start)
    must(e["severity"] == "critical", e)
    beat = op.entries(start=int(e["rests"][0]))[0][1]
    must(beat["kind"] == "beat" and beat["said"]["spool_failed"] is True and
         beat["source"]["role"] == "gate", beat)
    # It is told once.
    stop_without_keeper(op, 3)
    back(op, 3, index + 1)
    must(not op.entries("finding", index + 1))


def verified(op):
    """As far as here the log holds, by both programs."""
    must(op.end("gate") == 0 and op.end("keeper") == 0, op.ended)
    op.verifies()
    path = os.path.join(op.bin, "custos-keeper")
    os.unlink(path)
    os.symlink(OTHERWISE, path)
    op.keeper()
    op.gate()
    must(op.x1(activate(9)).ok)


def differs(op, message, n, said, mine):
    """Keeper and gate decide differently: it is not sent, and a finding."""
    start = op.size()
    a = op.x1(message)
    must(not a.ok and a.codes, a)
    must(KEPT["e"].count("ActivateTask", n) == 0)
    index, e = op.has("command", lambda e: e["said"]["xid"] == xid(n), start)
    must([e["decision"], e["rule"]] == said, e)
    o = op.outcome(index, start)
    must([o["what"], o["why"], o["mine"]] == ["not sent", "diverges", mine],
         o)
    f = op.finding("decision.diverges", start)[1]
    must(f["severity"] == "critical" and str(index) in f["rests"], f)
    return index


def a_keeper_allows_what_no_order_covers(op):
    KEPT["first"] = differs(op, activate(ALLOWED, WRONG), ALLOWED,
                            ["allowed", "task.covered"],
                            ["refused", "task.cover.none"])


def a_keeper_refuses_what_an_order_covers(op):
    differs(op, activate(REFUSED), REFUSED, ["refused", "task.cover.none"],
            ["allowed", "task.covered"])
    must(op.x1(activate(10)).ok and KEPT["e"].count("ActivateTask", 10) == 1)


def both_verifiers_name_it(op):
    must(op.end("gate") == 0 and op.end("keeper") == 0, op.ended)
    op.verifies("entry %d:" % KEPT["first"])
    op.silent()


sys.exit(tap([a_spool_that_holds, a_spool_that_fails, verified,
              a_keeper_allows_what_no_order_covers,
              a_keeper_refuses_what_an_order_covers, both_verifiers_name_it],
             begin))
