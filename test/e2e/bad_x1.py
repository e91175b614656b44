#!/usr/bin/env python3
"""bad_x1.py BUILD: hostile X1, over real mutual TLS.

The element is one that counts: of what is refused nothing may reach it.
"""
import re
import sys
import time
import uuid

from bad_lib import (DID, NUMBER, WRONG, Answer, Element, Operator, activate,
                     container, deactivate, message, must, post, read_answer,
                     tap, the_log_holds, task, utc, wait, xid)

BUILD = sys.argv[1]
NE = {}


def begin():
    op = Operator(BUILD)
    op.conf("gate", beat="2s", pace="1000")
    op.start("keeper")
    op.said("keeper", "serving")
    op.gate()
    NE["e"] = Element(op)
    op.order()
    return op


EXPECT = []


def expect(index, *rules):
    """What the log and `why` have to say; looked up at the end of a case."""
    EXPECT.append((index, rules))


def expected(op):
    """Look it up."""
    log = dict(op.entries())
    shown, rows = set(), list(EXPECT)
    EXPECT.clear()
    for index, rules in rows:
        e = log[index]
        must(e["kind"] == "command" and e["decision"] == "refused", index, e)
        must(e["rule"] in rules or rules == ("form.*",) and
             e["rule"].startswith("form."), index, e["rule"], rules)
        if e["rule"] not in shown:
            shown.add(e["rule"])
            must("refused by rule " + e["rule"] in op.why(index),
                 op.why(index))


def last_command(op, start):
    return [(i, e) for i, e in op.entries("command", start)]


def refused_whole(op, bodies, rule="form.syntax", **words):
    """Each gets a TopLevelErrorResponse, and an entry with that rule."""
    start, sent = op.size(), len(NE["e"].got)
    for body in bodies:
        a = op.send(post(body), **words)
        must(a.status == 200 and a.top and not a.ok, body[:300], a)
        time.sleep(0.11)	# below the rate rule
    rows = wait(lambda: len(last_command(op, start)) >= len(bodies) and
                last_command(op, start), 10, "entries")
    must(len(rows) == len(bodies), rows)
    for i, e in rows:
        expect(i, rule)
    expected(op)
    must(len(NE["e"].got) == sent, NE["e"].got[sent:])


def refused_one(op, code, rule, *messages, ok=0):
    """Each message its ErrorResponse; ${ok} of the container pass."""
    sent = len(NE["e"].got)
    a = op.x1(*messages)
    must(a.status == 200 and not a.top, a)
    must(a.codes == [code] * len(a.codes) and len(a.codes) == len(a.entries)
         == len(messages) - ok and len(a.ok) == ok, code, a)
    for index in a.entries:
        expect(index, rule)
    must(len(NE["e"].got) == sent + ok, NE["e"].got[sent:])
    time.sleep(0.11)
    return a


def covered_passes(op):
    a = op.x1(message("CreateDestination", "<destinationDetails><dId>%s</dId>"
              "<deliveryType>X2Only</deliveryType><deliveryAddress>"
              "<ipAddressAndPort><address><IPv4Address>192.0.2.10"
              "</IPv4Address></address><port><TCPPort>42069</TCPPort></port>"
              "</ipAddressAndPort></deliveryAddress></destinationDetails>" %
              DID))
    if not a.ok:	# the address types are of another namespace
        a = Answer(b"")
        out = op.admf("--id", "ne-2", "create-destination", DID,
                      "ipv4:192.0.2.10:tcp:42069", "--deliver", "X2Only")
        must("AcknowledgedAndCompleted" in out.stdout, out.stdout)
    a = op.x1(activate(1))
    must(a.ok == ["AcknowledgedAndCompleted"], a)
    must(NE["e"].count("ActivateTask", 1) == 1)


def doctype_and_entities(op):
    good = container(activate(2), prolog="")
    dtd = '<?xml version="1.0"?><!DOCTYPE X1Request [%s]>'
    refused_whole(op, [
        b'<?xml version="1.0"?><!DOCTYPE X1Request>' + good,
        (dtd % '<!ENTITY n "%s">' % NUMBER).encode() +
        good.replace(NUMBER.encode(), b"&n;"),
        (dtd % '<!ENTITY n SYSTEM "file:///etc/passwd">').encode() +
        good.replace(NUMBER.encode(), b"&n;"),
        (dtd % '<!ENTITY %% p SYSTEM "http://127.0.0.1:1/x"> %p;').encode() +
        good,
        (dtd % ('<!ENTITY a "lol">' + "".join(
            '<!ENTITY %c "%s">' % (97 + i, "&%c;" % (96 + i) * 10)
            for i in range(1, 9)))).encode() +
        good.replace(NUMBER.encode(), b"&i;"),
        good.replace(NUMBER.encode(), b"&undeclared;"),
    ])


def depth_and_attributes(op):
    deep = "<a>" * 31 + "</a>" * 31
    many = "".join(' a%d="1"' % i for i in range(33))
    refused_whole(op, [
        container(message("Ping", deep.replace("a", "deep"))),
        container(message("Ping", "<a>" * 5000 + "</a>" * 5000)),
        container(message("Ping", attrs=' xsi:type="PingRequest"' + many)),
        container(message("Ping", attrs=' xsi:type="PingRequest" x="%s"' %
                          ("A" * (1 << 19)))),
        container(message("Ping", attrs=' xsi:type="PingRequest" b="%s"' %
                          ("A" * 4096))),
    ])
    refused_whole(op, [container("<a/>" * 20001),
                       container("<x1RequestMessage><a/></x1RequestMessage>" *
                                 10001)])
    a = op.send(post(container(message("Ping", attrs=' a="%s"' %
                                       ("A" * (1 << 20))))))
    must(a.status == 413 and not a.body, a)


def other_encodings(op):
    text = container(activate(3), prolog="").decode()
    good = text.encode()
    number = NUMBER.encode()
    refused_whole(op, [
        good.replace(number, b"49151\xff\xfe5678"),
        good.replace(number, b"\xc0\xb4915112345678"),	# overlong
        good.replace(number, b"\xed\xa0\x80"),		# a surrogate
        good.replace(number, b"4915\x00112345678"),
        text.encode("utf-16"), text.encode("utf-16-le"),
        text.encode("utf-32"), text.encode("utf-7", "replace") + b"+AAA-",
        b"\xef\xbb\xbf" * 2 + good,
        b'<?xml version="1.0" encoding="ISO-8859-1"?>' + good,
        b'<?xml version="1.0" encoding="utf-16"?>' + good,
        b'<?xml version="1.1" encoding="UTF-8"?>' + good,
        b' <?xml version="1.0"?>' + good,
        good.replace(number, b"4915&#0;12"),
        good.replace(number, b"4915&#x110000;12"),
    ])


def instructions_and_broken_trees(op):
    good = container(activate(4))
    refused_whole(op, [
        b'<?xml version="1.0"?><?xml-stylesheet href="x"?>' +
        container(activate(4), prolog=""),
        good.replace(b"<taskDetails>", b"<?php 1 ?><taskDetails>"),
        good[:-3], good + b"<more/>", good + b"more", b"", b"\x00",
        b"{}", b"GET / HTTP/1.1\r\n\r\n", good + good,
        good.replace(b"</xId>", b"</xID>"),
        good.replace(b"<taskDetails>", b"<!-- a -- b --><taskDetails>"),
        good.replace(b"xsi:type=", b'xsi:type="PingRequest" xsi:type=', 1),
    ])


def shape_of_the_container(op):
    a, b = deactivate(1), deactivate(5)
    refused_whole(op, [
        container(),
        container(a, ns="http://uri.etsi.org/03221/X1/2099/01"),
        container(a, ns=""),
        container(a + "<foreign/>"),
        container(a + "text"),
        container(a, root=' x="1"'),
        container(a).replace(b"X1Request", b"X1Response"),
        container(a).replace(b"X1Request", b"x1request"),
        container(a.replace("<neIdentifier>ne-2</neIdentifier>", "")),
        container(a.replace("<x1RequestMessage",
                            '<x1RequestMessage xmlns="urn:other"')),
    ])
    refused_whole(op, [container(activate(5), activate(5, ne="ne-1")),
                       container(a, b.replace("ne-2", "ne-1")),
                       container(*[deactivate(1) for _ in range(33)])],
                  rule="form.container")
    must(NE["e"].count("DeactivateTask") == 0)


def shape_of_a_message(op):
    act = activate(6, txn="TXN")
    for broken in (
            act.replace(' xsi:type="ActivateTaskRequest"', ""),
            act.replace("ActivateTaskRequest", "EvilRequest"),
            act.replace("ActivateTaskRequest", "ActivateTaskResponse")):
        sent = len(NE["e"].got)
        a = op.x1(broken.replace("TXN", str(uuid.uuid4())))
        must(not a.ok and len(NE["e"].got) == sent, a)
        must(a.top or len(a.entries) == 1, a)
        if not a.top:
            expect(a.entries[0], "form.type", "form.syntax")
        time.sleep(0.11)
    did = "<dId>%s</dId>" % DID
    for broken in (
            act.replace("<taskDetails>", "<foreign/><taskDetails>"),
            act.replace("<taskDetails>", '<x:y xmlns:x="urn:x"/><taskDetails>'),
            act.replace("</taskDetails>", "</taskDetails>" + task(6)),
            act.replace("</xId>", "</xId><xId>%s</xId>" % xid(1)),
            act.replace("<deliveryType>", "<deliveryType>X2Only"
                        "</deliveryType><deliveryType>"),
            act.replace("</taskDetails>", "<foreign/></taskDetails>"),
            act.replace("<taskDetails>", "text<taskDetails>"),
            act.replace("<taskDetails>", '<taskDetails x="1">'),
            act.replace(did, did + "text"),
            act.replace("X2Only", "X9Only"),
            act.replace(xid(6), xid(6).upper() + "0"),
            act.replace(xid(6), "../../etc/passwd"),
            act.replace("<taskDetails>", "").replace("</taskDetails>", ""),
            act.replace("<e164Number>", '<e164Number xmlns="urn:x">'),
            act.replace(NUMBER, NUMBER + "<!-- c -->9"),
            act.replace("</targetIdentifier>", "<e164Number>%s</e164Number>"
                        "</targetIdentifier>" % WRONG)):
        sent = len(NE["e"].got)
        a = op.x1(broken.replace("TXN", str(uuid.uuid4())))
        must(a.status == 200 and not a.top and not a.ok and len(a.codes) == 1
             and len(a.entries) == 1, broken, a)
        # A comment inside a value is no part of it: another number.
        expect(a.entries[0], "task.cover.none" if "<!-- c" in broken else
               "form.*")
        must(len(NE["e"].got) == sent)
        time.sleep(0.11)
    expected(op)


def numbers_with_two_readings(op):
    for kind, value in (("ipv4Address", "010.0.0.1"),
                        ("ipv4Cidr", "10.0.0.1/8"),
                        ("e164Number", "+" + NUMBER),
                        ("e164Number", NUMBER + "x"),
                        ("e164Number", "9" * 5000),
                        ("imsi", "001010" + "0" * 20)):
        a = op.x1(activate(7).replace("e164Number", kind)
                  .replace(NUMBER, value))
        must(not a.ok and len(a.codes) == 1 and not a.top, kind, a)
        expect(a.entries[0], "form.target", "form.syntax", "task.target")
        must(NE["e"].count("ActivateTask", 7) == 0)
        time.sleep(0.11)
    # White space of a token has one reading: it is not the number's.
    expected(op)
    a = op.x1(activate(8).replace(NUMBER, "\n %s\t" % NUMBER))
    must(not a.ok or NE["e"].got[-1][1].count(b">" + NUMBER.encode() + b"<")
         == 1, a)


def repeated_transactions(op):
    txn = uuid.uuid4()
    first = activate(9, txn=txn)
    a = op.x1(first)
    must(a.ok, a)
    refused_one(op, 3000, "transaction.repeated", first)
    refused_one(op, 3000, "transaction.repeated",
                activate(10, WRONG, txn=txn))
    refused_one(op, 4000, "transaction.repeated", deactivate(9, txn=txn))
    must(NE["e"].count("ActivateTask", 9) == 1)
    twin = uuid.uuid4()
    refused_one(op, 3000, "transaction.repeated", activate(11, txn=twin),
                activate(12, txn=twin), ok=1)
    must(NE["e"].count("ActivateTask", 11) == 1)
    must(NE["e"].count("ActivateTask", 12) == 0)
    expected(op)


def wrong_times_and_names(op):
    refused_one(op, 3000, "stamp.tolerance", activate(13, stamp=utc(-86400)))
    refused_one(op, 3000, "stamp.tolerance", activate(13, stamp=utc(86400)))
    refused_one(op, 3000, "element.unknown", activate(13, ne="ne-9"))
    refused_one(op, 3000, "peer.identity", activate(13, admf="audit-1"))
    refused_one(op, 3000, "peer.identity", activate(13, admf="ne-1"))
    refused_one(op, 1020, "form.version", activate(13, version="v9.0.0"))
    refused_one(op, 3000, "task.cover.none", activate(13, WRONG))
    expected(op)


def one_bad_among_good(op):
    """Order is kept, each good one leaves alone and once (42, 82)."""
    before = len(NE["e"].got)
    a = op.x1(*[activate(100 + i, WRONG if i == 7 else NUMBER)
                for i in range(32)])
    must(len(a.ok) == 31 and a.codes == [3000], a)
    must(a.types.index("ErrorResponse") == 7, a.types)
    sent = NE["e"].got[before:]
    order = [re.search(rb"<(?:\w+:)?xId>([^<]+)<", raw).group(1).decode()
             for _, raw in sent]
    must(order == [xid(100 + i) for i in range(32) if i != 7], order)
    for _, raw in sent:
        must(raw.count(b"RequestMessage>") == 1, raw)
    time.sleep(0.2)
    mixed = op.x1(activate(140), activate(141).replace("<taskDetails>",
                  "<foreign/><taskDetails>"), activate(142))
    must(len(mixed.ok) == 2 and len(mixed.codes) == 1, mixed)
    must(mixed.types[1] == "ErrorResponse", mixed.types)


def sent_anew_never_copied(op):
    """What leaves is a fresh encoding: no comment, prefix or stray space."""
    body = container(activate(150)).replace(
        b"<taskDetails>", b"<!-- hidden --><taskDetails>\n   ").replace(
        b"<xId>", b"<xId><![CDATA[").replace(b"</xId>", b"]]></xId>")
    a = op.send(post(body))
    if a.ok:
        raw = NE["e"].got[-1][1]
        must(b"hidden" not in raw and b"CDATA" not in raw, raw)
        must(b"<foreign" not in raw)
    else:
        expect(a.entries[0], "form.*")
        expected(op)


def nothing_reached_the_element_that_was_refused(op):
    allowed = [e for _, e in op.entries("command")
               if e["decision"] == "allowed"]
    must(len(allowed) == len(NE["e"].got), len(allowed), len(NE["e"].got))
    for _, raw in NE["e"].got:
        must(WRONG.encode() not in raw, raw)


def flood_of_refusals(op):
    """The rate rule: aggregated, and a stop passes all the same."""
    time.sleep(1.1)
    start, sent = op.size(), len(NE["e"].got)
    with op.connect() as s:
        for n in range(300):
            s.sendall(post(container(activate(200 + n, WRONG))
                           if n % 2 else b"<garbage>"))
            a = Answer(read_answer(s))
            must(a.status == 200 and not a.ok, n, a)
    began = time.monotonic()
    a = op.x1(deactivate(1))
    must(a.ok == ["AcknowledgedAndCompleted"], a)
    must(time.monotonic() - began < 2)
    must(NE["e"].count("DeactivateTask", 1) == 1)
    a = op.x1(activate(999))
    must(a.ok, a)
    must(len(NE["e"].got) == sent + 2)
    beat = op.has("beat", lambda e: e.get("said", {}).get("refused", "0") not
                  in ("0", 0), start)
    logged = [e for _, e in op.entries("command", start)
              if e["decision"] == "refused"]
    counted = sum(int(e["said"]["refused"]) for _, e in
                  op.entries("beat", start) if "said" in e)
    print("# of 300 refused messages %d are entries, %d are counted" %
          (len(logged), counted))
    must(10 <= len(logged) < 150, len(logged))
    must(wait(lambda: len(logged) + sum(
        int(e["said"]["refused"]) for _, e in op.entries("beat", start)
        if "said" in e) == 300, 10, "all of them counted"))
    # One an hour: it may stand since an earlier case.
    op.has("finding", lambda e: e["verb"] == "open" and
           e["type"] == "command.refused" and e["word"] == "rate")
    must(beat is not None)


sys.exit(tap([covered_passes, doctype_and_entities, depth_and_attributes,
              other_encodings, instructions_and_broken_trees,
              shape_of_the_container, shape_of_a_message,
              numbers_with_two_readings, repeated_transactions,
              wrong_times_and_names, one_bad_among_good,
              sent_anew_never_copied,
              nothing_reached_the_element_that_was_refused,
              flood_of_refusals, the_log_holds], begin))
