"""scorecard/forge.py: what can be done to a log on disk by who owns the disk.

Each function changes a copy of a keeper's log/ (docs/format/journal.md); those
that are given the log's key also sign what they made, as a thief of it could.
"""
import glob
import json
import os
import shutil
import struct
import time

from evil_keeper import note
from log_bytes import (HEADER, Batch, Frame, Header, Range, b64u, journal,
                       leaf, segments, sha)


def entries(log, origin):
    """All entries of a log, as parsed JSON by index."""
    return [json.loads(e) for b in journal(os.path.join(log, "journal"),
                                           origin) for _, e in b.entries]


def now():
    us = time.time_ns() // 1000
    return (time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(us // 1000000)) +
            ".%06dZ" % (us % 1000000))


def frame(kind, payload, number, position):
    check = leaf(payload) if kind == b"E" else sha(payload)
    return (b"CU\x01" + kind + struct.pack(">IQQ", len(payload), number,
                                           position) + check[:8], payload)


def written(f):
    head, payload = f
    return head + payload + bytes(-len(payload) % 8)


def walk(log, origin):
    """(path, segment header, [batch]) of each segment in use."""
    rng, last_k, out = Range(), bytes(32), []
    for _, path in segments(os.path.join(log, "journal")):
        with open(path, "rb") as f:
            data = f.read()
        if not any(data[:HEADER]):
            break
        h = Header(data, origin)
        at, batches = HEADER, []
        while any(data[at:at + 4]):
            b = Batch(data, at, h.position, h.segment, rng, last_k)
            rng, last_k, at = b.range, b.k_digest, b.end
            batches.append(b)
        out.append((path, h, batches))
    return out


def forget_derived(log):
    for path in glob.glob(os.path.join(log, "level.*")) + [
            os.path.join(log, "offset")]:
        if os.path.exists(path):
            os.unlink(path)


def batch(rng, last_k, position, entries, sealed, us):
    """(its bytes, digest of its K): entries and sealed values at ${position};
    ${rng} grows by them."""
    out, heads = b"", []
    for kind, number, payload in [
            (b"E", n, e) for n, e in entries] + [
            (b"S", n, s) for n, s in sorted(sealed.items())]:
        f = frame(kind, payload, number, position + len(out))
        out += written(f)
        heads.append(f[0])
        if kind == b"E":
            rng.add(leaf(payload))
    k = frame(b"K", rng.root() + last_k + sha(*heads) + struct.pack(
        ">IIQQ", len(heads), 0, us, rng.size), rng.size, position + len(out))
    return out + written(k), sha(k[0], k[1])


def sign(log, origin, key, rng):
    """The head that the log's key signs now, instead of what is remembered."""
    forget_derived(log)
    with open(os.path.join(log, "checkpoint"), "wb") as f:
        f.write(note(origin, key, rng.size, rng.root()))


def append(log, origin, key, entry):
    """One more entry, in a batch that holds, under a signed checkpoint."""
    path, h, batches = walk(log, origin)[-1]
    last = batches[-1]
    rng = last.range.copy()
    index = rng.size
    made, _ = batch(rng, last.k_digest, h.position + last.end,
                    [(index, entry)], {}, time.time_ns() // 1000)
    with open(path, "r+b") as f:
        f.seek(last.end)
        f.write(made)
    sign(log, origin, key, rng)
    return index


def delete(log, origin, key, index):
    """One entry never was: all behind it moves up by one, under commits made
    again and a signed checkpoint."""
    path, h, batches = walk(log, origin)[-1]
    first = [n for n, b in enumerate(batches)
             if index in [i for i, _ in b.entries]][0]
    rng, last_k = batches[first - 1].range.copy(), batches[first - 1].k_digest
    made, at = b"", batches[first].at
    for b in batches[first:]:
        entries = [(i - (i > index), e) for i, e in b.entries if i != index]
        if entries:
            part, last_k = batch(rng, last_k, h.position + at + len(made),
                                 entries, {i - (i > index): s for i, s in
                                           b.sealed.items() if i != index},
                                 b.time)
            made += part
    with open(path, "r+b") as f:
        f.seek(at)
        f.write(made + bytes(batches[-1].end - at - len(made)))
    sign(log, origin, key, rng)
    return index


def last_of(es, role):
    return [e["source"] for e in es if e["source"]["role"] == role][-1]


def common(es, kind, role):
    s = last_of(es, role)
    return {"v": 1, "kind": kind, "time": now(), "nonce": b64u(os.urandom(16)),
            "source": {"role": role, "instance": s["instance"],
                       "start": s["start"], "n": s["n"] + 1}}


def spelt(v):
    return json.dumps(v, separators=(",", ":"), ensure_ascii=False).encode()


def approval(log, origin, warrant, approver, forger, size=None):
    """An approval that nobody gave: in the name of a real approver."""
    es = entries(log, origin)[:size]
    seq, digest = 0, None
    for e in es:
        a = e.get("act")
        if a is not None and a["subject"] == "warrant/" + warrant:
            seq = max(seq, a["seq"])
            if a["verb"] == "submit":
                digest = b64u(sha(a["payload"].encode()))
    out = common(es, "warrant", "keeper")
    out["act"] = {"kind": "warrant", "verb": "approve",
                  "subject": "warrant/" + warrant, "seq": seq + 1,
                  "payload": spelt({"id": warrant,
                                    "digest": digest}).decode(),
                  "sigs": [{"key": approver, "time": now(),
                            "sig": b64u(forger.sign(b"never mind"))}]}
    return spelt(out)


def snapshot(log, origin, element, forger, size=None):
    """An element's clean answer that no auditor ever got."""
    es = entries(log, origin)[:size]
    like = [(e, json.loads(e["said"])) for e in es if e["kind"] == "snapshot"]
    index = [i for i, e in enumerate(es) if e["kind"] == "element" and
             e["act"]["subject"] == "element/" + element][-1]
    e, said = [x for x in like if x[1]["element"] == str(index)][-1]
    out = common(es, "snapshot", "auditor")
    said.update(question=str(len(es)), asked=now(), answered=now(),
                complete=True, error=None, part=1, parts=1, items=[],
                base=None, gone=[])
    for name in ("void", "last", "_sd"):
        said.pop(name, None)
    out["said"] = spelt(said).decode()
    out["sig"] = {"key": e["sig"]["key"], "time": now(),
                  "sig": b64u(forger.sign(b"never mind"))}
    return spelt(out)


def flip_entry(log, origin, index):
    """One byte of an entry is another; nothing else is touched."""
    for path, h, batches in walk(log, origin):
        for b in batches:
            for i, e in b.entries:
                if i == index:
                    with open(path, "r+b") as f:
                        data = f.read()
                        at = data.index(e, b.at) + len(e) // 2
                        f.seek(at)
                        f.write(bytes([data[at] ^ 1]))
                    return index
    raise KeyError(index)


def rechain(path, h, batches, first, data):
    """Make the commits from batch ${first} on agree with the frames again."""
    last_k = batches[first].k_digest
    for n in range(first, len(batches)):
        b, heads, at = batches[n], [], batches[n].at
        while True:
            f = Frame(data, at)
            if f.kind == "K":
                break
            heads.append(f.raw)
            at += f.size()
        payload = bytearray(data[at + 32:at + 152])
        if n > first:
            payload[32:64] = last_k
        payload[64:96] = sha(*heads)
        k = frame(b"K", bytes(payload), f.number, f.position)
        data[at:at + len(written(k))] = written(k)
        last_k = sha(k[0], k[1])
    with open(path, "r+b") as f:
        f.write(data)


def spoil_sealed(log, origin, index):
    """A sealed value is another; checks, commits and roots agree with it."""
    where = walk(log, origin)
    for path, h, batches in where:
        for n, b in enumerate(batches):
            if index not in b.sealed:
                continue
            if path != where[-1][0]:
                raise KeyError("the entry is not in the last segment")
            with open(path, "rb") as f:
                data = bytearray(f.read())
            at = b.at
            while True:
                f = Frame(data, at)
                if f.kind == "S" and f.number == index:
                    break
                at += f.size()
            payload = bytearray(data[at + 32:at + 32 + f.length])
            payload[20] ^= 1            # behind len and iv: ciphertext
            s = frame(b"S", bytes(payload), index, f.position)
            data[at:at + len(written(s))] = written(s)
            rechain(path, h, batches, n, data)
            return index
    raise KeyError(index)


def sealed(log, origin):
    """The newest entry that has sealed values."""
    return max(i for _, _, bs in walk(log, origin) for b in bs
               for i in b.sealed)


def damage_commit(log, origin):
    """The last acknowledged commit no longer holds; returns its position."""
    path, h, batches = walk(log, origin)[-1]
    with open(path, "r+b") as f:
        f.seek(batches[-1].end - 100)
        byte = f.read(1)
        f.seek(-1, 1)
        f.write(bytes([byte[0] ^ 1]))
    return h.position + batches[-1].at


def cut_tail(log, origin, batches_n):
    """The last batches are gone, and with them what remembers them here."""
    path, h, batches = walk(log, origin)[-1]
    batches_n = min(batches_n, len(batches) - 1)
    with open(path, "r+b") as f:
        f.seek(batches[-batches_n].at)
        f.write(bytes(batches[-1].end - batches[-batches_n].at))
    forget_derived(log)
    os.unlink(os.path.join(log, "checkpoint"))


def copy(src, dst):
    shutil.rmtree(dst, ignore_errors=True)
    shutil.copytree(src, dst, ignore=shutil.ignore_patterns("lock"))
