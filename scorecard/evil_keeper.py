#!/usr/bin/env python3
"""scorecard/evil_keeper.py: what a keeper in an intruder's hands would do.

    evil_keeper.py --keeper SOCK --listen SOCK --control SOCK
                   --log DIR --log-key FILE --origin ORIGIN

Stands between a gate (or auditor) and the real keeper, and passes the link on
as it is (docs/format/link.md) until it is told otherwise.  Proofs pass
unchanged: on a UNIX socket they are bound to no channel, so this program is,
for the gate, the keeper itself.  It also has the keeper's log key and can
sign heads of its own making.

--control takes a line and answers "ok" and a number:

    pass                 be honest again
    delay MS             entries and heads reach the gate that much later
    stall                entries and heads do not reach it any more; answers
                         with the number of entries that it has
    swallow-acts         acts that the gate offers are "kept", and thrown away
    say-decided          a command is "decided", allowed, and kept nowhere
    other-root           entries are shown, and a tree of others is signed
    inject FILE          the file is the next entry, under a head that the log
                         key signed
"""
import argparse
import base64
import os
import queue
import socket
import struct
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "test", "interop"))

from log_bytes import (Range, dec, journal, key_hash, leaf,     # noqa: E402
                       read_json, sha, spell, b64u)
from log_words import seed_of                                   # noqa: E402
from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: E402
    Ed25519PrivateKey)
from cryptography.hazmat.primitives.serialization import (      # noqa: E402
    Encoding, PublicFormat)


def note(origin, key, size, root):
    """A checkpoint of C2SP, signed by the log's key."""
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    body = "%s\n%d\n%s\n" % (origin, size, base64.b64encode(root).decode())
    sig = key_hash(origin, 1, public) + key.sign(body.encode())
    return ("%s\n\u2014 %s %s\n" % (body, origin,
            base64.b64encode(sig).decode())).encode()


def message(v, parts=()):
    """The bytes of one message of the link."""
    blob = b"".join(parts)
    if parts:
        v = dict(v, parts=[len(p) for p in parts], sha256=b64u(sha(blob)))
    text = spell(v).encode()
    return struct.pack(">II", len(text), len(blob)) + text + blob


def exactly(s, n):
    out = b""
    while len(out) < n:
        part = s.recv(min(65536, n - len(out)))
        if not part:
            raise EOFError
        out += part
    return out


class Evil:
    def __init__(self, args):
        self.args = args
        self.mode, self.delay = "pass", 0.0
        self.lock = threading.Lock()
        self.size = 0               # entries that went to the gate
        self.follower = None        # its connection on which they go
        with open(args.log_key, "rb") as f:
            self.key = Ed25519PrivateKey.from_private_bytes(
                seed_of(f.read(), None))

    # -- one connection --

    def serve(self, client):
        keeper = socket.socket(socket.AF_UNIX)
        try:
            keeper.connect(self.args.keeper)
        except OSError:
            client.close()
            return
        who = {"role": None, "use": None}
        for a, b, ours in ((client, keeper, True), (keeper, client, False)):
            threading.Thread(target=self.pump, args=(a, b, ours, who),
                             daemon=True).start()

    def read(self, a, q):
        """Note when each message came: a delay is of each, not of all."""
        try:
            while True:
                head = exactly(a, 8)
                jl, bl = struct.unpack(">II", head)
                q.put((time.monotonic(), head, exactly(a, jl),
                       exactly(a, bl)))
        except (EOFError, OSError):
            q.put(None)

    def pump(self, a, b, from_client, who):
        q = queue.Queue()
        threading.Thread(target=self.read, args=(a, q), daemon=True).start()
        try:
            while True:
                got = q.get()
                if got is None:
                    break
                came, head, text, blob = got
                v = read_json(text, spelt=False)
                if from_client and v["kind"] == "hello":
                    who.update(role=v["role"], use=v["use"])
                raw = head + text + blob
                if who["role"] == "gate":
                    if from_client:
                        raw = self.from_gate(v, raw, a)
                    else:
                        raw = self.to_gate(v, raw, b, came)
                if raw is not None:
                    with self.lock:
                        b.sendall(raw)
        except OSError:
            pass
        finally:
            for s in (a, b):
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def from_gate(self, v, raw, gate):
        lie = None
        if self.mode == "swallow-acts" and v["kind"] == "act":
            lie = {"kind": "kept", "id": v["id"], "index": str(self.size)}
        if self.mode == "say-decided" and v["kind"] == "command":
            lie = {"kind": "decided", "id": v["id"], "index": str(self.size),
                   "allowed": True, "rule": "task.covered"}
        if lie is None:
            return raw
        with self.lock:
            gate.sendall(message(lie))
        return None

    def to_gate(self, v, raw, gate, came):
        if v["kind"] not in ("entries", "head", "open"):
            return raw
        if self.mode == "delay":
            time.sleep(max(0, came + self.delay - time.monotonic()))
        while self.mode == "stall":
            time.sleep(0.05)
        if v["kind"] == "entries":
            self.follower = gate
            self.size = dec(v["first"]) + len(v["parts"])
        if v["kind"] == "head" and self.mode == "other-root":
            size = int(raw.split(b"\n")[1])
            return message({"kind": "head"}, [note(
                self.args.origin, self.key, size, os.urandom(32))])
        return raw

    # -- what it is told --

    def inject(self, path):
        with open(path, "rb") as f:
            entry = f.read()
        rng = Range()
        for batch in journal(os.path.join(self.args.log, "journal"),
                             self.args.origin):
            for index, e in batch.entries:
                if index < self.size:
                    rng.add(leaf(e))
        rng.add(leaf(entry))
        try:                # who refuses the entry does not wait for its head
            with self.lock:
                self.follower.sendall(message(
                    {"kind": "entries", "first": str(self.size)}, [entry]))
                self.follower.sendall(message({"kind": "head"}, [note(
                    self.args.origin, self.key, rng.size, rng.root())]))
        except OSError:
            pass

    def obey(self, line):
        words = line.split()
        if words[0] == "inject":
            self.inject(words[1])
        elif words[0] == "delay":
            self.delay, self.mode = int(words[1]) / 1000, "delay"
        else:
            self.mode = words[0]

    def control(self, path):
        s = listen(path)
        while True:
            c, _ = s.accept()
            with c:
                try:
                    self.obey(c.makefile("r").readline())
                    c.sendall(b"ok %d\n" % self.size)
                except Exception as bad:
                    c.sendall(("no %s\n" % bad).encode())


def listen(path):
    if os.path.exists(path):
        os.unlink(path)
    s = socket.socket(socket.AF_UNIX)
    s.bind(path)
    os.chmod(path, 0o660)
    s.listen(16)
    return s


def main():
    p = argparse.ArgumentParser()
    for name in ("keeper", "listen", "control", "log", "log-key", "origin"):
        p.add_argument("--" + name, required=True)
    evil = Evil(p.parse_args())
    s = listen(evil.args.listen)
    threading.Thread(target=evil.control, args=(evil.args.control,),
                     daemon=True).start()
    while True:
        evil.serve(s.accept()[0])


if __name__ == "__main__":
    main()
