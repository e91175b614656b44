#!/usr/bin/env python3
"""bad_back.py BUILD: killed in the middle, and older copies put back.

A gate that was killed between sending and answer says so, and the next answers
settle it.  A log or a notebook from a backup is refused, since somebody else
remembers more.
"""
import json
import os
import shutil
import signal
import sys
import threading
import time

from bad_lib import (DID, Element, Operator, activate, deactivate, must, tap,
                     the_log_holds, wait, xid)

BUILD = sys.argv[1]
KEPT = {}


def begin():
    op = Operator(BUILD)
    op.conf("gate", beat="1s", pace="1000", keeper_timeout="1s",
            element_timeout="20s")
    op.conf("auditor", audit_interval="500ms", pace="50")
    op.keeper()
    for ne in ("ne-1", "mdf-1"):
        op.start(ne)
    KEPT["e"] = Element(op)		# in the place of ne-2
    op.gate()
    op.custos("policy", "set", "overdue_after=1000", "--sign",
              op.path("holders/overseer-1.key"), "--sign",
              op.path("holders/overseer-2.key"))
    op.order()
    for ne in ("ne-1", "ne-2"):
        out = op.admf("--id", ne, "create-destination", DID,
                      "ipv4:192.0.2.10:tcp:42069", "--deliver", "X2Only")
        must("AcknowledgedAndCompleted" in out.stdout, out.stdout)
    return op


def killed_while_it_waits(op):
    """Sent, not answered: in doubt, and never sent again."""
    came = threading.Event()

    def slow(e, kind, body, s):
        came.set()
        time.sleep(3)
        return True
    KEPT["e"].act = slow
    start = op.size()

    def send(m):
        try:
            op.x1(m)
        except OSError:
            pass
    for n, m in ((1, activate(1)), (2, deactivate(2))):
        came.clear()
        t = threading.Thread(target=send, args=(m,))
        t.start()
        must(came.wait(10))
        op.end("gate", signal.SIGKILL)
        op.gate()
        t.join()
        index = op.has("command", lambda e, n=n: e["said"]["xid"] == xid(n),
                       start)[0]
        done = op.outcome(index, start)
        must(done["what"] == "in doubt" and done["why"] == "restart", done)
    KEPT["e"].act = None
    op.finding("command.in-doubt", start)
    time.sleep(1)
    must(KEPT["e"].count("ActivateTask", 1) == 1 and
         KEPT["e"].count("DeactivateTask", 2) == 1, KEPT["e"].got)


def the_next_answers_settle_it(op):
    """The same on a simulated element that the auditor asks, too."""
    op.tell("ne-1", "slow", "2500", "admf-1")
    start = op.size()
    t = threading.Thread(target=lambda: op.admf(
        "--id", "ne-1", "activate", xid(3), "e164Number=4915112345678",
        "--did", DID, "--deliver", "X2Only"))
    t.start()
    op.has("command", lambda e: e["said"]["xid"] == xid(3), start)
    wait(lambda: xid(3) in op.tell("ne-1", "list"), 10, "the task")
    op.end("gate", signal.SIGKILL)
    op.tell("ne-1", "slow", "0")
    op.gate()
    t.join()
    f = op.finding("command.in-doubt", start)[0]
    op.start("auditor")
    op.has("finding", lambda e: e["verb"] == "note" and e["word"] ==
           "settled" and e["finding"] == str(f), start, 20)
    # It holds the task: known, as commanded, nothing to be found.
    bad = [e for _, e in op.entries("finding", start) if e["verb"] == "open"
           and e["type"].startswith("task.")]
    must(not bad, bad)
    must(op.end("auditor") == 0)


def killed_keeper_forgets_nothing(op):
    """SIGKILL at once after each answer: what was answered stands."""
    for n in range(10, 14):
        a = op.x1(activate(n))
        must(a.ok, n, a)
        op.end("keeper", signal.SIGKILL)
        op.keeper()
        e = op.has("command", lambda e, n=n: e["said"]["xid"] == xid(n))
        wait(lambda: op.x1(activate(100 + n)).ok, 15, "a start")
        must(op.outcome(e[0])["what"] == "sent")


def a_task_of_a_former_revision(op):
    """Its line is keyed by what was superseded, also after a restart."""
    def restart():
        must(op.end("gate") == 0 and op.end("keeper") == 0, op.ended)
        op.keeper()
        op.gate()

    def revision(n):
        show = op.custos("--json", "warrant", "show", "w-7")
        os.remove(op.path("w-7.act"))
        op.order("w-7", "4915110000007", revision=n, supersedes=json.loads(
            show.stdout)["revisions"][-1]["digest"])

    def begin_and_end():
        out = op.admf("--id", "ne-1", "activate", xid(40),
                      "e164Number=4915110000007", "--did", DID, "--deliver",
                      "X2Only").stdout
        must("AcknowledgedAndCompleted" in out, out, op.log("keeper"))
        out = op.admf("--id", "ne-1", "deactivate", xid(40)).stdout
        must("AcknowledgedAndCompleted" in out, out)
        start = op.size()
        op.start("auditor")		# it is seen to be gone
        op.has("snapshot", lambda e: e["said"]["complete"], start)
        must(op.end("auditor") == 0)
    op.order("w-7", "4915110000007")
    begin_and_end()
    revision(2)
    restart()
    begin_and_end()
    # Nothing in force for a while, and then again.
    op.custos("warrant", "revoke", "w-7", "--sign",
              op.path("holders/approver-1.key"))
    restart()
    revision(3)
    begin_and_end()


def an_older_log(op):
    """The whole log from a backup: whole in itself, and the gate knows."""
    must(op.end("keeper") == 0)
    old, new = op.path("keeper/log"), os.path.join(op.folder, "newer")
    backup = os.path.join(op.folder, "backup")
    shutil.copytree(old, backup)
    op.keeper()
    wait(lambda: op.x1(activate(20)).ok, 15, "a start")
    size = op.size()
    # The gate has followed it, and will say so.
    wait(lambda: op.x1(deactivate(20)).ok, 15, "a stop")
    op.end("keeper", signal.SIGKILL)
    os.rename(old, new)
    shutil.copytree(backup, old)
    op.start("keeper")
    code = op.process["keeper"].wait(30)
    must(code == 3, code, op.log("keeper"))
    op.process.pop("keeper")
    must(os.path.exists(os.path.join(old, "contradiction")))
    must("rolled back" in op.log("keeper") or "rollback" in op.log("keeper"),
         op.log("keeper"))
    # A stop passes all the same, a start does not.
    must(op.x1(deactivate(10)).ok)
    must(op.x1(activate(21)).codes == [1000])
    # It does not come up by trying again.
    op.start("keeper")
    must(op.process["keeper"].wait(30) == 3)
    op.process.pop("keeper")
    out = op.custos("check", op.path("keeper"), check=False)
    must(out.returncode != 0 and "contradiction" in out.stdout, out.stdout)
    # Before anything else, and what the gate believes beside it.
    out = op.custos("status", check=False)
    said = out.stdout.split("\n")
    must(out.returncode == 1 and "keeper/log/contradiction: " in said[0] and
         "log.rollback or log.fork" in said[0], out.stdout)
    must(any("gate/notebook: a checkpoint" in line for line in said[1:4]),
         out.stdout)
    # So is a head that a gate itself has kept.
    shutil.copy(os.path.join(old, "contradiction"), op.path("gate"))
    shutil.rmtree(old)
    os.rename(new, old)
    shutil.rmtree(backup)
    for words in (("check", op.path("gate")), ("status",)):
        out = op.custos(*words, check=False)
        must(out.returncode == 1 and "gate/contradiction: a checkpoint of " in
             out.stdout and "was followed here: log.fork" in out.stdout,
             out.stdout)
    out = json.loads(op.custos("--json", "status", check=False).stdout)
    must([os.path.basename(c["file"]) for c in out["contradictions"]] ==
         ["contradiction"], out)
    os.unlink(op.path("gate/contradiction"))
    op.keeper()
    op.has("late", lambda e: e["said"]["xid"] == xid(10), size)
    wait(lambda: op.x1(activate(22)).ok, 15, "a start")


def an_older_journal(op):
    """The journal alone: the memory beside it knows more."""
    must(op.end("keeper") == 0)
    journal = op.path("keeper/log/journal")
    backup, new = (os.path.join(op.folder, n) for n in ("b2", "n2"))
    shutil.copytree(journal, backup)
    op.keeper()
    wait(lambda: op.x1(activate(30)).ok, 15, "a start")
    must(op.end("keeper") == 0)
    os.rename(journal, new)
    os.rename(backup, journal)
    before = tree(op.path("keeper/log"))
    op.start("keeper")
    code = op.process["keeper"].wait(30)
    must(code == 3, code, op.log("keeper"))
    op.process.pop("keeper")
    must(tree(op.path("keeper/log")) == before, "something was changed")
    out = op.custos("check", op.path("keeper"), check=False)
    must(out.returncode != 0, out.stdout)
    shutil.rmtree(journal)
    os.rename(new, journal)
    op.keeper()
    wait(lambda: op.x1(activate(31)).ok, 15, "a start")


def tree(path):
    found = {}
    for root, _, names in os.walk(path):
        for name in names:
            with open(os.path.join(root, name), "rb") as f:
                found[os.path.join(root, name)] = hash(f.read())
    return found


def a_damaged_byte(op):
    """In the middle of what was acknowledged: named, nothing changed."""
    must(op.end("keeper") == 0)
    path = op.path("keeper/log/journal/00000001.seg")
    with open(path, "r+b") as f:
        data = f.read()
        at = data.index(xid(11).encode())
        f.seek(at)
        f.write(b"c")
    before = tree(op.path("keeper/log"))
    op.start("keeper")
    must(op.process["keeper"].wait(30) == 3, op.log("keeper"))
    op.process.pop("keeper")
    must(tree(op.path("keeper/log")) == before, "something was changed")
    with open(path, "r+b") as f:
        f.seek(at)
        f.write(data[at:at + 1])
    op.keeper()
    wait(lambda: op.x1(activate(32)).ok, 15, "a start")


def an_older_notebook(op):
    """A gate from a backup would use numbers twice: its start is refused."""
    must(op.end("gate") == 0)
    book = op.path("gate/notebook")
    backup = os.path.join(op.folder, "notebook")
    shutil.copy(book, backup)
    for _ in range(2):
        op.gate()
        must(op.end("gate") == 0)
    newer = os.path.join(op.folder, "notebook.newer")
    shutil.copy(book, newer)
    shutil.copy(backup, book)
    size = op.size()
    lines = op.log("gate").count("following")
    op.start("gate")
    time.sleep(3)
    must(op.log("gate").count("following") == lines, op.log("gate")[-800:])
    must(not [1 for _, e in op.entries("start", size)], "it spoke")
    print("# " + op.log("keeper").strip().split("\n")[-1])
    must("start" in op.log("keeper").strip().split("\n")[-1])
    a = op.x1(activate(40))
    must(not a.ok and KEPT["e"].count("ActivateTask", 40) == 0, a)
    must(op.x1(deactivate(11)).ok)	# and a stop passes even so
    op.end("gate", signal.SIGKILL)
    shutil.copy(newer, book)
    op.gate()
    op.has("late", lambda e: e["said"]["xid"] == xid(11), size)
    wait(lambda: op.x1(activate(41)).ok, 15, "a start")
    for path in (backup, newer):
        os.unlink(path)


def another_genesis(op):
    """A gate that pins another log follows none, and says so."""
    must(op.end("gate") == 0)
    path = op.path("gate/custos.yaml")
    with open(path) as f:
        text = f.read()
    with open(path, "w") as f:
        f.write(text.replace(op.genesis, "0" * 63 + "1"))
    op.start("gate")
    must(op.process["gate"].wait(20) == 3)
    op.process.pop("gate")
    must("of another log" in op.log("gate"), op.log("gate")[-500:])
    # Also with a notebook of no log at all: it does not follow this one.
    book = op.path("gate/notebook")
    os.rename(book, book + ".away")
    size, lines = op.size(), op.log("gate").count("following")
    op.start("gate")
    time.sleep(2)
    must(op.log("gate").count("following") == lines)
    must(not op.entries("start", size))
    print("# " + op.log("gate").strip().split("\n")[-1])
    op.end("gate", signal.SIGKILL)
    os.rename(book + ".away", book)
    with open(path, "w") as f:
        f.write(text)
    out = op.custos("log", "verify", "--log", op.path("keeper/log"),
                    "--genesis", "0" * 63 + "1", check=False)
    must(out.returncode == 1 and "genesis" in out.stdout, out.stdout)
    op.gate()


sys.exit(tap([killed_while_it_waits, the_next_answers_settle_it,
              killed_keeper_forgets_nothing, a_task_of_a_former_revision,
              an_older_log, an_older_journal,
              a_damaged_byte, an_older_notebook, another_genesis,
              the_log_holds], begin))
