#!/usr/bin/env python3
"""bad_http.py BUILD: what is no HTTP as it is read here, and strangers.

Nothing of it may reach the element or hang, and stops pass beside it.
"""
import datetime
import ipaddress
import os
import socket
import ssl
import sys
import threading
import time
import warnings

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bad_lib import (DID, Answer, Element, Operator, activate, container,
                     deactivate, message, must, post, read_answer, tap,
                     the_log_holds, wait)

BUILD = sys.argv[1]
KEPT = {}


def begin():
    op = Operator(BUILD)
    op.conf("gate", beat="2s", pace="1000")
    op.keeper()
    op.gate()
    KEPT["e"] = Element(op)
    op.order()
    out = op.admf("--id", "ne-2", "create-destination", DID,
                  "ipv4:192.0.2.10:tcp:42069", "--deliver", "X2Only").stdout
    must("AcknowledgedAndCompleted" in out, out)
    must(op.x1(activate(1)).ok)
    KEPT["sent"] = len(KEPT["e"].got)
    # A message of which every copy would be allowed, if it were read.
    KEPT["good"] = container(message("Ping"))
    slow_begin(op)
    return op


def certificate(op, name, uris, ca=None):
    """Files of a new certificate; by the trial's CA, or by one of its own."""
    now = datetime.datetime.now(datetime.timezone.utc)
    if ca is None:
        with open(op.path("ca.pem"), "rb") as f:
            issuer = x509.load_pem_x509_certificate(f.read())
        with open(op.path("ca.key"), "rb") as f:
            ca_key = serialization.load_pem_private_key(f.read(), None)
        subject = issuer.subject
    else:
        ca_key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, ca)])
    key = ec.generate_private_key(ec.SECP256R1())
    alt = [x509.UniformResourceIdentifier(u) for u in uris] + [
        x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    cert = (x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(
                NameOID.COMMON_NAME, name)]))
            .issuer_name(subject).public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(hours=1))
            .add_extension(x509.SubjectAlternativeName(alt), False)
            .sign(ca_key, None if "Ed" in type(ca_key).__name__ else
                  hashes.SHA256()))
    files = [os.path.join(op.folder, name + end) for end in (".pem", ".pk")]
    with open(files[0], "wb") as f:
        f.write(cert.public_bytes(serialization.Encoding.PEM))
    with open(files[1], "wb") as f:
        f.write(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()))
    return files


# ---- slow: begun first, looked at last ------------------------------------------

def drip(op, kind):
    """A byte a second: how it ended, after how long."""
    began = time.monotonic()
    raw = post(KEPT["good"])
    try:
        if kind == "handshake":
            s = socket.create_connection(("127.0.0.1", op.port("gate")))
        else:
            s = op.connect()
        if kind == "body":
            head, end, raw = raw.partition(b"\r\n\r\n")
            s.sendall(head + end)
        if kind in ("handshake", "silent-body"):
            if kind == "silent-body":
                s.sendall(raw[:-1])
            KEPT[kind] = (read_answer(s, 60), time.monotonic() - began)
            return
        s.settimeout(1)
        for b in raw:
            s.sendall(bytes([b]))
            try:
                got = s.recv(4096)
                KEPT[kind] = (got, time.monotonic() - began)
                return
            except TimeoutError:
                pass
            if time.monotonic() - began > 50:
                break
    except OSError as e:
        KEPT[kind] = (repr(e).encode(), time.monotonic() - began)


def slow_begin(op):
    KEPT["threads"] = [threading.Thread(target=drip, args=(op, kind))
                       for kind in ("head", "body", "handshake",
                                    "silent-body")]
    for t in KEPT["threads"]:
        t.start()


def slow_ones_end_by_the_clock(op):
    """Progress buys no time: 10 s for a handshake or head, 30 s a body."""
    for t in KEPT["threads"]:
        t.join(40)
    for kind, least, most in (("head", 9, 16), ("handshake", 9, 16),
                              ("body", 29, 37), ("silent-body", 29, 37)):
        got, after = KEPT[kind]
        print("# slow %s: %r after %.1f s" % (kind, got[:24], after))
        must(least <= after <= most, kind, got, after)
        must(kind == "handshake" or b" 408 " in got, kind, got)


# ---- framing --------------------------------------------------------------------

def refused(op, status, raw, cert="admf"):
    a = op.send(raw, cert)
    must(a.status == status and not a.body, status, raw[:300], a)
    must(len(KEPT["e"].got) == KEPT["sent"], KEPT["e"].got)


def two_lengths_and_chunks(op):
    body, n = KEPT["good"], len(KEPT["good"])
    head = b"POST /X1/NE HTTP/1.1\r\nHost: gate\r\n"
    length = b"Content-Length: %d\r\n" % n
    chunked = b"Transfer-Encoding: chunked\r\n"
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (n, body)
    for h, b in ((length + length, body),
                 (length + b"Content-Length: %d\r\n" % (n - 1), body),
                 (b"Content-Length: %d, %d\r\n" % (n, n), body),
                 (b"Content-Length: +%d\r\n" % n, body),
                 (b"Content-Length: 0x%x\r\n" % n, body),
                 (b"Content-Length: -1\r\n", body),
                 (b"Content-Length: 18446744073709551617\r\n", body),
                 (b"Content-Length : %d\r\n" % n, body),
                 (b"Content-Length:\r\n", body),
                 (length + chunked, chunks), (chunked + length, chunks),
                 (length + b"Transfer-Encoding: identity\r\n", body)):
        a = op.send(head + h + b"\r\n" + b)
        must(a.status in (400, 411, 413, 501) and not a.body, h, a)
    a = op.send(head + chunked + b"\r\n" + chunks)
    must(a.status in (400, 411, 501), a)
    a = op.send(head + b"\r\n" + body)
    must(a.status in (400, 411), a)
    must(len(KEPT["e"].got) == KEPT["sent"])


def heads(op):
    raw = post(KEPT["good"])
    head, end, body = raw.partition(b"\r\n\r\n")
    for bad in (
            raw.replace(b"\r\n", b"\n", 4), head.replace(b"\r\n", b"\n", 1) +
            end + body, head.replace(b"\r\n", b"\r", 1) + end + body,
            head.replace(b"Host: gate", b"Host: gate\r\n folded") + end + body,
            head.replace(b"Host: gate", b"Host gate") + end + body,
            head.replace(b"Host: gate", b"Ho\x00st: gate") + end + body,
            head.replace(b"POST /X1/NE HTTP/1.1", b"POST /X1/NE HTTP/1.0") +
            end + body,
            head.replace(b"POST /X1/NE HTTP/1.1", b"POST /X1/NE HTTP/2.0") +
            end + body,
            head.replace(b"POST /X1/NE HTTP/1.1", b"POST  /X1/NE HTTP/1.1") +
            end + body,
            head.replace(b"POST /X1/NE HTTP/1.1", b"POST /X1/NE") + end + body,
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0" * 30,
            b"\x16\x03\x01" * 50, b"\0" * 100):
        a = op.send(bad)
        must(a.status >= 400 and not a.body, bad[:120], a)
    a = op.send(head + b"\r\nX-Long: " + b"a" * 17000 + end + body)
    must(a.status in (400, 431), a)
    a = op.send(head + b"".join(b"\r\nX-%d: 1" % i for i in range(70)) + end +
                body)
    must(a.status in (400, 431), a)
    must(len(KEPT["e"].got) == KEPT["sent"])


def methods_and_paths(op):
    raw = post(KEPT["good"])
    for method in (b"GET", b"PUT", b"DELETE", b"OPTIONS", b"CONNECT",
                   b"post", b"TRACE"):
        a = op.send(raw.replace(b"POST", method, 1))
        must(a.status in (400, 405, 501) and not a.body, method, a)
    for path in (b"/", b"/X1", b"/X1/", b"/X1/NE/", b"/x1/ne", b"/X1/NE?a=1",
                 b"/X1/NE#a", b"//X1/NE", b"/X1/../X1/NE", b"/X1/%4eE",
                 b"http://gate/X1/NE", b"*"):
        a = op.send(raw.replace(b"/X1/NE", path, 1))
        must(a.status in (400, 404) and not a.body, path, a)
    must(len(KEPT["e"].got) == KEPT["sent"])


def a_body_too_long(op):
    a = op.send(post(b" " * ((1 << 20) + 1)))
    must(a.status == 413, a)
    with op.connect() as s:		# said, never sent
        s.sendall(b"POST /X1/NE HTTP/1.1\r\nHost: g\r\nContent-Length: "
                  b"99999999999\r\n\r\n")
        must(Answer(read_answer(s)).status == 413)


def two_requests_at_once(op):
    """Pipelined: one after the other, in order, each its own answer."""
    with op.connect() as s:
        s.sendall(post(container(message("Nonsense"))) * 2)
        raw = read_answer(s)
        must(raw.count(b"HTTP/1.1 200") >= 1, raw)
        while raw.count(b"HTTP/1.1 200") < 2:
            more = read_answer(s)
            must(more, raw)
            raw += more
    with op.connect() as s:		# and one that leaves without reading
        s.sendall(post(KEPT["good"])[:-10])
    must(len(KEPT["e"].got) == KEPT["sent"])


# ---- who ----------------------------------------------------------------------------

def counted(op, what):
    """A beat counts connections that were refused in the handshake."""
    start = op.size()
    what()
    op.has("beat", lambda e: "said" in e and int(e["said"]["tls_refused"]) >
           0, start)
    return start


def ended(op, s, raw=None):
    """Does the gate end it without a word of HTTP?"""
    try:
        s.sendall(raw or post(KEPT["good"]))
        got = read_answer(s, 10)
    except OSError:
        got = b""
    must(b"HTTP" not in got, got)


def clear_text(op):
    def clear():
        with socket.create_connection(("127.0.0.1", op.port("gate"))) as s:
            ended(op, s)
    start = counted(op, clear)
    f = op.has("finding", lambda e: e["verb"] == "open" and e["type"] ==
               "command.refused" and e["word"] == "tls", start)[1]
    must(f["severity"] == "critical", f)


def no_certificate_and_anothers(op):
    pem = certificate(op, "stranger", ["urn:etsi:x1:ADMF:admf-1"], "Other CA")

    def bad():
        for cert, key in ((None, None), pem):
            try:
                s = op.connect(cert, key)
            except (ssl.SSLError, ConnectionError):
                continue
            with s:
                ended(op, s)
    counted(op, bad)
    with op.connect("admf") as s:
        must(s.version() in ("TLSv1.2", "TLSv1.3"), s.version())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old = op.context("admf")
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
        old.set_ciphers("ALL:@SECLEVEL=0")
    try:
        with socket.create_connection(("127.0.0.1", op.port("gate"))) as s:
            ended(op, old.wrap_socket(s))
    except (ssl.SSLError, ConnectionError):
        pass
    must(len(KEPT["e"].got) == KEPT["sent"])


def stands(op, start, rule):
    """A refused command with that rule: critical, since nobody knows it."""
    i, e = op.has("command", lambda e: e["rule"] == rule, start)
    must(e["decision"] == "refused", e)
    must("refused by rule " + rule in op.why(i), op.why(i))
    return i, e


def a_certificate_of_nobody(op):
    pem = certificate(op, "nobody", ["urn:custos:nobody"])
    start = op.size()
    a = op.send(post(container(activate(50))), *pem)
    must(a.status == 403 and not a.body, a)
    i, e = stands(op, start, "peer.unknown")
    must(e["said"]["requester"] is None, e)
    f = op.has("finding", lambda f: f["verb"] == "open" and f["rests"] ==
               [str(i)], start)[1]
    must(f["type"] == "command.refused" and f["severity"] == "critical", f)


def an_element_as_admf(op):
    for n, cert in enumerate(("ne-1", "ne-2", "mdf-1")):
        start = op.size()
        a = op.send(post(container(activate(51 + n), deactivate(1))), cert)
        must(not a.ok and (a.status == 403 or a.codes), a)
        e = op.has("command", lambda e: e["decision"] == "refused", start)[1]
        must(e["rule"] in ("peer.unknown", "peer.role"), e)
    must(len(KEPT["e"].got) == KEPT["sent"])


def an_admf_as_element(op):
    """On /X1/ADMF an ADMF's certificate reports nothing."""
    body = container(message(
        "ReportNEIssue", "<typeOfNeIssueMessage>Alert</typeOfNeIssueMessage>"
        "<description>x</description>"))
    start = op.size()
    a = op.send(post(body, "/X1/ADMF"))
    must(a.status == 403 and not a.ok, a)
    must(not op.entries("report", start))
    stands(op, start, "peer.unknown")
    # And a command on the elements' path commands nothing.
    start = op.size()
    a = op.send(post(container(activate(55)), "/X1/ADMF"), "ne-2")
    must(not a.ok, a)
    a = op.send(post(container(deactivate(1)), "/X1/ADMF"), "ne-2")
    must(not a.ok, a)
    must(len(KEPT["e"].got) == KEPT["sent"])


def a_certificate_that_is_not_pinned(op):
    """By the right CA, in the right name, with another key."""
    pem = certificate(op, "twin", [
        "urn:etsi:li:103221-1:ADMF:admf-1", "urn:x1:ADMF:admf-1"] + uris(op))
    start = op.size()
    a = op.send(post(container(activate(56), deactivate(1))), *pem)
    must(not a.ok, a)
    e = op.has("command", lambda e: e["decision"] == "refused", start)[1]
    must(e["rule"] in ("peer.certificate", "peer.unknown"), e)
    print("# a twin's certificate: %s" % e["rule"])
    must(len(KEPT["e"].got) == KEPT["sent"])


def uris(op):
    with open(op.path("admf/keys/tls.pem"), "rb") as f:
        cert = x509.load_pem_x509_certificate(f.read())
    return cert.extensions.get_extension_for_class(
        x509.SubjectAlternativeName).value.get_values_for_type(
            x509.UniformResourceIdentifier)


def the_name_of_another(op):
    """admf-1's certificate, another ADMF's identifier."""
    start = op.size()
    a = op.x1(activate(57, admf="audit-1"))
    must(a.codes == [3000], a)
    stands(op, start, "peer.identity")
    time.sleep(0.2)
    must(len(KEPT["e"].got) == KEPT["sent"])


def bad_requests_leave_a_trace(op):
    """What was no HTTP is counted in a beat: 40 and more of them by now."""
    def total():
        return sum(int(e["said"]["refused"]) for _, e in op.entries("beat")
                   if "said" in e)
    wait(lambda: total() >= 40, 10, "a count of bad requests")
    print("# %d requests refused by the gate itself" % total())


def connections_have_a_quota(op):
    held, got = [], 0
    try:
        for _ in range(40):
            s = op.connect()
            s.sendall(b"POST /X1")
            held.append(s)
        time.sleep(0.5)
        for s in held:
            s.setblocking(False)
            try:
                got += s.recv(1) == b""
            except (ssl.SSLWantReadError, BlockingIOError):
                pass
            except OSError:
                got += 1
    finally:
        for s in held:
            s.close()
    must(got >= 8, got)
    must(len(held) - got <= 32, got)


def a_stop_passes_after_all_this(op):
    a = op.x1(deactivate(1))
    must(a.ok == ["AcknowledgedAndCompleted"], a)
    must(len(KEPT["e"].got) == KEPT["sent"] + 1)
    must(KEPT["e"].count("DeactivateTask", 1) == 1)


sys.exit(tap([two_lengths_and_chunks, heads, methods_and_paths,
              a_body_too_long, two_requests_at_once, clear_text,
              no_certificate_and_anothers, a_certificate_of_nobody,
              an_element_as_admf, an_admf_as_element,
              a_certificate_that_is_not_pinned, the_name_of_another,
              bad_requests_leave_a_trace, connections_have_a_quota,
              slow_ones_end_by_the_clock, a_stop_passes_after_all_this,
              the_log_holds], begin))
