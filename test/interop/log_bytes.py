"""test/interop/log_bytes.py: the bytes of a custos log, read from its format pages.

docs/format/journal.md and the spelling of docs/format/entries.md, and nothing
of the C sources.  Everything refuses by raising Bad with a reason.
"""
import base64
import hashlib
import json
import os
import struct


class Bad(Exception):
    """What stands there is not what the format pages describe."""

    def __init__(self, why, entry=None, position=None):
        super().__init__(why)
        self.why, self.entry, self.position = why, entry, position


def need(ok, why):
    if not ok:
        raise Bad(why)


def sha(*parts):
    h = hashlib.sha256()
    for p in parts:
        h.update(p)
    return h.digest()


# ---- spelling ---------------------------------------------------------------

ALPHABET = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def b64u(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64u(text, size=None):
    need(isinstance(text, str) and set(text) <= ALPHABET and len(text) % 4 != 1,
         "not base64url")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    need(b64u(data) == text, "base64url with stray bits")
    need(size is None or len(data) == size, "%s bytes expected" % size)
    return data


def unb64(text):
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        raise Bad("not base64")
    need(base64.b64encode(data).decode() == text, "base64 with stray bits")
    return data


def is_id(s):
    return (isinstance(s, str) and 0 < len(s) <= 64 and s.isascii() and
            s[0].isalnum() and all(c.isalnum() or c in "._-" for c in s))


def is_uuid(s):
    return (isinstance(s, str) and len(s) == 36 and
            [i for i, c in enumerate(s) if c == "-"] == [8, 13, 18, 23] and
            set(s) <= set("0123456789abcdef-"))


def dec(s):
    need(isinstance(s, str) and s.isascii() and s.isdigit() and
         (s == "0" or s[0] != "0") and int(s) < 2 ** 64, "not a decimal string")
    return int(s)


def count(n, least=0):
    need(type(n) is int and least <= n < 2 ** 53, "not a count")
    return n


DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]


def time_us(s):
    """YYYY-MM-DDThh:mm:ss.ffffffZ as microseconds since 1970."""
    need(isinstance(s, str) and len(s) == 27 and s.isascii(), "not a time")
    shape = "".join("d" if c.isdigit() else c for c in s)
    need(shape == "dddd-dd-ddTdd:dd:dd.ddddddZ", "not a time")
    y, mo, d = int(s[0:4]), int(s[5:7]), int(s[8:10])
    h, mi, sec, us = int(s[11:13]), int(s[14:16]), int(s[17:19]), int(s[20:26])
    leap = y % 4 == 0 and (y % 100 != 0 or y % 400 == 0)
    need(y >= 1970 and 1 <= mo <= 12 and h < 24 and mi < 60 and sec < 60 and
         1 <= d <= DAYS[mo - 1] + (mo == 2 and leap), "no such time")
    days = d - 1 + sum(DAYS[:mo - 1]) + (mo > 2 and leap)
    days += sum(366 if q % 4 == 0 and (q % 100 != 0 or q % 400 == 0) else 365
                for q in range(1970, y))
    return (((days * 24 + h) * 60 + mi) * 60 + sec) * 1000000 + us


SHORT = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"',
         92: "\\\\"}


def quote(s):
    return '"' + "".join(
        SHORT.get(ord(c)) or ("\\u%04x" % ord(c) if ord(c) < 32 else c)
        for c in s) + '"'


def spell(v):
    """A value in the one spelling."""
    if v is None or isinstance(v, bool):
        return {None: "null", True: "true", False: "false"}[v]
    if isinstance(v, int):
        return str(v)
    if isinstance(v, str):
        return quote(v)
    if isinstance(v, list):
        return "[" + ",".join(spell(x) for x in v) + "]"
    return "{" + ",".join(quote(k) + ":" + spell(x) for k, x in v.items()) + "}"


def _object(pairs):
    out = dict(pairs)
    need(len(out) == len(pairs), "a member appears twice")
    return out


def _no_real(_):
    raise Bad("a number is not an integer")


def read_json(data, spelt=True):
    """Parse bytes strictly; with spelt, only the one spelling."""
    try:
        text = data.decode("utf-8")
        v = json.loads(text, object_pairs_hook=_object, parse_float=_no_real,
                       parse_constant=_no_real)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise Bad("not JSON")
    need(not spelt or spell(v).encode("utf-8", "surrogatepass") == data,
         "not the one spelling")
    return v


def members(v, must, may=()):
    """An object with just these members."""
    need(isinstance(v, dict), "not an object")
    for k in v:
        need(k in must or k in may, "unknown member " + k)
    for k in must:
        need(k in v, "member " + k + " is missing")
    return v


# ---- the tree (RFC 6962) ----------------------------------------------------

def leaf(entry):
    return sha(b"\x00", entry)


def node(left, right):
    return sha(b"\x01", left, right)


class Range:
    """A compact range: the full subtrees, largest first."""

    def __init__(self, size=0, hashes=()):
        self.size, self.hashes = size, list(hashes)
        need(len(self.hashes) == bin(size).count("1"), "compact range")

    def copy(self):
        return Range(self.size, self.hashes)

    def add(self, h):
        self.hashes.append(h)
        self.size += 1
        n = self.size
        while n % 2 == 0:
            right = self.hashes.pop()
            self.hashes.append(node(self.hashes.pop(), right))
            n //= 2

    def root(self):
        if not self.hashes:
            return sha(b"")
        r = self.hashes[-1]
        for h in reversed(self.hashes[:-1]):
            r = node(h, r)
        return r


def inclusion(index, size, h, proof, root):
    """RFC 9162 2.1.3.2."""
    need(0 <= index < size, "index beyond the tree")
    fn, sn, r = index, size - 1, h
    for p in proof:
        need(len(p) == 32 and sn != 0, "proof too long")
        if fn & 1 or fn == sn:
            r = node(p, r)
            while not fn & 1 and fn:
                fn >>= 1
                sn >>= 1
        else:
            r = node(r, p)
        fn >>= 1
        sn >>= 1
    need(sn == 0 and r == root, "inclusion proof fails")


def consistency(m, n, proof, old, new):
    """RFC 9162 2.1.4.2; an empty old tree is not a proof."""
    need(0 < m <= n and all(len(p) == 32 for p in proof), "sizes")
    if m == n:
        need(not proof and old == new, "same size, another root")
        return
    need(proof, "empty proof")
    path = list(proof)
    if m & (m - 1) == 0:
        path.insert(0, old)
    fn, sn = m - 1, n - 1
    while fn & 1:
        fn >>= 1
        sn >>= 1
    fr = sr = path[0]
    for c in path[1:]:
        need(sn != 0, "proof too long")
        if fn & 1 or fn == sn:
            fr, sr = node(c, fr), node(c, sr)
            while not fn & 1 and fn:
                fn >>= 1
                sn >>= 1
        else:
            sr = node(sr, c)
        fn >>= 1
        sn >>= 1
    need(sn == 0 and fr == old and sr == new, "consistency proof fails")


def subtree_consistency(start, end, size, proof, part, root):
    """Is the subtree [start, end) with this root a part of the tree?"""
    need(0 <= start < end <= size and all(len(p) == 32 for p in proof), "sizes")
    need(start % (1 << (end - start - 1).bit_length()) == 0, "no subtree")
    path = list(proof)

    def go(s, e, n, known):
        """(root of the part, root of the whole), from the top down."""
        if s == 0 and e == n:
            if known:
                return part, part
            need(path, "proof too short")
            h = path.pop()
            return h, h
        need(path, "proof too short")
        h, k = path.pop(), 1 << (n - 1).bit_length() - 1
        if e <= k:
            sub, whole = go(s, e, k, known)
            return sub, node(whole, h)
        if s >= k:
            sub, whole = go(s - k, e - k, n - k, known)
            return sub, node(h, whole)
        sub, whole = go(0, e - k, n - k, False)
        return node(h, sub), node(h, whole)
    need(go(start, end, size, True) == (part, root) and not path,
         "subtree proof fails")


# ---- signed notes and checkpoints (C2SP) ------------------------------------

DASH = "\u2014 "


def note_parts(data):
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Bad("note is not UTF-8")
    need(all(c >= " " or c == "\n" for c in text), "control character in note")
    cut = text.rfind("\n\n")
    need(cut >= 0 and text.endswith("\n"), "note without an empty line")
    body, lines = text[:cut + 1], text[cut + 2:].split("\n")[:-1]
    need(lines and len(lines) <= 100, "signature lines")
    sigs = []
    for line in lines:
        need(line.startswith(DASH), "signature line")
        words = line[len(DASH):].split(" ")
        need(len(words) == 2 and words[0] and "+" not in words[0] and
             not any(c.isspace() for c in words[0]), "signature line")
        raw = unb64(words[1])
        need(len(raw) >= 5, "short signature")
        sigs.append((words[0], raw[:4], raw[4:]))
    return body, sigs


def key_hash(name, kind, public):
    return sha(name.encode() + b"\n" + bytes([kind]) + public)[:4]


def checkpoint_body(body, origin):
    lines = body.split("\n")[:-1]
    need(len(lines) >= 3 and all(lines), "checkpoint lines")
    need(lines[0] == origin, "another origin")
    size = dec(lines[1])
    need(size < 2 ** 63, "size")
    root = unb64(lines[2])
    need(len(root) == 32, "root")
    return size, root


def signers(data, keys, verify):
    """Whose signatures a note has: its body and {name: time or None}.

    keys: {(name, key hash): (type, public)} with type 1, Ed25519 over the body,
    or 4, Ed25519 cosignature/v1.  All other lines are skipped; one of a known
    key that does not hold sinks the note.
    """
    body, sigs = note_parts(data)
    found = {}
    for name, kid, sig in sigs:
        if (name, kid) not in keys:
            continue
        kind, public = keys[name, kid]
        at, text = None, body
        if kind == 4:
            need(len(sig) == 72, "length of a cosignature")
            at = int.from_bytes(sig[:8], "big")
            sig = sig[8:]
            text = "cosignature/v1\ntime %d\n%s" % (at, body)
        need(verify(public, sig, text.encode()), "signature of " + name)
        found[name] = at
    return body, found


def checkpoint(data, origin, public, verify):
    """The size and root that a note signs with the log's key, or Bad."""
    kid = key_hash(origin, 1, public)
    body, found = signers(data, {(origin, kid): (1, public)}, verify)
    need(found, "not signed by the log's key")
    return checkpoint_body(body, origin)


def proof_file(data):
    """A tlog-proof: (extra or None, index, hashes, the note)."""
    head, cut, note = data.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise Bad("proof is not ASCII")
    need(cut and lines.pop(0) == "c2sp.org/tlog-proof@v1", "head of a proof")
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = unb64(lines.pop(0)[6:])
    need(lines and lines[0].startswith("index "), "index of a proof")
    index = dec(lines.pop(0)[6:])
    hashes = [unb64(h) for h in lines]
    need(len(hashes) <= 63 and all(len(h) == 32 for h in hashes), "hashes")
    return extra, index, hashes, note


# ---- tiles (C2SP tlog-tiles) ------------------------------------------------

def tile_path(level, index, width=0):
    """Width 0 is a full tile; level a number or "entries"."""
    groups = ["%03d" % (index % 1000)]
    while index >= 1000:
        index //= 1000
        groups.insert(0, "x%03d" % (index % 1000))
    return "tile/%s/%s%s" % (level, "/".join(groups),
                             ".p/%d" % width if width else "")


def tile_counts(size):
    """Per level: full tiles, and the width of the partial one."""
    out = []
    while size:
        out.append((size // 256, size % 256))
        size //= 256
    return out


def tile_hashes(leaves):
    """All hash tiles of a tree by path."""
    out, row, level = {}, list(leaves), 0
    while row:
        for i in range(0, len(row), 256):
            tile = row[i:i + 256]
            out[tile_path(level, i // 256, len(tile) % 256)] = b"".join(tile)
        full = []
        for i in range(0, len(row) - 255, 256):
            step = row[i:i + 256]
            while len(step) > 1:
                step = [node(step[j], step[j + 1])
                        for j in range(0, len(step), 2)]
            full += step
        row, level = full, level + 1
    return out


def bundle(data):
    """The entries of an entry bundle."""
    out, at = [], 0
    while at < len(data):
        need(at + 2 <= len(data), "bundle is cut")
        n = int.from_bytes(data[at:at + 2], "big")
        need(at + 2 + n <= len(data), "bundle is cut")
        out.append(data[at + 2:at + 2 + n])
        at += 2 + n
    need(len(out) <= 256, "entries of a bundle")
    return out


# ---- the journal ------------------------------------------------------------

HEADER, HEAD, KLEN = 4096, 32, 120
MIB = 1 << 20


class Frame:
    __slots__ = ("kind", "length", "number", "position", "check", "payload",
                 "raw")

    def __init__(self, data, at):
        need(at + HEAD <= len(data), "cut")
        magic, self.length, self.number, self.position, self.check = \
            struct.unpack_from(">4sIQQ8s", data, at)
        need(magic[:3] == b"CU\x01" and magic[3:] in (b"E", b"S", b"K", b"N"),
             "magic")
        self.kind = magic[3:].decode()
        self.raw = data[at:at + HEAD]

    def size(self):
        return HEAD + (self.length + 7) // 8 * 8

    def take(self, data, at):
        end = at + HEAD + self.length
        need(at + self.size() <= len(data), "cut")
        self.payload = data[at + HEAD:end]
        need(not any(data[end:at + self.size()]), "padding")
        whole = leaf(self.payload) if self.kind == "E" else sha(self.payload)
        need(whole[:8] == self.check, "check")


class Header:
    def __init__(self, data, origin):
        need(data[:8] == b"custosJ1", "no header")
        self.version, self.number, self.segment, zero = \
            struct.unpack_from(">IIII", data, 8)
        need(self.version == 1 and zero == 0, "header version")
        need(sha(data[:4064]) == data[4064:4096], "header digest")
        need(data[24:56] == sha(origin.encode()), "another origin")
        self.size, self.position = struct.unpack_from(">QQ", data, 56)
        self.last_k = data[72:104]
        n, = struct.unpack_from(">I", data, 104)
        need(n <= 64 and not any(data[108 + 32 * n:4064]), "header hashes")
        self.range = Range(self.size, [data[108 + 32 * i:140 + 32 * i]
                                       for i in range(n)])


def limit(segment, whole):
    return whole if segment == 64 * MIB else min(whole, segment // 4)


class Batch:
    """One batch, checked against what stood before it."""

    def __init__(self, data, at, base, segment, rng, last_k):
        self.at, self.entries, self.sealed, self.note = at, [], {}, None
        self.range, heads, es, ss = rng.copy(), [], 0, 0
        stage, last_s, first = "N", -1, rng.size
        while True:
            f = Frame(data, at)
            need(f.position == base + at, "position")
            need(at + f.size() - self.at <= 33 * MIB, "batch too large")
            f.take(data, at)
            if f.kind == "N":
                need(stage == "N" and not heads and 0 < f.length <= 65535 and
                     f.number <= rng.size, "N")
                self.note = f.payload
            elif f.kind == "E":
                need(stage in "NE" and 0 < f.length <= 65535 and
                     f.number == self.range.size, "E")
                stage, es = "E", es + f.size()
                self.entries.append((f.number, f.payload))
                self.range.add(leaf(f.payload))
                need(len(self.entries) <= 512 and
                     es <= min(MIB, segment // 4), "E too many")
            elif f.kind == "S":
                need(stage in "ES" and f.number > last_s and f.length > 0 and
                     first <= f.number < self.range.size, "S")
                stage, last_s, ss = "S", f.number, ss + f.size()
                need(ss <= limit(segment, 32 * MIB), "S too large")
                self.sealed[f.number] = f.payload
            else:
                break
            heads.append(f.raw)
            at += f.size()
        need(self.entries and f.length == KLEN and
             f.number == self.range.size, "K")
        p = f.payload
        n, zero, self.time, size = struct.unpack_from(">IIQQ", p, 96)
        need(p[0:32] == self.range.root(), "root")
        need(p[32:64] == last_k, "previous K")
        need(p[64:96] == sha(*heads) and n == len(heads) and zero == 0 and
             size == self.range.size, "K fields")
        self.k_digest = sha(f.raw, p)
        self.end = at + f.size()


def kind_of(data, at):
    """The kind and number of a frame that fails, as far as they can be told."""
    if at + HEAD > len(data):
        return "E", 0
    length, number, _, check = struct.unpack_from(">IQQ8s", data, at + 4)
    kind = data[at + 3:at + 4]
    if kind not in (b"E", b"S", b"K", b"N"):
        payload = data[at + HEAD:at + HEAD + length]
        kind = b"E" if leaf(payload)[:8] == check else \
            b"K" if length == KLEN else b"S"
    return kind.decode(), number


def blame(data, at, base, rng):
    """Which entry does a batch that fails fail at?  (entry, position, why)"""
    index = rng.size

    def named(kind, number):
        if kind == "S" and rng.size <= number < index:
            return number
        return max(rng.size, index - 1) if kind in "SK" else index
    while True:
        try:
            f = Frame(data, at)
            need(f.position == base + at, "position")
            f.take(data, at)
        except Bad as bad:
            return named(*kind_of(data, at)), base + at, bad.why
        if f.kind == "E" and f.number != index:
            return index, base + at, "number of an entry"
        if f.kind == "K":
            return named("K", 0), base + at, None
        index += f.kind == "E"
        at += f.size()


def segments(folder):
    names = sorted(n for n in os.listdir(folder)
                   if n.endswith(".seg") and len(n) == 12 and n[:8].isdigit())
    return [(int(n[:8]), os.path.join(folder, n)) for n in names]


def journal(folder, origin):
    """Every batch of a journal from its first byte; raises Bad at what fails."""
    rng, last_k, due = Range(), bytes(32), 1
    for number, path in segments(folder):
        with open(path, "rb") as f:
            data = f.read()
        data += bytes(max(0, HEADER - len(data)))
        if not any(data[:HEADER]):
            need(not data.strip(b"\0"),
                 "segment %d has no header and is not zero" % number)
            continue
        try:
            h = Header(data, origin)
            base = (number - 1) * h.segment
            need(number == due == h.number and len(data) <= h.segment and
                 h.position == base, "segment %d: number or size" % number)
            need((h.size, h.range.hashes, h.last_k) ==
                 (rng.size, rng.hashes, last_k),
                 "segment %d does not go on where the former ends" % number)
        except Bad as bad:
            raise Bad("segment %d: %s" % (number, bad.why), rng.size,
                      (number - 1) * len(data))
        at, due = HEADER, due + 1
        while at + 4 <= len(data) and any(data[at:at + 4]):
            try:
                b = Batch(data, at, base, h.segment, rng, last_k)
            except Bad as bad:
                entry, position, why = blame(data, at, base, rng)
                raise Bad(why or bad.why, entry, position)
            rng, last_k, at = b.range, b.k_digest, b.end
            yield b
        if data[at:].strip(b"\0"):
            raise Bad("what follows the last batch is not zero", rng.size,
                      base + at)


def recover(files, segment, origin, public, verify, note, level0):
    """docs/format/journal.md, Recovery: (verdict, size, P) and why.

    files: {number: bytes}; note: log/checkpoint or None; level0: bytes or None.
    """
    last, h = None, None
    for number in sorted(files):
        try:
            got = Header(files[number], origin)
            if got.number == number and got.position == (number - 1) * segment:
                last, h = number, got
        except Bad:
            pass
    rng, last_k, at, shown = Range(), bytes(32), 0, {}
    base, size, p = 0, 0, 0
    if h is not None:
        base = (last - 1) * segment
        rng, last_k, at = h.range, h.last_k, HEADER
        shown[rng.size] = rng.root()
        leaves = {}
        data = files[last]
        while at + 4 <= len(data) and any(data[at:at + 4]):
            try:
                b = Batch(data, at, base, segment, rng, last_k)
            except Bad:
                break
            step = rng.copy()
            for i, e in b.entries:
                step.add(leaf(e))
                shown[step.size], leaves[i] = step.root(), leaf(e)
            rng, last_k, at = b.range, b.k_digest, b.end
        size, p = rng.size, base + at
    if note is not None:
        try:
            n, root = checkpoint(note, origin, public, verify)
            if n > size or shown.get(n, root) != root:
                return "refuse: memory", size, p
        except Bad:
            pass
    if level0 is not None:
        for i in range(len(level0) // 32):
            x = level0[32 * i:32 * i + 32]
            # Its length alone says what was acknowledged.
            if i >= size or (any(x) and h is not None and
                             leaves.get(i, x) != x):
                return "refuse: memory", size, p
    ks, dirty = [], False
    for number in sorted(files):
        start = (number - 1) * segment
        data = files[number]
        first = max(0, p - start)
        if first >= len(data):
            continue
        dirty = dirty or any(data[first:])
        for off in range((first + 7) // 8 * 8, len(data) - HEAD + 1, 8):
            if data[off:off + 3] != b"CU\x01":
                continue
            try:
                f = Frame(data, off)
                need(f.position == start + off and f.kind in "KN", "")
                f.take(data, off)
            except Bad:
                continue
            if f.kind == "K" and f.length == KLEN:
                ks.append(f.payload[32:64])
            elif f.kind == "N":
                try:
                    if checkpoint(f.payload, origin, public, verify)[0] > size:
                        return "refuse: damaged", size, p
                except Bad:
                    pass
    if len(ks) > 1 or (ks and ks[0] != last_k):
        return "refuse: damaged", size, p
    return ("torn" if dirty else "clean"), size, p
