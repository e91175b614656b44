"""test/interop/log_words.py: keys, signed texts, disclosures, seals, tokens, vault.

docs/format/statement.md, vault.md and link.md, and nothing of the C sources.
"""
import hashlib
import hmac
import struct

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey, Ed25519PublicKey)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (Encoding,
                                                          PublicFormat)

from log_bytes import (Bad, b64u, count, dec, is_id, members, need, read_json,
                       sha, spell, time_us, unb64u)

P = 2 ** 255 - 19


# ---- keys -------------------------------------------------------------------

def verify(public, sig, text):
    if len(sig) != 64:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(sig, text)
        return True
    except (InvalidSignature, ValueError):
        return False


def _small_order():
    """The y of the points whose order divides 8, from the curve's equation."""
    d = -121665 * pow(121666, P - 2, P) % P
    # y of order 8: x^2 = y^2 doubles to order 4 (y = 0): from -x^2 + y^2 =
    # 1 + d x^2 y^2 with y^2 = -x^2 ... solved for u = y^2: d u^2 + 2 u - 1 = 0.
    out = {0, 1, P - 1}
    disc = (4 + 4 * d) % P
    r = pow(disc, (P + 3) // 8, P)
    if r * r % P != disc:
        r = r * pow(2, (P - 1) // 4, P) % P
    for s in (r, P - r):
        u = (s - 2) * pow(2 * d, P - 2, P) % P
        y = pow(u, (P + 3) // 8, P)
        if y * y % P != u:
            y = y * pow(2, (P - 1) // 4, P) % P
        if y * y % P == u:
            out |= {y, P - y}
    return out


SMALL = _small_order()


def public_valid(public):
    need(len(public) == 32, "length of a key")
    y = int.from_bytes(public, "little") & (2 ** 255 - 1)
    need(y < P, "key not canonical")
    need(y not in SMALL, "key of small order")
    return public


def key_id(public):
    return sha(b"custos-key/v1\n", public)[:16].hex()


def is_key_id(s):
    return isinstance(s, str) and len(s) == 32 and set(s) <= set("0123456789abcdef")


def less_lf(phrase):
    return phrase[:-1] if phrase.endswith(b"\n") else phrase


def seed_of(file, phrase):
    need(file.endswith(b"\n") and len(file) <= 1024, "key file")
    v = members(read_json(file[:-1]), ("v", "type", "id", "public", "kdf",
                                       "salt", "iv", "secret"))
    need(type(v["v"]) is int and v["v"] == 1 and v["type"] == "ed25519",
         "version or type")
    public = unb64u(v["public"], 32)
    need(v["id"] == key_id(public), "id")
    if v["kdf"] == "none":
        need(v["salt"] == "" and v["iv"] == "", "salt of none")
        seed = unb64u(v["secret"], 32)
    else:
        need(v["kdf"] == "scrypt" and phrase is not None, "kdf or passphrase")
        key = hashlib.scrypt(less_lf(phrase), salt=unb64u(v["salt"], 16),
                             n=32768, r=8, p=1, dklen=32, maxmem=1 << 26)
        try:
            seed = AESGCM(key).decrypt(unb64u(v["iv"], 12),
                                       unb64u(v["secret"], 48), None)
        except InvalidTag:
            raise Bad("passphrase or tag")
    mine = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    need(mine.public_bytes(Encoding.Raw, PublicFormat.Raw) == public,
         "seed of another key")
    return seed


# ---- signed texts -----------------------------------------------------------

STATEMENTS = {
    "genesis": ("create",), "holder": ("add", "change", "revoke"),
    "instance": ("add", "retire"), "element": ("add", "change", "retire"),
    "policy": ("set", "clock"), "finding": ("note", "close"),
    "warrant": ("submit", "approve", "refuse", "confirm", "revoke")}
REPORTS = ("command", "late", "outcome", "report", "snapshot", "round",
           "start", "stop", "beat")


def log_line(origin, genesis):
    return "log %s%s\n" % (origin, "" if genesis is None else " " + genesis)


def statement_head(origin, genesis, kind, verb, subject, seq, payload):
    if kind == "genesis":
        genesis = None
    return ("custos-statement/v1\n" + log_line(origin, genesis) +
            "act %s %s\nsubject %s\nseq %d\npayload %s\n" %
            (kind, verb, subject, seq, sha(payload).hex()))


def report_text(origin, genesis, kind, instance, start, n, said, key, time):
    return ("custos-report/v1\n" + log_line(origin, genesis) +
            "kind %s\ninstance %s\nstart %d\nnumber %d\npayload %s\nkey %s\n"
            "time %s\n" % (kind, instance, start, n, sha(said).hex(), key,
                           time))


def signer_lines(key, time):
    return "key %s\ntime %s\n" % (key, time)


def read_sig(v):
    v = members(v, ("key", "time", "sig"))
    need(is_key_id(v["key"]), "key id")
    time_us(v["time"])
    return v["key"], v["time"], unb64u(v["sig"], 64)


def subject_of(kind, payload, origin):
    if kind == "genesis":
        return origin
    if kind == "policy":
        return "policy"
    return kind + "/" + payload["id"]


# ---- disclosures, seals, tokens ---------------------------------------------

def disclosure(text):
    """(salt, name, value) of a disclosure's text."""
    need(len(text) <= 8 << 20, "disclosure too long")
    v = read_json(unb64u(text))
    need(isinstance(v, list) and len(v) == 3, "a disclosure has three parts")
    salt = unb64u(v[0], 16)
    need(isinstance(v[1], str) and 0 < len(v[1]) <= 32 and
         all(c == "_" or "a" <= c <= "z" for c in v[1]), "name")
    return salt, v[1], v[2]


def sd_list(v):
    need(isinstance(v, list) and 0 < len(v) <= 1024, "_sd")
    for d in v:
        unb64u(d, 32)
    need(v == sorted(set(v)), "_sd sorted and unique")
    return v


def cut_sealed(payload, rows):
    """The items of an S payload, each with the digest that its row names."""
    at, items = 0, []
    for row in rows:
        need(at + 4 <= len(payload), "S payload is cut")
        n, = struct.unpack_from(">I", payload, at)
        need(n >= 28 and at + 4 + n <= len(payload), "length of a sealed item")
        item = payload[at + 4:at + 4 + n]
        need(sha(item) == unb64u(row[2], 32), "ciphertext digest")
        items.append(item)
        at += 4 + n
    need(at == len(payload), "S payload goes on")
    return items


def unseal(item, key, nonce, digest):
    need(len(item) >= 28, "sealed item too short")
    try:
        text = AESGCM(key).decrypt(item[:12], item[12:], nonce + digest)
    except InvalidTag:
        raise Bad("tag of a sealed value")
    need(sha(text) == digest, "a sealed value is not the one listed")
    try:
        return text.decode("ascii")
    except UnicodeDecodeError:
        raise Bad("a sealed value is not base64url")


def token(key, kind, value):
    return b64u(hmac.new(key, kind.encode() + b"\x00" + value.encode(),
                         hashlib.sha256).digest())


def set_tokens(key, targets):
    return sorted(token(key, k, v) for k, v in targets)


PLAIN = set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
            b"._:@+/-")


def escape(value):
    return "".join(chr(b) if b in PLAIN else "%%%02X" % b
                   for b in value.encode())


def set_text(targets):
    lines = sorted("%s=%s\n" % (k, escape(v)) for k, v in targets)
    need(lines and len(set(lines)) == len(lines), "members of a set")
    return "".join(lines)


# ---- the vault --------------------------------------------------------------

def master_of(file, phrase=None, key_file=None):
    need(file.endswith(b"\n") and len(file) <= 1024, "vault/master")
    v = members(read_json(file[:-1]), ("v", "kdf", "n", "r", "p", "salt", "iv",
                                       "wrapped"))
    need(type(v["v"]) is int and v["v"] == 1, "version")
    n, r, p = (count(v[k]) for k in ("n", "r", "p"))
    salt, iv = unb64u(v["salt"], 16), unb64u(v["iv"], 12)
    wrapped = unb64u(v["wrapped"], 48)
    if v["kdf"] == "scrypt":
        need(2 <= n <= 1 << 20 and n & (n - 1) == 0 and 1 <= r <= 32 and
             1 <= p <= 16 and phrase is not None, "scrypt bounds")
        key = hashlib.scrypt(less_lf(phrase), salt=salt, n=n, r=r, p=p,
                             dklen=32, maxmem=(128 * r * (n + p + 2)) + (1 << 20))
    else:
        need(v["kdf"] == "file" and (n, r, p) == (0, 0, 0) and
             key_file is not None and len(key_file) == 32, "kdf")
        key = HKDF(hashes.SHA256(), 32, salt, b"custos-vault/v1").derive(key_file)
    try:
        return AESGCM(key).decrypt(iv, wrapped, None)
    except InvalidTag:
        raise Bad("vault: tag")


def is_month(s):
    return (len(s) == 7 and s[4] == "-" and s[:4].isdigit() and
            s[5:].isdigit() and 1970 <= int(s[:4]) and 1 <= int(s[5:]) <= 12)


def scope_valid(s):
    need(isinstance(s, str), "scope")
    parts = s.split(":")
    need(parts[0] in ("warrant", "element", "holder", "instance") and
         len(parts) in (2, 3) and is_id(parts[1]), "scope")
    if len(parts) == 2:
        need(parts[0] != "instance", "scope")
    else:
        need(parts[0] in ("element", "instance") and is_month(parts[2]),
             "scope")


def vault_line(line, master):
    need(len(line) + 1 <= 512, "line too long")
    v = members(read_json(line), ("id", "scope", "class", "iv", "key"))
    need(is_key_id(v["id"]) and v["class"] in ("target", "text", "person"),
         "id or class")
    scope_valid(v["scope"])
    aad = "|".join((v["id"], v["scope"], v["class"])).encode()
    try:
        key = AESGCM(master).decrypt(unb64u(v["iv"], 12), unb64u(v["key"], 48),
                                     aad)
    except InvalidTag:
        raise Bad("vault: tag of a key")
    return v["id"], v["scope"], v["class"], key


def vault_keys(file, master):
    """All keys by id; a last line without LF is dropped."""
    out = {}
    for line in file.split(b"\n")[:-1]:
        kid, scope, cls, key = vault_line(line, master)
        need(kid not in out, "a key id twice")
        out[kid] = (scope, cls, key)
    return out


# ---- the link ---------------------------------------------------------------

def proof_text(origin, genesis, frm, to, mine, yours, exporter):
    need(frm != to and mine != yours, "from and to, or the nonces, are equal")
    return ("custos-link/v1\n" + log_line(origin, genesis) +
            "from %s\nto %s\nnonce %s\nnonce %s\nchannel %s\n" %
            (frm, to, mine.hex(), yours.hex(),
             "-" if exporter is None else exporter.hex()))


KINDS = ("hello", "proof", "follow", "entries", "head", "open", "command",
         "decided", "outcome", "report", "snapshot", "round", "late", "start",
         "stop", "beat", "kept", "act", "refused", "ask", "answer",
         "audit.begin", "audit.end", "done", "error")
BLOB_KINDS = ("entries", "head", "open", "command", "outcome", "report", "late",
              "snapshot", "round", "start", "stop", "beat", "act", "ask",
              "answer")


DECS = ("id", "from", "first", "index", "size")
INTS = ("start", "number", "window", "spool", "v")


def frame(data):
    """One message of the link: (JSON, parts)."""
    need(len(data) >= 8, "head")
    jl, bl = struct.unpack_from(">II", data, 0)
    need(0 < jl <= 65536 and bl <= 32 << 20, "lengths")
    need(len(data) == 8 + jl + bl, "size")
    v = read_json(data[8:8 + jl], spelt=False)
    need(isinstance(v, dict) and v.get("kind") in KINDS, "kind")
    for k in set(v) & set(DECS):
        need(k == "index" and v[k] is None or dec(v[k]) is not None, k)
    for k in set(v) & set(INTS):
        count(v[k])
    need(data[8:9] == b"{" and data[7 + jl:8 + jl] == b"}", "around the object")
    blob = data[8 + jl:]
    if not blob:
        need("parts" not in v and "sha256" not in v, "parts without a blob")
        return v, []
    need(v["kind"] in BLOB_KINDS, "this kind has no blob")
    need(isinstance(v.get("parts"), list) and 0 < len(v["parts"]) <= 4096,
         "parts")
    need(all(count(n) is not None for n in v["parts"]) and
         sum(v["parts"]) == len(blob), "parts do not fill the blob")
    need(unb64u(v.get("sha256"), 32) == sha(blob), "sha256")
    parts, at = [], 0
    for n in v["parts"]:
        parts.append(blob[at:at + n])
        at += n
    return v, parts


def shown(text):
    """How a text is shown to a person."""
    return "".join(c if " " <= c <= "~" and c != "\\" else "\\u{%X}" % ord(c)
                   for c in text)
