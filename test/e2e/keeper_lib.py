"""test/e2e/keeper_lib.py: a home, keys, acts, reports and the link, by hand.

Written from docs/format alone, so that it also tests those pages.
"""
import base64
import datetime
import hashlib
import hmac
import json
import os
import re
import select
import signal
import socket
import struct
import subprocess
import time

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey, Ed25519PublicKey)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import (
    Encoding, PublicFormat)


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def dump(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def sha(data):
    return hashlib.sha256(data).digest()


def stamp(seconds=0):
    when = datetime.datetime.now(datetime.timezone.utc) + \
        datetime.timedelta(seconds=seconds)
    return when.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Key:
    def __init__(self):
        self.seed = os.urandom(32)
        self.key = Ed25519PrivateKey.from_private_bytes(self.seed)
        self.public = self.key.public_key().public_bytes(
            Encoding.Raw, PublicFormat.Raw)
        self.id = sha(b"custos-key/v1\n" + self.public)[:16].hex()

    def sign(self, data):
        return self.key.sign(data)

    def file(self):
        return dump({"v": 1, "type": "ed25519", "id": self.id,
                     "public": b64(self.public), "kdf": "none", "salt": "",
                     "iv": "", "secret": b64(self.seed)}) + "\n"


def locked(key, passphrase):
    """A key file under a passphrase."""
    salt, iv = os.urandom(16), os.urandom(12)
    aes = hashlib.scrypt(passphrase.encode(), salt=salt, n=32768, r=8, p=1,
                         maxmem=1 << 27, dklen=32)
    return dump({"v": 1, "type": "ed25519", "id": key.id,
                 "public": b64(key.public), "kdf": "scrypt",
                 "salt": b64(salt), "iv": b64(iv), "secret": b64(
                     AESGCM(aes).encrypt(iv, key.seed, None))}) + "\n"


def disclosure(name, value):
    return b64(dump([b64(os.urandom(16)), name, value]).encode())


def sd(texts):
    return sorted(b64(sha(t.encode())) for t in texts)


def with_sd(payload, texts):
    if texts:
        payload["_sd"] = sd(texts)
    return dump(payload)


# ---- the Merkle tree (RFC 6962) --------------------------------------------

def leaf(entry):
    return sha(b"\0" + entry)


def root(leaves):
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return sha(b"\1" + root(leaves[:half]) + root(leaves[half:]))


def read_note(note, origin, public):
    """Size and root of a checkpoint whose signature holds."""
    text, sigs = note.decode().split("\n\n", 1)
    text += "\n"
    lines = text.split("\n")
    assert lines[0] == origin
    for line in sigs.strip("\n").split("\n"):
        dash, name, value = line.split(" ")
        raw = base64.b64decode(value)
        assert dash == "\u2014" and name == origin
        Ed25519PublicKey.from_public_bytes(public).verify(
            raw[4:], text.encode())
    return int(lines[1]), base64.b64decode(lines[2])


def make_note(origin, size, hashed, key):
    text = "%s\n%d\n%s\n" % (origin, size, base64.b64encode(hashed).decode())
    kid = sha(origin.encode() + b"\n\x01" + key.public)[:4]
    sig = base64.b64encode(kid + key.sign(text.encode())).decode()
    return (text + "\n\u2014 %s %s\n" % (origin, sig)).encode()


# ---- acts and reports -------------------------------------------------------

class Log:
    def __init__(self, origin, genesis):
        self.origin, self.genesis = origin, genesis

    def line(self):
        return "log %s%s\n" % (
            self.origin, " " + self.genesis if self.genesis else "")


def act_file(log, kind, verb, subject, seq, payload, texts, keys):
    head = "custos-statement/v1\n%sact %s %s\nsubject %s\nseq %d\npayload %s\n" % (
        log.line(), kind, verb, subject, seq, sha(payload.encode()).hex())
    out = dump(head) + "\n" + payload + "\n"
    out += "".join(t + "\n" for t in texts)
    for key in keys:
        when = stamp()
        text = head + "key %s\ntime %s\n" % (key.id, when)
        out += dump({"key": key.id, "time": when,
                     "sig": b64(key.sign(text.encode()))}) + "\n"
    return out.encode()


def report_sig(log, kind, instance, start, n, said, key):
    when = stamp()
    text = "custos-report/v1\n%skind %s\ninstance %s\nstart %d\nnumber %d\n" \
        "payload %s\nkey %s\ntime %s\n" % (
            log.line(), kind, instance, start, n, sha(said.encode()).hex(),
            key.id, when)
    return dump({"key": key.id, "time": when,
                 "sig": b64(key.sign(text.encode()))})


# ---- the link ---------------------------------------------------------------

class Closed(Exception):
    pass


class Link:
    """One connection; `error` keeps the keeper's last word."""

    def __init__(self, path, log, role="cli", use="talk", instance=None,
                 start=0, key=None, peer_key=None, size=0, note=None):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(20)
        self.sock.connect(path)
        self.last, self.queue, self.log = 0, [], log
        nonce = os.urandom(32)
        hello = {"kind": "hello", "v": 1, "role": role, "use": use,
                 "instance": instance, "build": "test",
                 "origin": log.origin,
                 "genesis": b64(bytes.fromhex(log.genesis)),
                 "start": start, "size": str(size)}
        if note is not None:
            hello["note"] = note.decode()
        hello.update({"window": 64, "spool": 0, "nonce": b64(nonce)})
        self.send(hello)
        self.hello, _ = self.receive()
        if self.hello["kind"] == "error":
            raise Closed(self.hello["code"])
        assert self.hello["kind"] == "hello", self.hello
        if role == "cli":
            return
        theirs = unb64(self.hello["nonce"])
        proof, _ = self.receive()
        assert proof["kind"] == "proof"
        text = "custos-link/v1\n%sfrom %s\nto %s\nnonce %s\nnonce %s\n" \
            "channel -\n"
        if peer_key is not None:
            Ed25519PublicKey.from_public_bytes(peer_key).verify(
                unb64(proof["sig"]), (text % (
                    log.line(), self.hello["instance"], instance,
                    theirs.hex(), nonce.hex())).encode())
        self.send({"kind": "proof", "sig": b64(key.sign((text % (
            log.line(), instance, self.hello["instance"], nonce.hex(),
            theirs.hex())).encode()))})

    def send(self, message, parts=()):
        parts = [p.encode() if isinstance(p, str) else p for p in parts]
        blob = b"".join(parts)
        if parts:
            message = dict(message, parts=[len(p) for p in parts],
                           sha256=b64(sha(blob)))
        text = dump(message).encode()
        self.sock.sendall(struct.pack(">II", len(text), len(blob)) +
                          text + blob)

    def exactly(self, n):
        data = b""
        while len(data) < n:
            more = self.sock.recv(n - len(data))
            if not more:
                raise Closed("eof")
            data += more
        return data

    def receive(self):
        json_len, blob_len = struct.unpack(">II", self.exactly(8))
        message = json.loads(self.exactly(json_len))
        blob, parts = self.exactly(blob_len), []
        for n in message.get("parts", []):
            parts.append(blob[:n])
            blob = blob[n:]
        return message, parts

    def offer(self, message, parts=()):
        self.last += 1
        self.send(dict(message, id=str(self.last)), parts)
        return str(self.last)

    def answer(self, number):
        """The answer to one request; what else comes is queued."""
        for i, (message, parts) in enumerate(self.queue):
            if message.get("id") == number:
                del self.queue[i]
                return message, parts
        while True:
            message, parts = self.receive()
            if message["kind"] == "error" and "id" not in message:
                raise Closed(message["code"])
            if message.get("id") == number and message["kind"] != "ask":
                return message, parts
            self.queue.append((message, parts))

    def ask(self, message, parts=()):
        return self.answer(self.offer(message, parts))

    def quiet(self, seconds):
        return not self.queue and \
            not select.select([self.sock], [], [], seconds)[0]

    def close(self):
        self.sock.close()


class Follower:
    """Entries, heads and openings, its own root checked at each head."""

    def __init__(self, link, public, start_at=0, leaves=()):
        self.link, self.public = link, public
        self.entries, self.opened, self.heads = {}, [], []
        self.leaves = list(leaves)
        self.note = None
        link.send({"kind": "follow", "from": str(start_at)})

    def step(self):
        message, parts = self.link.receive()
        if message["kind"] == "entries":
            first = int(message["first"])
            assert first == len(self.leaves), (first, len(self.leaves))
            for i, entry in enumerate(parts):
                self.entries[first + i] = json.loads(entry)
                self.leaves.append(leaf(entry))
        elif message["kind"] == "head":
            size, want = read_note(parts[0], self.link.log.origin,
                                   self.public)
            assert size <= len(self.leaves)
            assert root(self.leaves[:size]) == want
            self.heads.append(size)
            self.note = parts[0]
        elif message["kind"] == "open":
            names = sorted(json.loads(unb64(p.decode()))[1] for p in parts)
            self.opened.append((len(self.leaves),
                                message.get("revision") or
                                message.get("element"), names))
        else:
            raise Closed(message.get("code", message["kind"]))

    def until(self, size):
        while not self.heads or self.heads[-1] < size:
            self.step()


# ---- a home and its process -------------------------------------------------

class Home:
    def __init__(self, program, folder, **settings):
        self.program, self.dir = program, folder
        self.origin = "li.example.net/e2e"
        self.log_key, self.instance_key = Key(), Key()
        self.overseers = [Key(), Key()]
        self.process, self.log, self.clock = None, None, None
        self.options = []
        for name in ("keys", "run"):
            os.makedirs(os.path.join(folder, name), mode=0o700)
        self.put("keys/log.key", self.log_key.file())
        self.put("keys/instance.key", self.instance_key.file())
        self.put("keys/vault.key", os.urandom(32))
        yaml = {"role": "keeper", "origin": self.origin,
                "instance": "keeper-1", "socket": "run/keeper.sock",
                "vault_key": "keys/vault.key", "segment_size": "1MiB"}
        yaml.update(settings)
        yaml = {k: v for k, v in yaml.items() if v is not None}
        self.put("custos.yaml", "".join(
            "%s: %s\n" % pair for pair in yaml.items()))

    def put(self, name, data):
        path = os.path.join(self.dir, name)
        with open(path, "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())
        os.chmod(path, 0o600)

    def path(self, name):
        return os.path.join(self.dir, name)

    def run(self, *arguments):
        return subprocess.run([self.program, "-C", self.dir] + self.options +
                              list(arguments), capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=60)

    def genesis(self, keys=None):
        payload = dump({
            "origin": self.origin, "log_key": b64(self.log_key.public),
            "overseers": [{"id": "overseer-%d" % (i + 1),
                           "key": b64(k.public)}
                          for i, k in enumerate(self.overseers)],
            "quorum": 2, "rules": {}, "law": 1, "continues": None,
            "trial": True})
        self.put("genesis.act", act_file(
            Log(self.origin, None), "genesis", "create", self.origin, 1,
            payload, [], self.overseers if keys is None else keys))
        return self.run("--create", self.path("genesis.act"))

    def create(self):
        done = self.genesis()
        assert done.returncode == 0, done.stderr
        self.log = Log(self.origin, done.stdout.strip())

    def start(self):
        out = open(self.path("run/stderr"), "ab")
        env = dict(os.environ)
        if self.clock is not None:
            # What is preloaded comes before the sanitizer's own library.
            env.update(LD_PRELOAD=self.clock, CLOCKSTEP=self.path("../clock"),
                       ASAN_OPTIONS="verify_asan_link_order=0")
        self.process = subprocess.Popen(
            [self.program, "-C", self.dir] + self.options, stderr=out, stdout=out, env=env)
        out.close()
        until = time.monotonic() + 30
        while time.monotonic() < until:
            if self.process.poll() is not None:
                return self.process.returncode
            try:
                probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                probe.connect(self.path("run/keeper.sock"))
                probe.close()
                return None
            except OSError:
                time.sleep(0.02)
        raise AssertionError("the keeper does not serve")

    def kill(self, signo=signal.SIGKILL):
        self.process.send_signal(signo)
        return self.process.wait(timeout=30)

    def said(self):
        with open(self.path("run/stderr")) as f:
            return f.read()

    def cli(self):
        return Link(self.path("run/keeper.sock"), self.log)


class People:
    """Acts through one command-line connection; seq asked each time."""

    def __init__(self, home):
        self.home = home
        self.link = home.cli()

    def make(self, kind, verb, subject, payload, texts, keys):
        seq, _ = self.link.ask({"kind": "ask", "what": "seq",
                                "args": {"subject": subject}})
        return act_file(self.home.log, kind, verb, subject,
                        seq["data"]["seq"] + 1, with_sd(payload, texts),
                        texts, keys)

    def offer(self, data):
        return self.link.ask({"kind": "act"}, [data])[0]

    def act(self, kind, verb, subject, payload, texts=(), keys=None):
        done = self.offer(self.make(kind, verb, subject, payload,
                                    list(texts), keys or
                                    self.home.overseers))
        assert done["kind"] == "kept", done
        return int(done["index"])

    def holder(self, name, key, roles):
        text = disclosure("name", name.upper())
        return self.act("holder", "add", "holder/" + name, {
            "id": name, "form": "ed25519", "keys": [b64(key.public)],
            "roles": roles}, [text])

    def instance(self, name, role, key):
        return self.act("instance", "add", "instance/" + name, {
            "id": name, "role": role, "key": b64(key.public)})

    def element(self, name, kind, **more):
        payload = {"id": name, "kind": kind, "x1": None, "delivery": [],
                   "identity": None, "pins": [], "maker": None,
                   "model": None, "zone": None, "jurisdiction": None,
                   "multi": "each", "mode": "enforce", "until": None,
                   "gate": None, "admfs": [], "reads": "own", "dialect": [],
                   "triggered_by": None}
        payload.update(more)
        text = disclosure("audit_key", b64(os.urandom(32)))
        return self.act("element", "add", "element/" + name, payload, [text])


def token(key, kind, value):
    return b64(hmac.new(key, kind.encode() + b"\0" + value.encode(),
                        hashlib.sha256).digest())


class Warrant:
    def __init__(self, name, targets, element="ne-1", seconds=3600):
        key = os.urandom(32)
        self.key, self.name, self.token_key = name, name, key
        self.texts = [
            disclosure("authority", "Amtsgericht"),
            disclosure("reference", "12 Gs 34/26"),
            disclosure("legal_basis", "100a"),
            disclosure("liid", "LIID-001"),
            disclosure("targets", [[list(t)] for t in targets]),
            disclosure("token_key", b64(key))]
        self.payload = {
            "id": name, "revision": 1, "supersedes": None,
            "kind": "ordinary", "from": stamp(-60), "until": stamp(seconds),
            "scope": "iri+cc", "services": [], "elements": [element],
            "zones": [], "deliver_to": ["lemf-1"],
            "sets": [[token(key, *t)] for t in targets]}

    def digest(self):
        return b64(sha(with_sd(dict(self.payload), self.texts).encode()))
