#!/usr/bin/env python3
"""bad_away.py BUILD: the keeper is away, frozen, or slow to be followed.

A stop passes within keeper_timeout all the same, nothing else does; what left
is taken in as `late`; and an element that counts is sent nothing twice.
"""
import contextlib
import os
import random
import signal
import socket
import sys
import threading
import time

from bad_lib import (DID, Element, Operator, activate, container, deactivate,
                     must, post, tap, the_log_holds, wait, xid)

BUILD = sys.argv[1]
NE = {}
KEEPER_TIMEOUT = 1.5
SLACK = 2.0		# of a loaded machine


class Proxy:
    """Between gate and keeper; what the keeper says can be held back."""
    def __init__(self, op):
        self.to = op.path("keeper/run/keeper.sock")
        self.path = os.path.join(op.folder, "proxy.sock")
        self.held = set()		# "follow", "talk"
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(16)
        threading.Thread(target=self.take, daemon=True).start()

    def take(self):
        while True:
            a, _ = self.listener.accept()
            b = socket.socket(socket.AF_UNIX)
            try:
                b.connect(self.to)
            except OSError:
                a.close()
                b.close()
                continue
            use = []
            threading.Thread(target=self.pipe, args=(a, b, use, False),
                             daemon=True).start()
            threading.Thread(target=self.pipe, args=(b, a, use, True),
                             daemon=True).start()

    def pipe(self, a, b, use, hold):
        try:
            while True:
                data = a.recv(65536)
                if not data:
                    break
                if not use and not hold:
                    use.append("follow" if b'"follow"' in data else "talk")
                while hold and use and use[0] in self.held:
                    time.sleep(0.02)
                b.sendall(data)
        except OSError:
            pass
        for s in (a, b):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def begin():
    op = Operator(BUILD)
    op.conf("gate", beat="2s", pace="1000",
            keeper_timeout="%dms" % (KEEPER_TIMEOUT * 1000))
    NE["proxy"] = Proxy(op)
    op.conf("gate", keeper='"%s"' % NE["proxy"].path)
    op.keeper()
    op.gate()
    NE["e"] = Element(op)
    op.order()
    out = op.admf("--id", "ne-2", "create-destination", DID,
                  "ipv4:192.0.2.10:tcp:42069", "--deliver", "X2Only").stdout
    must("AcknowledgedAndCompleted" in out, out)
    for n in range(1, 41):
        a = op.x1(activate(n))
        must(a.ok, n, a)
    return op


@contextlib.contextmanager
def frozen(op, home="keeper"):
    p = op.process[home]
    p.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        p.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def stalled(*uses):
    NE["proxy"].held = set(uses)
    try:
        yield
    finally:
        NE["proxy"].held = set()


def stop_leaves(op, n):
    """By the spool, in time, once."""
    began = time.monotonic()
    a = op.x1(deactivate(n))
    must(a.ok == ["AcknowledgedAndCompleted"], n, a)
    # Its answer waits for the outcome to be kept, at most outcome_timeout.
    must(time.monotonic() - began < KEEPER_TIMEOUT + 2 + SLACK)
    must(NE["e"].count("DeactivateTask", n) == 1, n)
    took = NE["e"].came("DeactivateTask", n) - began
    must(took < KEEPER_TIMEOUT + SLACK, took)
    return took


def start_fails(op, n):
    began = time.monotonic()
    a = op.x1(activate(n))
    must(not a.ok and a.codes == [1000], n, a)
    must(time.monotonic() - began < KEEPER_TIMEOUT + SLACK)
    must(NE["e"].count("ActivateTask", n) == 0, n)


def back(op):
    """A start passes again."""
    n = NE["next"] = NE.get("next", 500) + 1
    wait(lambda: can_connect(op), 10, "the gate")
    wait(lambda: op.x1(activate(n)).ok or NE["e"].count("ActivateTask", n),
         15, "a start")


def taken_in(op, n, start):
    """As `late`, with its outcome; and no other word of it."""
    index, e = op.has("late", lambda e: e["said"]["xid"] == xid(n), start)
    done = op.outcome(index, start)
    must(done["what"] == "sent" and done["answer"] is not None, done)
    return index, e


def keeper_killed(op):
    start = op.size()
    op.end("keeper", signal.SIGKILL)
    op.said("gate", "connection lost")
    took = stop_leaves(op, 1)
    must(took < 1 + SLACK, took)	# nobody to wait for
    start_fails(op, 101)
    op.keeper()
    taken_in(op, 1, start)
    back(op)
    must(NE["e"].count("ActivateTask", 101) == 0)


def keeper_frozen(op):
    """SIGSTOP: the connection stands, nobody answers."""
    start = op.size()
    with frozen(op):
        took = stop_leaves(op, 2)
        print("# frozen keeper: a stop after %.2f s" % took)
        must(took >= KEEPER_TIMEOUT - 0.2, took)
        start_fails(op, 102)
        stop_leaves(op, 3)
    taken_in(op, 2, start)
    taken_in(op, 3, start)
    back(op)
    must(NE["e"].count("ActivateTask", 102) == 0)
    # What was kept of the start after all did not leave.
    for i, e in op.entries("command", start):
        if e["said"]["xid"] == xid(102):
            must(op.outcome(i)["what"] == "not sent")


def frozen_and_then_killed(op):
    """A beat was offered and is never answered; stops stand behind it."""
    start = op.size()
    with frozen(op):
        time.sleep(2.5)
        stop_leaves(op, 39)
        stop_leaves(op, 38)
        op.process["keeper"].kill()
    op.end("keeper", signal.SIGKILL)
    op.keeper()
    taken_in(op, 39, start)
    taken_in(op, 38, start)
    back(op)


def follower_stalled(op):
    """The keeper decides, but the gate cannot see that it stands."""
    start = op.size()
    with stalled("follow"):
        stop_leaves(op, 4)
        start_fails(op, 103)
        stop_leaves(op, 5)
        time.sleep(1)
    taken_in(op, 4, start)
    taken_in(op, 5, start)
    back(op)
    must(NE["e"].count("ActivateTask", 103) == 0)
    must(NE["e"].count("DeactivateTask", 4) == 1)
    for i, e in op.entries("command", start):
        if e["said"]["xid"] == xid(103) and e["decision"] == "allowed":
            must(op.outcome(i)["what"] == "not sent")


def decisions_stalled(op):
    """The gate sees that it stands, but is not told; or neither."""
    start = op.size()
    with stalled("talk"):
        stop_leaves(op, 6)
    with stalled("talk", "follow"):
        stop_leaves(op, 7)
        start_fails(op, 104)
    back(op)
    must(NE["e"].count("ActivateTask", 104) == 0)
    for n in (6, 7):
        must(NE["e"].count("DeactivateTask", n) == 1)
        op.has("late" if [1 for _, e in op.entries("late", start)
                          if e["said"]["xid"] == xid(n)] else "command",
               lambda e, n=n: e["said"]["xid"] == xid(n), start)


def gate_started_alone(op):
    """Started while the keeper is away: only its own memory tells it."""
    start = op.size()
    op.end("gate", signal.SIGKILL)
    op.end("keeper", signal.SIGKILL)
    op.start("gate")
    wait(lambda: can_connect(op), 10, "the gate")
    stop_leaves(op, 8)
    start_fails(op, 105)
    # A stranger's stop is no stop: the register knows who may.
    a = op.send(b"", "ne-1")
    must(not a.ok)
    a = op.send(post(container(deactivate(9))), "ne-1")
    must(not a.ok and NE["e"].count("DeactivateTask", 9) == 0, a)
    # Killed again with its spool full: another start, the same records.
    op.end("gate", signal.SIGKILL)
    op.start("gate")
    wait(lambda: can_connect(op), 10, "the gate")
    stop_leaves(op, 10)
    op.keeper()
    taken_in(op, 8, start)
    taken_in(op, 10, start)
    back(op)
    must(NE["e"].count("DeactivateTask", 8) == 1)
    starts = [e["source"]["start"] for _, e in op.entries("start")
              if e["source"]["role"] == "gate"]
    must(starts == sorted(set(starts)), starts)


def can_connect(op):
    try:
        op.connect().close()
        return True
    except OSError:
        return False


def many_stops_at_once(op):
    """Thirty stops in one container while it is away: in order, all late."""
    start = op.size()
    op.end("keeper", signal.SIGKILL)
    op.said("gate", "connection lost", op.log("gate").count("connection lost"))
    before = len(NE["e"].got)
    a = op.x1(*[deactivate(n) for n in range(11, 38)])
    must(a.ok == ["AcknowledgedAndCompleted"] * 27, a)
    must(len(NE["e"].got) == before + 27)
    op.keeper()
    for n in (11, 37):
        taken_in(op, n, start)
    late = [e["said"]["xid"] for _, e in op.entries("late", start)]
    must(late == [xid(n) for n in range(11, 38)], late)
    back(op)


def a_stop_cancels_a_start_that_waits(op):
    """Frozen keeper: a start is offered, then a stop of the same XID."""
    start, answers = op.size(), {}

    def send():
        answers["start"] = op.x1(activate(110))
    with frozen(op):
        t = threading.Thread(target=send)
        t.start()
        time.sleep(0.3)
        stop_leaves(op, 110)
        t.join()
    must(not answers["start"].ok, answers)
    taken_in(op, 110, start)
    back(op)
    must(NE["e"].count("ActivateTask", 110) == 0)


def shaken(op):
    """Both killed and frozen at random while commands come: nothing twice."""
    dice = random.Random(41)
    end, answers = time.monotonic() + 6, []

    def command():
        n = 1000
        while time.monotonic() < end:
            n += 1
            for m in (activate(n), deactivate(n)):
                try:
                    answers.append((n, op.x1(m, limit=8)))
                except OSError:
                    time.sleep(0.05)
    threads = [threading.Thread(target=command)]
    threads[0].start()
    while time.monotonic() < end:
        time.sleep(dice.uniform(0.2, 0.9))
        home = dice.choice(("keeper", "gate"))
        if dice.random() < 0.5:
            op.end(home, signal.SIGKILL)
            time.sleep(dice.uniform(0, 0.3))
            op.start(home)
        else:
            with frozen(op, home):
                time.sleep(dice.uniform(0.1, 1.8))
    for t in threads:
        t.join()
    print("# %d answers, %d of them good; %d requests at the element" % (
        len(answers), sum(bool(a.ok) for _, a in answers),
        len(NE["e"].got)))
    back(op)


def every_sending_is_in_the_log_once(op):
    def open_ones():
        log = op.entries()
        done = {}
        for i, e in log:
            if e["kind"] == "outcome":
                done.setdefault(e["said"]["command"], []).append(i)
        return [i for i, e in log if (e["kind"] == "late" or
                e["kind"] == "command" and e["decision"] == "allowed") and
                str(i) not in done]
    wait(lambda: not unsettled(op, open_ones()), 30, "all outcomes")
    transactions = [raw.split(b"x1TransactionId>")[1][:36].decode()
                    for _, raw in NE["e"].got]
    must(len(set(transactions)) == len(transactions), "sent twice")
    log = op.entries()
    of, done = {}, {}
    for i, e in log:
        if e["kind"] in ("command", "late"):
            of.setdefault(e["said"]["transaction"], []).append(i)
        if e["kind"] == "outcome":
            must(e["said"]["command"] not in done, "two outcomes", i)
            done[e["said"]["command"]] = e["said"]["what"]
    for t in transactions:
        must(t in of, "sent, and not in the log", t)
        must(any(done.get(str(i)) in ("sent", "in doubt") for i in of[t]),
             t, of[t], [done.get(str(i)) for i in of[t]])
    for t, rows in of.items():
        if t not in transactions:
            must(all(done.get(str(i)) != "sent" for i in rows), t, rows)


def unsettled(op, rows):
    """A command that a late names has its outcome there."""
    log = dict(op.entries())
    same = {(e["source"]["instance"], e["source"]["start"],
             e["said"]["request"]) for e in log.values()
            if e["kind"] == "late" and e["said"].get("request")}
    return [i for i in rows if not (log[i]["kind"] == "command" and
            (log[i]["source"]["instance"], log[i]["source"]["start"],
             log[i]["source"]["n"]) in same)]


sys.exit(tap([keeper_killed, keeper_frozen, frozen_and_then_killed,
              follower_stalled,
              decisions_stalled, gate_started_alone, many_stops_at_once,
              a_stop_cancels_a_start_that_waits, shaken,
              every_sending_is_in_the_log_once, the_log_holds], begin))
