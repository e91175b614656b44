#!/usr/bin/env python3
"""remote.py BUILD: keeper, gate and auditor as on three machines.

The link goes over TLS: whom the keeper takes there is named by a certificate
under a CA of its own, and all else is as at the socket.
"""
import os
import signal
import socket
import ssl
import subprocess
import sys

from bad_lib import DID, Operator, activate, deactivate, must, tap, wait, xid

BUILD = sys.argv[1]
AT = {}


def openssl(*words, cwd):
    subprocess.run(["openssl"] + list(words), check=True, cwd=cwd,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def certificate(folder, name, cn):
    with open(os.path.join(folder, name + ".ext"), "w") as f:
        f.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl("req", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=" + cn,
            "-keyout", name + ".key", "-out", name + ".csr", cwd=folder)
    openssl("x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey",
            "ca.key", "-CAcreateserial", "-days", "2", "-extfile",
            name + ".ext", "-out", name + ".pem", cwd=folder)


def tls(folder, name):
    return "{cert: %s/%s.pem, key: %s/%s.key, ca: %s/ca.pem}" % (
        folder, name, folder, name, folder)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def begin():
    op = Operator(BUILD)
    folder = AT["folder"] = op.path("link")
    os.mkdir(folder)
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=link CA",
            "-days", "2", "-keyout", "ca.key", "-out", "ca.pem", cwd=folder)
    for name, cn in (("keeper", "keeper-1"), ("gate", "gate-1"),
                     ("auditor", "auditor-1"), ("other", "gate-2")):
        certificate(folder, name, cn)
    AT["port"] = free_port()
    op.conf("keeper", listen="127.0.0.1:%d" % AT["port"],
            tls=tls(folder, "keeper"))
    for home in ("gate", "auditor"):
        op.conf(home, keeper="localhost:%d" % AT["port"],
                keeper_tls=tls(folder, home))
    op.keeper()
    op.gate()
    op.start("auditor")
    op.start("ne-1")
    op.start("ne-2")
    op.order()
    return op


def checked_before_it_starts(op):
    path = os.path.join(AT["folder"], "gate.key")
    out = op.custos("check", op.path("gate"), check=False).stdout
    must(path not in out, out)		# it runs, which is all that is said
    os.rename(path, path + ".away")
    out = op.custos("check", op.path("gate"), check=False).stdout
    os.rename(path + ".away", path)
    must(path in out, out)


def a_command_passes_and_the_element_is_asked(op):
    out = op.admf("--id", "ne-2", "create-destination", DID,
                  "ipv4:192.0.2.10:tcp:42069", "--deliver", "X2Only").stdout
    must("AcknowledgedAndCompleted" in out, out)
    a = op.x1(activate(1))
    must(a.ok == ["AcknowledgedAndCompleted"], a)
    command = op.entries("command")[-1][0]
    # Asked after that command was in the log.
    op.has("snapshot", lambda e: int(e["said"]["question"]) > command and
           any(i["id"] == xid(1) for i in e["said"]["items"]))


def another_certificate_is_not_that_instance(op):
    op.end("gate")
    start = op.size()
    op.conf("gate", keeper_tls=tls(AT["folder"], "other"))
    op.start("gate")
    op.said("keeper", "gate-1: refused: its certificate does not name that "
            "instance")
    must(not op.entries("start", start), "it was taken")
    op.end("gate", signal.SIGKILL)
    op.conf("gate", keeper_tls=tls(AT["folder"], "gate"))
    op.gate()
    must(op.x1(activate(2)).ok, "the gate is not back")


def strangers_are_not_heard(op):
    before = op.log("keeper")
    to = ("127.0.0.1", AT["port"])
    with socket.create_connection(to, 10) as s:
        s.sendall(b"\0\0\0\2\0\0\0\0{}" * 50)
        s.settimeout(20)
        try:
            while s.recv(4096):
                pass			# an alert of TLS at most
        except ConnectionResetError:
            pass
    # No certificate; and one that the CA of X1 signed.
    for cert in (None, "gate"):
        c = ssl.create_default_context(
            cafile=os.path.join(AT["folder"], "ca.pem"))
        if cert is not None:
            c.load_cert_chain(op.path(cert, "keys/tls.pem"),
                              op.path(cert, "keys/tls.key"))
        got = b"?"
        try:
            with c.wrap_socket(socket.create_connection(to, 10),
                               server_hostname="localhost") as s:
                s.sendall(b"\0\0\0\2\0\0\0\0{}")
                got = s.recv(4096)
        except (ssl.SSLError, ConnectionError):
            got = b""
        must(got == b"", got)
    # More than the keeper takes at a time, and silent: a gate still comes in.
    op.end("gate")
    held = [socket.create_connection(to, 10, ("127.0.0.2", 0))
            for _ in range(100)]
    op.gate(8)
    must(op.x1(activate(3)).ok, "strangers stop a command")
    for s in held:
        s.close()
    must(op.log("keeper")[len(before):].count("refused") == 0,
         op.log("keeper")[len(before):])


def the_keeper_goes_and_comes_back(op):
    start = op.size()
    op.end("keeper", signal.SIGKILL)
    op.said("gate", "connection lost")
    a = op.x1(deactivate(1))
    must(a.ok == ["AcknowledgedAndCompleted"], a)
    op.keeper()
    op.has("late", lambda e: True, start, 30)
    wait(lambda: op.x1(activate(4)).ok, 20, "a start")


def all_of_it_holds(op):
    for home in ("auditor", "gate", "ne-1", "ne-2", "keeper"):
        must(op.end(home) == 0, home)
    op.verifies()
    op.silent()


sys.exit(tap([checked_before_it_starts,
              a_command_passes_and_the_element_is_asked,
              another_certificate_is_not_that_instance,
              strangers_are_not_heard, the_keeper_goes_and_comes_back,
              all_of_it_holds], begin))
