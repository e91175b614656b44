#!/usr/bin/env python3
"""The log verbs on the published journals: what they print, what they refuse."""
import base64, gzip, hashlib, json, os, shutil, subprocess, sys, tempfile

custos, vectors = sys.argv[1], sys.argv[2]
J = json.load(open(f"{vectors}/custos/journal.json"))
n = bad = 0


def ok(what, good, detail=""):
    global n, bad
    n += 1
    bad += not good
    print(f"{'ok' if good else 'not ok'} {n} - {what}")
    if not good:
        print("#", str(detail)[:600].replace("\n", "\n# "))


def run(home, *args):
    return subprocess.run([custos, "-C", home, "log", *args], timeout=20,
                          capture_output=True)


def lay_out(top, name, size, patch=None):
    home = os.path.join(top, f"{name}-{n}")
    os.makedirs(home + "/log/journal")
    for f in J[name]["files"]:
        data = bytearray(gzip.open(f"{vectors}/custos/{f['gzip']}").read())
        if patch and patch[0] == f["name"]:
            data[patch[1]] ^= 1
        open(f"{home}/log/journal/{f['name']}", "wb").write(data)
    if size:
        open(home + "/log/checkpoint", "w").write(
            J[name]["checkpoints"][str(size)])
    return home


def node(a, b):
    return hashlib.sha256(b"\1" + a + b).digest()


def root_of(leaf, index, size, proof):
    """The root that an inclusion proof leads to."""
    fn, sn, r = index, size - 1, leaf
    for h in proof:
        if fn & 1 or fn == sn:
            r = node(h, r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node(r, h)
        fn, sn = fn >> 1, sn >> 1
    return r


top = tempfile.mkdtemp()
try:
    entries = [f["payload"].encode() for b in J["one"]["batches"]
               for f in b["frames"] if f["kind"] == "E"]
    one = lay_out(top, "one", 7)
    r = run(one, "show", "--json")
    ok("show gives the entries as they are",
       r.returncode == 0 and r.stdout == b"".join(e + b"\n" for e in entries),
       r)
    r = run(one, "show", "5-")
    ok("show of a range", r.returncode == 0 and r.stdout.count(b"\n") == 2, r)
    ok("show beyond the end is a no", run(one, "show", "7").returncode == 1)
    ok("show of nonsense is usage", run(one, "show", "x").returncode == 2)
    r = run(one, "follow", "--from", "5", "--until", "7", "--json")
    ok("follow up to a size",
       r.stdout == entries[5] + b"\n" + entries[6] + b"\n", r)

    for i, e in enumerate(entries):
        lines = run(one, "prove", str(i)).stdout.decode().split("\n")
        end = lines.index("")
        proof = [base64.b64decode(x) for x in lines[2:end]]
        leaf = hashlib.sha256(b"\0" + e).digest()
        good = (lines[0] == "c2sp.org/tlog-proof@v1" and
                lines[1] == f"index {i}" and
                "\n".join(lines[end + 1:]) == J["one"]["checkpoints"]["7"] and
                base64.b64decode(lines[end + 3]) == root_of(leaf, i, 7, proof))
        ok(f"proof of entry {i}", good, lines)
    ok("no proof beyond the checkpoint", run(one, "prove", "7").returncode == 1)

    g = J["genesis_digest_hex"]
    r = run(one, "verify", "--hashes", "--json", "--genesis", g)
    v = json.loads(r.stdout or "{}")
    ok("a whole log verifies", r.returncode == 0 and v["ok"] and
       v["size"] == "7" and v["signed"] == "7" and v["notes"] == "1" and
       v["sealed"] == "4" and v["root"] == J["one"]["batches"][-1]["root_hex"],
       r)
    r = run(one, "verify", "--hashes", "--genesis", "0" * 64)
    ok("another genesis does not", r.returncode == 1, r)
    two = lay_out(top, "two", 18)
    ok("a log without a key in its genesis needs one",
       run(two, "verify", "--hashes").returncode == 3)
    r = run(two, "verify", "--hashes", "--vkey", J["log_vkey"])
    ok("two segments", r.returncode == 0 and b"2 segments" in r.stdout, r)

    # One byte of each entry, of a seal, of a header, of a commit.
    for b in J["one"]["batches"]:
        for f in b["frames"]:
            home = lay_out(top, "one", 7, ("00000001.seg", f["offset"] + 40))
            r = run(home, "verify", "--hashes", "--json", "--vkey", J["log_vkey"])
            v = json.loads(r.stdout or "{}")
            want = str(f["number"]) if f["kind"] in "ES" else None
            ok(f"a byte of {f['kind']} {f['number']}", r.returncode == 1 and
               v["ok"] is False and v["entry"] == want, r)
    home = lay_out(top, "two", 18, ("00000001.seg", 1048064))
    r = run(home, "verify", "--hashes", "--vkey", J["log_vkey"])
    ok("a byte after the last batch of a segment", r.returncode == 1, r)
    home = lay_out(top, "one", 0)
    cp = J["one"]["checkpoints"]["7"].replace("\n7\n", "\n8\n")
    open(home + "/log/checkpoint", "w").write(cp)
    r = run(home, "verify", "--hashes")
    ok("a checkpoint that is not signed does not count",
       r.returncode == 0 and b"signed up to" not in r.stdout, r)

    out = os.path.join(top, "out")
    r = run(one, "export", out)
    files = sorted(os.path.relpath(os.path.join(d, f), out)
                   for d, _, fs in os.walk(out) for f in fs)
    ok("export: which files", r.returncode == 0 and files ==
       ["checkpoint", "tile/0/000.p/7", "tile/entries/000.p/7"], (r, files))
    ok("export: the hash tile", open(out + "/tile/0/000.p/7", "rb").read() ==
       bytes.fromhex(J["one"]["level_0_hex"]))
    ok("export: the bundle", open(out + "/tile/entries/000.p/7", "rb").read() ==
       b"".join(len(e).to_bytes(2, "big") + e for e in entries))
    ok("export: the checkpoint", open(out + "/checkpoint").read() ==
       J["one"]["checkpoints"]["7"])
    ok("no log is a 3", run(top, "show").returncode == 3)
finally:
    shutil.rmtree(top)
print(f"1..{n}")
sys.exit(bad != 0)
