"""scorecard/trial.py: a live operator of which the rows are tried.

`custos init --trial` makes it; every process runs as a child of ours, so that
rows may kill, damage and restart each; people act through the command line.
"""
import glob
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "test", "interop"))

from log_bytes import time_us                                   # noqa: E402

ORDER = ("keeper", "evil", "ne-1", "ne-2", "mdf-1", "gate", "auditor")
PROGRAM = {"keeper": ("custos-keeper", []), "gate": ("custos-gate", []),
           "auditor": ("custos-auditor", []),
           "ne-1": ("custos-sim", ["ne"]), "ne-2": ("custos-sim", ["ne"]),
           "mdf-1": ("custos-sim", ["ne"])}
# What would take an hour in an operator's life must take seconds here: these
# are settings of the homes and of the policy, not of the programs.
YAML = {"auditor": {"audit_interval": "1s", "element_timeout": "2s",
                    "beat": "2s"},
        "gate": {"beat": "2s"}, "keeper": {"beat": "2s"}}
POLICY = ["overdue_after=4000", "beat_missing=10000"]


class Failed(Exception):
    """The trial itself could not be run: no verdict on custos."""


class Trial:
    def __init__(self, build, folder, evil=False, clock=False):
        self.build, self.dir = os.path.abspath(build), folder
        self.evil, self.clock = evil, clock
        self.process = {}
        self.ill = []               # processes that did not end in order
        self.log_cache = []
        self.origin = self.genesis = None

    # -- its life --

    def program(self, name):
        found = glob.glob(os.path.join(self.build, "src", "*", name)) + \
            glob.glob(os.path.join(self.build, name))
        if not found:
            raise Failed("no %s in %s: build it first" % (name, self.build))
        return found[0]

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def make(self):
        code, out = self.run(self.program("custos"), "init", self.dir,
                             "--trial")
        if code != 0:
            raise Failed("init --trial: " + out)
        with open(self.path("genesis")) as f:
            self.genesis = f.read().strip()
        with open(self.path("keeper", "custos.yaml")) as f:
            self.origin = re.search(r"^origin: *\"?([^\s\"]+)", f.read(),
                                    re.M).group(1)
        for home, settings in YAML.items():
            for name, value in settings.items():
                self.set(home, name, value)
        if self.evil:
            self.set("gate", "keeper", self.path("keeper", "run", "evil.sock"))
        for name in ORDER:
            if name != "evil" or self.evil:
                self.start(name)
        self.ready()
        code, out = self.custos("policy", "set", *POLICY, *self.quorum())
        if code != 0:
            raise Failed("policy set: " + out)

    def set(self, home, name, value):
        path = self.path(home, "custos.yaml")
        with open(path) as f:
            text = f.read()
        line = "%s: %s" % (name, value)
        text, n = re.subn(r"^%s:.*$" % re.escape(name), line, text,
                          flags=re.M)
        with open(path, "w") as f:
            f.write(text if n else text + line + "\n")

    def start(self, name):
        log = self.path("keeper" if name == "evil" else name, "run",
                        "evil.log" if name == "evil" else "log")
        if name == "evil":
            run = self.path("keeper", "run")
            words = [sys.executable, os.path.join(HERE, "evil_keeper.py"),
                     "--keeper", os.path.join(run, "keeper.sock"),
                     "--listen", os.path.join(run, "evil.sock"),
                     "--control", os.path.join(run, "evil.control"),
                     "--log", self.path("keeper", "log"), "--log-key",
                     self.path("keeper", "keys", "log.key"),
                     "--origin", self.origin]
        else:
            program, verb = PROGRAM[name]
            words = [self.program(program)] + verb + ["-C", self.path(name)]
        env = None
        if self.clock and name == "keeper":
            env = dict(os.environ, CLOCKSTEP=self.path("clock"),
                       LD_PRELOAD=self.program("libclockstep.so"),
                       ASAN_OPTIONS="verify_asan_link_order=0")
        with open(log, "ab") as f:
            self.process[name] = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=f, stderr=f, env=env)
        if name in ("keeper", "evil"):
            self.listens(self.path("keeper", "run", "evil.sock" if name ==
                                   "evil" else "keeper.sock"), name)

    def step(self, seconds):
        """By how much the keeper's clock is wrong from now on."""
        with open(self.path("clock"), "w") as f:
            f.write("%d" % seconds)

    def listens(self, path, name, seconds=15):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with socket.socket(socket.AF_UNIX) as s:
                try:
                    s.connect(path)
                    return True
                except OSError:
                    pass
            if self.process[name].poll() is not None:
                return False
            time.sleep(0.02)
        return False

    def stop(self, name, signo=signal.SIGTERM):
        p = self.process.get(name)
        if p is None:
            return
        if p.poll() is None:
            p.send_signal(signo)
            try:
                p.wait(10)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
            if signo == signal.SIGTERM and p.returncode != 0 and \
                    name != "evil":
                self.ill.append("%s ended with %d: %s" % (
                    name, p.returncode, self.said(name, 300)))
        del self.process[name]

    def ready(self, seconds=25):
        """Until gate and elements answer a ping through the whole way."""
        until = time.monotonic() + seconds
        for ne in ("ne-1", "ne-2"):
            while True:
                code, out = self.admf(ne, "ping")
                if code == 0:
                    break
                if time.monotonic() > until:
                    raise Failed("%s does not answer through the gate: %s; "
                                 "the gate: %s" % (ne, out.strip(),
                                                   self.said("gate")))
                time.sleep(0.2)

    def said(self, name, n=800):
        with open(self.path(name, "run", "log"), errors="replace") as f:
            return f.read()[-n:].strip()

    def end(self):
        for name in reversed(ORDER):
            if name in self.process:
                self.stop(name)

    # -- what people and machines do --

    def run(self, *words, timeout=60):
        try:
            p = subprocess.run(words, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, timeout=timeout)
        except subprocess.TimeoutExpired:
            return 124, "no end within %d s" % timeout
        return p.returncode, p.stdout.decode(errors="replace")

    def custos(self, *words):
        words = [self.path(w[1:]) if w.startswith("@") else w for w in words]
        return self.run(self.program("custos"), "--yes", "-C", self.dir,
                        *words)

    def quorum(self):
        return ["--sign", "@holders/overseer-1.key",
                "--sign", "@holders/overseer-2.key"]

    def admf(self, ne, *words, home="admf", url=None, ident=None):
        extra = []
        if url is not None:
            extra += ["--ne", url]
        if ident is not None:
            extra += ["--admf", ident]
        return self.run(self.program("custos-sim"), "admf", "-C",
                        self.path(home), *extra, "--id", ne, *words)

    def tell(self, ne, *words):
        return self.run(self.program("custos-sim"), "tell", "-C",
                        self.path(ne), *words)

    def port(self, home):
        with open(self.path(home, "custos.yaml")) as f:
            return int(re.search(r"127\.0\.0\.1:(\d+)", re.search(
                r"^listen:.*(\n *-.*)*", f.read(), re.M).group(0)).group(1))

    def whisper(self, line):
        """Tell the evil keeper."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(20)
            s.connect(self.path("keeper", "run", "evil.control"))
            s.sendall((line + "\n").encode())
            answer = s.makefile().readline()
        if not answer.startswith("ok "):
            raise Failed("evil keeper: " + answer)
        return int(answer.split()[1])

    def verify(self, log, vault=True):
        words = ["log", "verify", "--log", log, "--genesis", self.genesis]
        if vault:
            words += ["--vault", self.path("keeper", "vault"), "--vault-key",
                      self.path("keeper", "keys", "vault.key")]
        return self.custos(*words)

    def second(self, log, vault=True):
        words = [sys.executable, os.path.join(HERE, "..", "test", "interop",
                                              "verify.py"), log, "--genesis",
                 self.genesis]
        if vault:
            words += ["--vault", self.path("keeper", "vault"), "--vault-key",
                      self.path("keeper", "keys", "vault.key")]
        return self.run(*words)

    # -- what the log says --

    def entries(self):
        """All entries; what was read before is not read again."""
        code, out = self.custos("--json", "log", "show",
                                "%d-" % len(self.log_cache))
        if code == 0:
            for line in out.splitlines():
                e = json.loads(line)
                e["index"] = len(self.log_cache)
                e["us"] = time_us(e["time"])
                if "said" in e:
                    e["words"] = json.loads(e["said"])
                self.log_cache.append(e)
        return self.log_cache

    def element(self, ne):
        """The entries that registered it: findings name one of them."""
        return {str(e["index"]) for e in self.entries()
                if e["kind"] == "element" and
                e["act"]["subject"] == "element/" + ne}

    def remove(self):
        shutil.rmtree(self.dir, ignore_errors=True)
