#!/usr/bin/env python3
"""bad_element.py BUILD: an element that is not there, late, false or cut.

What is said of each command is what happened to it; nothing is sent twice; an
answer that is none is never taken for one.
"""
import socket
import sys
import threading
import time

from bad_lib import (DID, Element, Operator, activate, container, deactivate,
                     message, must, post, tap, the_log_holds, xid)

BUILD = sys.argv[1]
NE = {}
TIMEOUT = 2


def begin():
    op = Operator(BUILD)
    op.conf("gate", beat="2s", pace="1000",
            element_timeout="%ds" % TIMEOUT)
    op.keeper()
    op.gate()
    NE["e"] = Element(op)
    op.order()
    out = op.admf("--id", "ne-2", "create-destination", DID,
                  "ipv4:192.0.2.10:tcp:42069", "--deliver", "X2Only").stdout
    must("AcknowledgedAndCompleted" in out, out)
    return op


def fails(op, n, what, why, count, command=activate, kind="ActivateTask"):
    """One command: how its outcome stands, what its ADMF is told."""
    start = op.size()
    before = NE["e"].count(kind, n)
    a = op.x1(command(n))
    must(a.status == 200 and not a.ok and len(a.codes) == 1, n, a)
    index, e = op.has("command", lambda e: e["said"]["xid"] == xid(n), start)
    must(e["decision"] == "allowed", e)
    at, o = op.has("outcome", lambda e: e["said"]["command"] == str(index),
                   start)
    done = o["said"]
    must(done["what"] == what and done["why"] == why, done)
    must(what == "in doubt" or a.entries == [index], a.entries, index)
    must(NE["e"].count(kind, n) - before == count, NE["e"].got)
    if what == "in doubt":
        op.has("finding", lambda f: f["verb"] == "open" and f["type"] ==
               "command.in-doubt" and str(at) in f["rests"], start)
    else:
        must(done["sent_at"] is None, done)
    return index, done


def nobody_there(op):
    NE["e"].close()
    time.sleep(0.2)
    fails(op, 1, "not sent", "connection", 0)
    fails(op, 1, "not sent", "connection", 0, deactivate, "DeactivateTask")
    NE["e"].open()
    time.sleep(1.5)
    must(NE["e"].count("ActivateTask", 1) == 0)		# dead stays dead
    must(op.x1(activate(2)).ok == ["AcknowledgedAndCompleted"])


def no_handshake(op):
    """It takes the connection, and is silent; or ends it."""
    NE["e"].close()
    time.sleep(0.1)
    held, ended = [], []
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", op.port("ne-2")))
    s.listen(8)

    def take(quick):
        while True:
            try:
                c, _ = s.accept()
            except OSError:
                return
            if ended:
                c.close()
            else:
                held.append(c)
    t = threading.Thread(target=take, args=(False,), daemon=True)
    t.start()
    began = time.monotonic()
    fails(op, 3, "not sent", "connection", 0)
    must(TIMEOUT - 0.5 < time.monotonic() - began < TIMEOUT + 4)
    ended.append(1)
    fails(op, 4, "not sent", "connection", 0)
    s.shutdown(socket.SHUT_RDWR)
    s.close()
    for c in held:
        c.close()
    NE["e"].open()


def the_certificate_of_another(op):
    NE["e"].close()
    NE["e"].cert = "ne-1"
    NE["e"].open()
    start = op.size()
    fails(op, 5, "not sent", "identity", 0)
    f = op.finding("element.identity", start)[1]
    must(f["severity"] == "critical", f)
    NE["e"].close()
    NE["e"].cert = "ne-2"
    NE["e"].open()
    must(op.x1(activate(6)).ok)


def late(op):
    """Later than its time-out: in doubt, and its answer is not waited for."""
    def slow(e, kind, body, s):
        time.sleep(TIMEOUT + 1)
        return True
    NE["e"].act = slow
    began = time.monotonic()
    index, done = fails(op, 7, "in doubt", "timeout", 1)
    must(time.monotonic() - began < TIMEOUT + 4)
    must(done["sent_at"] is not None and done["answer"] is None, done)
    NE["e"].act = None
    time.sleep(1.5)
    must(NE["e"].count("ActivateTask", 7) == 1)		# never a second time
    a = op.x1(deactivate(7))
    must(a.ok == ["AcknowledgedAndCompleted"], a)
    must(op.entries("outcome")[-1][1]["said"]["what"] == "sent")
    must(len([1 for _, o in op.entries("outcome")
              if o["said"]["command"] == str(index)]) == 1)


def answering(data, end=False):
    """It answers with that, whatever it was asked."""
    def act(e, kind, body, s):
        raw = data(e, kind, body) if callable(data) else data
        s.sendall(raw)
        if end:
            s.close()
        return False
    return act


def garbage(op):
    ok = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"
    rows = [
        (answering(b"\0\1\2garbage\r\n\r\n" * 20, True), "http"),
        (answering(ok % (7, b"garbage")), "form"),
        (answering(ok % (0, b"")), "form"),
        (answering(ok % (9, b"<X1Foo/>\n")), "form"),
        (answering(b"HTTP/1.1 500 Internal\r\nContent-Length: 0\r\n\r\n"),
         ("http", "form")),
        (answering(b"HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1/\r\n"
                   b"Content-Length: 0\r\n\r\n"), ("http", "form")),
        (answering(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"
                   b"Content-Length: 4\r\n\r\nabcd"), "http"),
        (answering(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"),
         "http"),
        (answering(b"HTTP/1.1 200 OK\nContent-Length: 0\n\n"), "http"),
        # The right words, about another command, of another element, twice.
        (answering(lambda e, k, b: e.http(e.answer(k, b).replace(
            b"<x1TransactionId>", b"<x1TransactionId>00000000-0000-4000-8000-"
            b"000000000000</x1TransactionId><x1TransactionId>"))), "form"),
        (answering(lambda e, k, b: e.http(e.answer(
            "DeactivateTask", b))), "form"),
        (answering(lambda e, k, b: e.http(e.answer(k, b).replace(
            b">ne-2<", b">ne-1<"))), "form"),
        (answering(lambda e, k, b: e.http(e.answer(k, b).replace(
            b"<oK>AcknowledgedAndCompleted</oK>", b""))), "form"),
        (answering(lambda e, k, b: e.http(b'<!DOCTYPE a [<!ENTITY b "c">]>' +
                                          e.answer(k, b))), "form"),
        (answering(lambda e, k, b: e.http(e.answer(k, b).replace(
            b"</X1Response>", e.answer(k, b)[
                e.answer(k, b).index(b"<x1ResponseMessage"):]))), "form"),
    ]
    for n, (act, why) in enumerate(rows):
        NE["e"].act = act
        start = op.size()
        a = op.x1(activate(20 + n))
        must(not a.ok and len(a.codes) == 1, n, a)
        done = op.has("outcome", lambda e: True, start)[1]["said"]
        must(done["what"] == "in doubt" and done["why"] in why, n, done)
        must(NE["e"].count("ActivateTask", 20 + n) == 1, n)
    NE["e"].act = None
    found = [f for _, f in op.entries("finding") if f["verb"] == "open" and
             f["type"] == "command.in-doubt"]
    must(len(found) >= len(rows), len(found))


def cut(op):
    """Half an answer, at five places; then the connection ends."""
    for n, part in enumerate((0, 1, 20, 120, -5)):
        def half(e, kind, body, s, part=part):
            s.sendall(e.http(e.answer(kind, body))[:part])
            s.close()
            return False
        NE["e"].act = half
        fails(op, 40 + n, "in doubt", "cut", 1)
    NE["e"].act = None


def a_stop_may_be_in_doubt_too(op):
    NE["e"].act = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx",
                            True)
    fails(op, 6, "in doubt", "cut", 1, deactivate, "DeactivateTask")
    NE["e"].act = None
    # Another stop is another command, and may be sent.
    must(op.x1(deactivate(6)).ok == ["AcknowledgedAndCompleted"])


def an_error_answer_is_an_answer(op):
    def error(e, kind, body, s):
        s.sendall(e.http(e.answer(kind, body).replace(
            b'xsi:type="ActivateTaskResponse"', b'xsi:type="ErrorResponse"')
            .replace(b"<oK>AcknowledgedAndCompleted</oK>",
                     b"<requestMessageType>ActivateTask</requestMessageType>"
                     b"<errorInformation><errorCode>3000</errorCode>"
                     b"<errorDescription>no room for 4915112345678"
                     b"</errorDescription></errorInformation>")))
        return False
    NE["e"].act = error
    start = op.size()
    a = op.x1(activate(50))
    NE["e"].act = None
    must(a.codes == [3000] and b"no room" in a.body, a)
    done = op.has("outcome", lambda e: True, start)[1]["said"]
    must(done["what"] == "sent" and done["answer"] == "ErrorResponse" and
         done["code"] == 3000, done)


def a_stop_waits_for_what_is_on_the_wire(op):
    """And cancels what is not: three commands on one XID, one slow answer."""
    gone = threading.Event()

    def slow(e, kind, body, s):
        if kind == "ActivateTask":
            gone.set()
            time.sleep(1)
        return True
    NE["e"].act = slow
    before = len(NE["e"].got)
    answers = {}

    def send(name, m):
        answers[name] = op.x1(m)
    threads = []
    for name, m in (("first", activate(60)), ("second", activate(60)),
                    ("stop", deactivate(60))):
        threads.append(threading.Thread(target=send, args=(name, m)))
        threads[-1].start()
        if name == "first":
            gone.wait(5)
        time.sleep(0.2)
    for t in threads:
        t.join()
    NE["e"].act = None
    kinds = [k for k, _ in NE["e"].got[before:]]
    must(kinds == ["ActivateTask", "DeactivateTask"], kinds, answers)
    must(answers["first"].ok and answers["stop"].ok and
         not answers["second"].ok, answers)
    must([o["said"]["why"] for _, o in op.entries("outcome")][-3:].count(
        "cancelled") == 1)


def a_report_that_is_no_report(op):
    """An element says what no element says: nothing of it is passed on."""
    start = op.size()
    for kind, body in (("ActivateTask", ""), ("GetAllDetails", ""),
                       ("ReportTaskIssue", "<xId>x</xId>"),
                       ("ReportNEIssue", "")):
        a = op.send(post(container(message(kind, body)), "/X1/ADMF"), "ne-2")
        must(not a.ok, kind, a)
    must(not [1 for _, e in op.entries("command", start)
              if e["decision"] == "allowed"])


def one_outcome_for_each(op):
    """Every allowed command has one outcome, and was sent at most once."""
    allowed = {str(i): e for i, e in op.entries("command")
               if e["decision"] == "allowed"}
    outcomes = [e["said"] for _, e in op.entries("outcome")]
    must(sorted(o["command"] for o in outcomes) == sorted(allowed))
    sent = [o for o in outcomes if o["what"] != "not sent"]
    must(len(sent) == len(NE["e"].got), len(sent), len(NE["e"].got))
    transactions = [raw.split(b"x1TransactionId>")[1][:36]
                    for _, raw in NE["e"].got]
    must(len(set(transactions)) == len(transactions))


sys.exit(tap([nobody_there, no_handshake, the_certificate_of_another, late,
              garbage, cut, a_stop_may_be_in_doubt_too,
              an_error_answer_is_an_answer,
              a_stop_waits_for_what_is_on_the_wire,
              a_report_that_is_no_report, one_outcome_for_each,
              the_log_holds], begin))
