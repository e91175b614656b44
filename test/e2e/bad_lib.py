"""test/e2e/bad_lib.py: a trial operator to be treated badly.

Programs, raw bytes over TLS, an element that does as it is told and counts
what it was sent, and what must hold after all of it.
"""
import datetime
import glob
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
SECOND = os.path.join(HERE, "..", "interop", "verify.py")
PROGRAMS = {"custos": "cli", "custos-keeper": "keeper", "custos-gate": "gate",
            "custos-sim": "sim", "custos-auditor": "auditor"}
PROGRAM_OF = {"keeper": ("custos-keeper",), "gate": ("custos-gate",),
              "auditor": ("custos-auditor",), "ne-1": ("custos-sim", "ne"),
              "ne-2": ("custos-sim", "ne"), "mdf-1": ("custos-sim", "ne")}
NS = "http://uri.etsi.org/03221/X1/2017/10"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
NUMBER = "4915112345678"
WRONG = "4915112345699"
DID = "0d6a9a52-3f0b-4f0d-8a55-6a1f6f0b2c01"
MDF = "ipv4:192.0.2.10:tcp:42069"
# In nothing that a process says, and in no file but the people's own.
SECRETS = [NUMBER, WRONG]


class Skip(Exception):
    pass


def xid(n):
    return "b7c5b1c0-6a1e-4f0e-9d2a-%012x" % n


def utc(seconds=0.0):
    t = datetime.datetime.now(datetime.timezone.utc) + \
        datetime.timedelta(seconds=seconds)
    return t.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def wait(what, seconds=20, why="it"):
    end = time.monotonic() + seconds
    while True:
        found = what()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError("%s did not come within %d s" %
                                 (why, seconds))
        time.sleep(0.05)


def read(path):
    with open(path) as f:
        return f.read()


def must(ok, *what):
    """An assertion that python -O keeps."""
    if not ok:
        raise AssertionError(" ".join(str(w) for w in what)[:3000])


# ---- X1, by hand -------------------------------------------------------------

def message(kind, body="", ne="ne-2", admf="admf-1", stamp=None, txn=None,
            attrs=None, version="v1.22.1"):
    if attrs is None:
        attrs = ' xsi:type="%sRequest"' % kind
    return ("<x1RequestMessage%s><admfIdentifier>%s</admfIdentifier>"
            "<neIdentifier>%s</neIdentifier><messageTimestamp>%s"
            "</messageTimestamp><version>%s</version><x1TransactionId>%s"
            "</x1TransactionId>%s</x1RequestMessage>" % (
                attrs, admf, ne, stamp or utc(), version,
                txn or uuid.uuid4(), body))


def container(*messages, prolog='<?xml version="1.0" encoding="UTF-8"?>',
              ns=NS, root=""):
    return ('%s<X1Request xmlns="%s" xmlns:xsi="%s"%s>%s</X1Request>' % (
        prolog, ns, XSI, root, "".join(messages))).encode()


def task(n, number=NUMBER, did=DID, deliver="X2Only", extra=""):
    return ("<taskDetails><xId>%s</xId><targetIdentifiers><targetIdentifier>"
            "<e164Number>%s</e164Number></targetIdentifier>"
            "</targetIdentifiers><deliveryType>%s</deliveryType><listOfDIDs>"
            "<dId>%s</dId></listOfDIDs>%s</taskDetails>" % (
                xid(n), number, deliver, did, extra))


def activate(n, number=NUMBER, **words):
    return message("ActivateTask", task(n, number), **words)


def deactivate(n, **words):
    return message("DeactivateTask", "<xId>%s</xId>" % xid(n), **words)


class Answer:
    def __init__(self, raw):
        self.raw = raw
        head, _, self.body = raw.partition(b"\r\n\r\n")
        m = re.match(rb"HTTP/1\.[01] (\d{3})", head)
        self.status = int(m.group(1)) if m else 0
        text = self.body.decode("utf-8", "replace")
        self.types = re.findall(r'xsi:type="(?:\w+:)?(\w+)"', text)
        self.codes = [int(c) for c in
                      re.findall(r"<errorCode>(\d+)<", text)]
        self.entries = [int(c) for c in re.findall(r"\(entry (\d+)\)", text)]
        self.top = "TopLevelErrorResponse" in text
        self.ok = re.findall(r"<oK>(\w+)<", text)

    def __str__(self):
        return repr(self.raw[:1500])


def post(body, path="/X1/NE", extra=b""):
    return (b"POST %s HTTP/1.1\r\nHost: gate\r\nContent-Type: "
            b"application/xml\r\n%sContent-Length: %d\r\n\r\n" %
            (path.encode(), extra, len(body))) + body


def read_answer(s, limit=20):
    """One answer, or what came before the end."""
    s.settimeout(limit)
    raw = b""
    try:
        while True:
            head, end, body = raw.partition(b"\r\n\r\n")
            m = re.search(rb"(?i)content-length: *(\d+)", head)
            if end and m and len(body) >= int(m.group(1)):
                break
            got = s.recv(65536)
            if not got:
                break
            raw += got
    except OSError:
        pass
    return raw


class Operator:
    def __init__(self, bins, disk=None):
        """${disk}: the size of a small disk of its own, if root may."""
        self.folder = tempfile.mkdtemp(prefix="cu-bad-", dir="/tmp")
        self.disk = None
        if disk is not None:
            self.disk = os.path.join(self.folder, "disk")
            os.mkdir(self.disk)
            if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=" + disk,
                               "tmpfs", self.disk],
                              stderr=subprocess.DEVNULL).returncode != 0:
                shutil.rmtree(self.folder)
                raise Skip("a small disk cannot be mounted here")
        self.dir = os.path.join(self.disk or self.folder, "op")
        # The command line looks for its sisters beside itself.
        self.bin = os.path.join(self.folder, "bin")
        self.cores = os.path.join(self.folder, "cores")
        os.mkdir(self.bin)
        os.mkdir(self.cores)
        for name, where in PROGRAMS.items():
            path = os.path.join(bins, name)
            if not os.path.exists(path):
                path = os.path.join(bins, "src", where, name)
            os.symlink(os.path.abspath(path), os.path.join(self.bin, name))
        self.process, self.ended, self.elements = {}, [], []
        self.run("custos", "init", self.dir, "--trial")
        self.genesis = read(self.path("genesis")).strip()

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def run(self, name, *words, check=True, feed=None, limit=60):
        out = subprocess.run([os.path.join(self.bin, name)] + list(words),
                             input=feed, text=True, cwd=self.cores,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             timeout=limit)
        must(not check or out.returncode == 0, name, words, out.returncode,
             out.stdout)
        must("Sanitizer" not in out.stdout, out.stdout)
        return out

    def custos(self, *words, check=True):
        return self.run("custos", "-C", self.dir, "--yes", *words, check=check)

    def admf(self, *words):
        return self.run("custos-sim", "admf", "-C", self.path("admf"), *words,
                        check=False)

    def tell(self, ne, *words):
        return self.run("custos-sim", "tell", "-C", self.path(ne),
                        *words).stdout

    def conf(self, home, **settings):
        """Set members of a configuration; None takes one away."""
        path = self.path(home, "custos.yaml")
        text = read(path)
        for name, value in settings.items():
            text = re.sub(r"(?m)^%s: .*\n" % name, "", text)
            if value is not None:
                text += "%s: %s\n" % (name, value)
        with open(path, "w") as f:
            f.write(text)

    def port(self, home):
        text = read(self.path(home, "custos.yaml"))
        return int(re.search(r'127\.0\.0\.1:(\d+)"?\n(?!.*X1)',
                             text.split("listen:")[1]).group(1))

    def start(self, home, wrap=()):
        log = open(os.path.join(self.folder, home + ".log"), "a")
        program = PROGRAM_OF[home]
        self.process[home] = subprocess.Popen(
            list(wrap) + [os.path.join(self.bin, program[0])] +
            list(program[1:]) + ["-C", self.path(home)], stdout=log,
            stderr=log, stdin=subprocess.DEVNULL, cwd=self.cores)
        log.close()

    def end(self, home, how=signal.SIGTERM, limit=20):
        p = self.process.pop(home)
        p.send_signal(how)
        code = p.wait(limit)
        self.ended.append((home, how, code))
        return code

    def log(self, home):
        try:
            with open(os.path.join(self.folder, home + ".log"),
                      errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def said(self, home, text, times=1, limit=20):
        wait(lambda: self.log(home).count(text) >= times, limit,
             "%s: %s" % (home, text))

    def keeper(self, limit=20):
        n = self.log("keeper").count("serving")
        self.start("keeper")
        self.said("keeper", "serving", n + 1, limit)

    def gate(self, limit=20):
        n = self.log("gate").count("following")
        self.start("gate")
        self.said("gate", "following", n + 1, limit)

    # ---- the log -------------------------------------------------------------

    def entries(self, kind=None, start=0):
        """[(index, entry)]; what was said is decoded in place."""
        # 1: there is none from ${start} on
        out = self.custos("--json", "log", "show", "%d-" % start,
                          check=False).stdout
        rows = []
        for n, line in enumerate(x for x in out.splitlines()
                                 if x.startswith("{")):
            e = json.loads(line)
            e = e.get("entry", e)
            if "said" in e:
                e["said"] = json.loads(e["said"])
            if kind in (None, e["kind"]):
                rows.append((start + n, e))
        return rows

    def size(self):
        return len(self.entries())

    def has(self, kind, what, start=0, seconds=15):
        """Wait for an entry of which ${what} holds."""
        return wait(lambda: [(i, e) for i, e in self.entries(kind, start)
                             if what(e)], seconds,
                    "a %s entry" % kind)[0]

    def finding(self, kind, start=0, seconds=20):
        return self.has("finding", lambda e: e["verb"] == "open" and
                        e["type"] == kind, start, seconds)

    def why(self, index):
        return self.custos("why", str(index)).stdout

    def outcome(self, command, start=0, seconds=15):
        return self.has("outcome", lambda e: e["said"]["command"] ==
                        str(command), start, seconds)[1]["said"]

    # ---- people --------------------------------------------------------------

    def order(self, name="w-1", number=NUMBER, seconds=3600, **more):
        document = {
            "id": name, "kind": "ordinary", "authority": "Court of Exampleton",
            "reference": "1 Gs 1/26", "legal_basis": "section 1",
            "from": utc(-5), "until": utc(seconds), "scope": "iri",
            "liid": "LIID-0001", "elements": ["ne-1", "ne-2"],
            "targets": [[{"kind": "e164Number", "value": number}]],
        }
        document.update(more)
        path = self.path(name + ".json")
        with open(path, "w") as f:
            json.dump(document, f)
        self.custos("warrant", "submit", path, "--sign",
                    self.path("holders/intake-1.key"), "--keep",
                    self.path(name + ".act"))
        self.custos("warrant", "approve", name, "--act",
                    self.path(name + ".act"), "--sign",
                    self.path("holders/approver-1.key"))

    # ---- X1 ------------------------------------------------------------------

    def context(self, cert="admf", key=None):
        """A client's; ${cert}: a home, a file, or None."""
        c = ssl.create_default_context(cafile=self.path("ca.pem"))
        c.check_hostname = False
        if cert is not None and key is None:
            c.load_cert_chain(self.path(cert, "keys/tls.pem"),
                              self.path(cert, "keys/tls.key"))
        elif cert is not None:
            c.load_cert_chain(cert, key)
        return c

    def connect(self, cert="admf", key=None):
        s = socket.create_connection(("127.0.0.1", self.port("gate")), 10)
        return self.context(cert, key).wrap_socket(s)

    def send(self, raw, cert="admf", key=None, limit=20):
        """Raw bytes on a connection of their own."""
        with self.connect(cert, key) as s:
            try:
                s.sendall(raw)
            except OSError:
                pass		# it may have ended before it read all
            return Answer(read_answer(s, limit))

    def x1(self, *messages, **words):
        return self.send(post(container(*messages)), **words)

    # ---- at the end ----------------------------------------------------------

    def verifies(self, fault=None):
        """By both programs, without and with the vault; or each says
        ${fault} that has it."""
        opened = ["--vault", self.path("keeper/vault"), "--vault-key",
                  self.path("keeper/keys/vault.key")]
        for vault in ([], opened) if fault is None else (opened,):
            for run in ([os.path.join(self.bin, "custos"), "log", "verify",
                         "--log", self.path("keeper/log")],
                        [sys.executable, SECOND, self.path("keeper/log")]):
                out = subprocess.run(
                    run + ["--genesis", self.genesis] + vault,
                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                    text=True, timeout=60, cwd=self.cores)
                must(out.returncode == (0 if fault is None else 1) and
                     (fault or "") in out.stdout, run[:3], vault[:1],
                     out.returncode, out.stdout)

    def silent(self, more=()):
        """No target where none may stand; nothing crashed."""
        for secret in list(SECRETS) + list(more):
            for p in self.process.values():
                for name in ("cmdline", "environ"):
                    with open("/proc/%d/%s" % (p.pid, name), "rb") as f:
                        must(secret.encode() not in f.read(), secret, name)
            for root, _, names in os.walk(self.folder):
                for name in names:
                    must(secret not in name, secret, root, name)
                    path = os.path.join(root, name)
                    if re.search(r"/op/[\w-]+\.(json|act)$|/bin/|\.sock$",
                                 path) or not os.path.isfile(path):
                        continue
                    with open(path, "rb") as f:
                        must(secret.encode() not in f.read(),
                             secret, "stands in", path)
        must(os.listdir(self.cores) == [], os.listdir(self.cores))
        for home in PROGRAM_OF:
            must("Sanitizer" not in self.log(home) and
                 "runtime error" not in self.log(home), self.log(home))
        for home, p in self.process.items():
            must(p.poll() is None, home, "ended with", p.poll())

    def close(self):
        for e in self.elements:
            e.close()
        for p in self.process.values():
            p.send_signal(signal.SIGCONT)
            p.kill()
            p.wait()
        if self.disk is not None:
            subprocess.run(["umount", "-l", self.disk], check=True)
        shutil.rmtree(self.folder, ignore_errors=True)


class Element:
    """Listens in the place of a simulated one and keeps what it was sent.

    ${act}(element, kind, body, socket) sends an answer itself, or returns
    True to let it be answered as an honest element would.
    """
    def __init__(self, op, name="ne-2", cert=None):
        self.op, self.name = op, name
        self.got, self.when = [], []	# (kind, bytes); and when
        self.act, self.listener = None, None
        self.cert = cert or name
        op.elements.append(self)
        self.open()

    def open(self):
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        c.load_cert_chain(self.op.path(self.cert, "keys/tls.pem"),
                          self.op.path(self.cert, "keys/tls.key"))
        c.load_verify_locations(self.op.path("ca.pem"))
        c.verify_mode = ssl.CERT_REQUIRED
        self.tls, self.open_now = c, []
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", self.op.port(self.name)))
        self.listener.listen(16)
        threading.Thread(target=self.take, args=(self.listener,),
                         daemon=True).start()

    def take(self, listener):
        while True:
            try:
                s, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(s,),
                             daemon=True).start()

    def serve(self, s):
        try:
            s = self.tls.wrap_socket(s, server_side=True)
            self.open_now.append(s)
            while True:
                raw = read_answer(s, 300)
                head, end, body = raw.partition(b"\r\n\r\n")
                if not end:
                    return
                kinds = re.findall(rb'type="(?:\w+:)?(\w+)Request"', body)
                kind = kinds[0].decode() if kinds else ""
                self.when.append(time.monotonic())
                self.got.append((kind, raw))
                act = self.act
                if act is None or act(self, kind, body, s):
                    s.sendall(self.http(self.answer(kind, body)))
        except OSError:
            pass
        finally:
            s.close()

    @staticmethod
    def http(body):
        return (b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\n"
                b"Content-Length: %d\r\n\r\n" % len(body)) + body

    def answer(self, kind, body):
        text = body.decode()

        def leaf(name):
            return re.search("<(?:\\w+:)?%s>([^<]*)<" % name, text).group(1)
        return ('<?xml version="1.0" encoding="UTF-8"?><X1Response xmlns="%s" '
                'xmlns:xsi="%s"><x1ResponseMessage xsi:type="%sResponse">'
                "<admfIdentifier>%s</admfIdentifier><neIdentifier>%s"
                "</neIdentifier><messageTimestamp>%s</messageTimestamp>"
                "<version>v1.22.1</version><x1TransactionId>%s"
                "</x1TransactionId><oK>AcknowledgedAndCompleted</oK>"
                "</x1ResponseMessage></X1Response>" % (
                    NS, XSI, kind, leaf("admfIdentifier"), self.name,
                    utc(), leaf("x1TransactionId"))).encode()

    def came(self, kind, n):
        """When it was first sent that."""
        return [t for (k, raw), t in zip(self.got, self.when)
                if k == kind and xid(n).encode() in raw][0]

    def count(self, kind, n=None):
        """How often was it sent, of XID ${n} or any?"""
        return sum(1 for k, raw in self.got if k == kind and
                   (n is None or xid(n).encode() in raw))

    def close(self):
        if self.listener is not None:
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
            self.listener = None
        for s in self.open_now:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.open_now = []


def the_log_holds(op):
    """The last case of each: nothing leaked, and both verifiers hold it."""
    op.silent()
    must(op.end("gate") == 0 and op.end("keeper") == 0, op.ended)
    op.verifies()
    op.silent()


def tap(cases, make):
    """Run ${cases} on what ${make} makes; 1 if one fails."""
    op, bad, began = None, 0, time.monotonic()
    try:
        op = make()
        print("TAP version 13\n1..%d" % len(cases), flush=True)
        for n, case in enumerate(cases, 1):
            name = case.__name__.replace("_", " ")
            try:
                case(op)
                print("ok %d - %s" % (n, name))
            except Skip as e:
                print("ok %d - %s # SKIP %s" % (n, name, e))
            except (AssertionError, OSError, LookupError, ValueError,
                    AttributeError, subprocess.SubprocessError) as e:
                bad += 1
                at = e.__traceback__
                while at.tb_next is not None and \
                        at.tb_frame.f_code is not case.__code__:
                    at = at.tb_next
                text = "%s line %d: %s" % (type(e).__name__, at.tb_lineno, e)
                print("# " + text.replace("\n", "\n# "))
                print("not ok %d - %s" % (n, name))
            sys.stdout.flush()
    except Skip as e:
        print("TAP version 13\n1..0 # SKIP %s" % e)
    finally:
        if bad:
            for path in sorted(glob.glob(os.path.join(op.folder, "*.log"))):
                with open(path, errors="replace") as f:
                    print("# %s:\n# %s" % (os.path.basename(path), f.read()
                                           [-4000:].replace("\n", "\n# ")))
        if op is not None:
            op.close()
        print("# %.0f s" % (time.monotonic() - began))
    return 1 if bad else 0
