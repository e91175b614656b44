#!/usr/bin/env python3
"""test/interop/test_vectors.py: the second verifier against the vectors."""
import gzip
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import log_bytes as lb                                          # noqa: E402
import log_words as lw                                          # noqa: E402
from log_acts import Tables, admit, payload_form                # noqa: E402

VECTORS = os.path.join(HERE, "..", "vectors")
done = []


def load(name):
    with open(os.path.join(VECTORS, name), encoding="utf-8") as f:
        return json.load(f)


def refuses(f):
    try:
        f()
    except (lb.Bad, KeyError, TypeError, ValueError, AttributeError):
        return True
    return False


def case(f):
    done.append(f)
    return f


def must(ok, what):
    if not ok:
        raise AssertionError(what)


@case
def tree_roots_and_proofs():
    r, roots = lb.Range(), {0: lb.Range().root().hex()}
    for i in range(1000):
        r.add(lb.leaf(i.to_bytes(8, "big")))
        roots[i + 1] = r.root().hex()
    flat = json.dumps(load("be64_roots.json"))
    must(all(h in flat for h in roots.values()), "roots")


@case
def key_ids_and_key_files():
    v = load("custos/keys.json")
    for k in v["keys"]:
        must(lw.key_id(bytes.fromhex(k["public_hex"])) == k["id"], k["name"])
    for k in v["key_files"]:
        phrase = k.get("passphrase_hex")

        def read(k=k, phrase=phrase):
            seed = lw.seed_of(k["file"].encode("utf-8", "surrogatepass"),
                              None if phrase is None else bytes.fromhex(phrase))
            must(seed.hex() == k["seed_hex"], k["name"])
        must(refuses(read) == (k["expect"] != "open"), k["name"])


@case
def registrations_and_public_keys():
    v = load("custos/keys.json")
    known = [(k["of"], lb.unb64u(k["public"]), k.get("state") or "live")
             for k in v["known"]]
    states = {"in use": "live", "revoked": "ended", "retired": "ended"}
    known = [(a, b, states.get(c, c)) for a, b, c in known]
    for r in v["registrations"]:
        must(refuses(lambda: admit(known, r["verb"], r["subject"],
                                   [lb.unb64u(k) for k in r["keys"]])) ==
             (r["expect"] != "accept"), r["name"])
    for r in v["public_keys"]["rows"]:
        key = bytes.fromhex(r["public_hex"])
        must(refuses(lambda: lw.public_valid(key)) ==
             (r["expect"] != "accept"), r["public_hex"])


@case
def statements_and_payloads():
    v = load("custos/statements.json")
    for a in v["acts"]:
        raw = a["payload"].encode()
        head = lw.statement_head(v["origin"], v["genesis_digest"], a["kind"],
                                 a["verb"], a["subject"], a["seq"], raw)
        for s in a["signatures"]:
            text = head + lw.signer_lines(s["key"], s["time"])
            must(text == s["text"], a["name"])
            must(lw.verify(lb.unb64u(v["public"][s["signer"]]),
                           lb.unb64u(s["signature"]), text.encode()),
                 a["name"])
        payload_form(a["kind"], a["verb"], a["subject"], raw, v["origin"])
    for r in v["payloads"]:
        must(refuses(lambda: payload_form(
            r["kind"], r["verb"], r["subject"], r["payload"].encode(),
            v["origin"])) == (r["expect"] == "refuse"), r["name"])
    for r in v["spelling"]:
        text = bytes.fromhex(r["text_hex"]).decode()
        must(lb.quote(text) == r["json"], r["json"])
    for r in v["display"]:
        must(lw.shown(bytes.fromhex(r["text_hex"]).decode()) == r["shown"],
             r["name"])
    must(Tables(v["genesis_entry"].encode()).genesis == v["genesis_digest"],
         "genesis")


def statement_refused(v, row, good):
    """Would our own text of the good act, or the signature, differ?"""
    return (row["text"] != good or
            not lw.verify(lb.unb64u(row["public"]),
                          lb.unb64u(row["signature"]), row["text"].encode()))


@case
def wrong_statements_and_reports_are_refused():
    v = load("custos/statements.json")
    good = {a["name"]: {s["text"] for s in a["signatures"]} for a in v["acts"]}
    for r in v["negative"]:
        texts = good[r.get("of") or "warrant approve"]
        holder = [n for n, p in v["public"].items() if p == r["public"]]
        signed = (lb.unb64u(r["signature"]) if not refuses(
            lambda: lb.unb64u(r["signature"], 64)) else b"")
        ok = (r["text"] in texts and holder and
              lw.verify(lb.unb64u(r["public"]), signed, r["text"].encode()) and
              ("key " + lw.key_id(lb.unb64u(r["public"]))) in r["text"])
        must(not ok or r["why"] in ("role", "signer", "holder"), r["name"])
    v = load("custos/reports.json")
    for r in v["reports"]:
        text = lw.report_text(v["origin"], v["genesis_digest"], r["kind"],
                              r["instance"], r["start"], r["number"],
                              r["said"].encode(), r["key"], r["time"])
        must(text == r["text"], r["kind"])
        must(lw.verify(lb.unb64u(v["public"][r["instance"]]),
                       lb.unb64u(r["signature"]), text.encode()), r["kind"])
    for r in v["negative"]:
        must(statement_refused(v, r, v["reports"][0]["text"]) or
             lw.key_id(lb.unb64u(r["public"])) not in r["text"] or
             r["public"] != v["public"]["gate-1"], r["name"])


@case
def disclosures_and_seals():
    v = load("custos/disclosures.json")
    for d in v["disclosures"]:
        salt, name, value = lw.disclosure(d["text"])
        must((salt.hex(), name, value) == (d["salt_hex"], d["name"],
                                           d["value"]), d["name"])
        must(lb.b64u(lb.sha(d["text"].encode())) == d["digest"], "digest")
    for d in v["negative_disclosures"]:
        must(refuses(lambda: lw.disclosure(d["text"])), d["name"])
    lw.sd_list(v["sorted"]["_sd"])
    for r in v["negative_sd"]:
        must(refuses(lambda: lw.sd_list(r["_sd"])), r["name"])
    s = v["sealed"]
    rows = json.loads(s["_sealed"])
    items = lw.cut_sealed(bytes.fromhex(s["s_payload_hex"]), rows)
    for item, want in zip(items, s["items"]):
        must(lw.unseal(item, bytes.fromhex(want["key_hex"]),
                       bytes.fromhex(s["nonce_hex"]),
                       lb.unb64u(want["digest"])) == want["text"], "seal")

    def open_one(r):
        raw = bytes.fromhex(r["sealed_hex"])
        lb.need(lb.b64u(lb.sha(raw)) == r["ciphertext_digest"], "ciphertext")
        lw.unseal(raw, bytes.fromhex(r["key_hex"]),
                  bytes.fromhex(r["nonce_hex"]), lb.unb64u(r["digest"], 32))
    for r in v["negative_seals"]:
        must(refuses(lambda: open_one(r)), r["name"])
    for r in v["negative_s_payloads"]:
        must(refuses(lambda: lw.cut_sealed(
            bytes.fromhex(r["payload_hex"]), rows[:r["rows"]])), r["name"])


@case
def tokens_sets_and_covers():
    v = load("custos/tokens.json")
    for t in v["tokens"]:
        must(lw.token(bytes.fromhex(t["token_key_hex"]), t["kind"],
                      t["value"]) == t["token"], t["kind"])
    for t in v["negative"]:
        must(lw.token(bytes.fromhex(t["token_key_hex"]), t["kind"],
                      t["value"]) != t["not"], t["name"])
    key = bytes.fromhex(v["tokens"][0]["token_key_hex"])
    for s in v["sets"]:
        must(lw.set_text(s["members"]) == s["set_text"] and
             lw.set_tokens(key, s["members"]) == s["tokens"], "set")
    for r in v["covers"]["cases"]:
        must((r["tokens"] in v["covers"]["revision_sets"]) ==
             (r["expect"] == "covered"), r["name"])


@case
def vaults():
    v = load("custos/vault.json")
    master = bytes.fromhex(v["master_hex"])

    def read(r):
        key = r.get("key_file_hex")
        phrase = r.get("passphrase")
        got = lw.master_of(r["file"].encode(),
                           None if phrase is None else phrase.encode(),
                           None if key is None else bytes.fromhex(key))
        lb.need(got == master, "another master")
    for r in v["masters"]:
        read(r)
    for r in v["negative_masters"]:
        must(refuses(lambda: read(r)), r["name"])
    for r in v["keys"]:
        kid, scope, cls, key = lw.vault_line(r["line"][:-1].encode(), master)
        must((kid, scope, cls, key.hex()) == (r["id"], r["scope"], r["class"],
                                              r["key_hex"]), r["id"])
    for r in v["keys_files"]:
        if r["expect"] == "open":
            must(sorted(lw.vault_keys(r["file"].encode(), master)) ==
                 sorted(k if isinstance(k, str) else k["id"]
                        for k in r["keys"]), r["name"])
        else:
            must(refuses(lambda: lw.vault_keys(r["file"].encode(), master)),
                 r["name"])


@case
def link_proofs_and_frames():
    v = load("custos/link.json")
    for p in v["proofs"]:
        ex = p.get("exporter_hex")
        text = lw.proof_text(v["origin"], v["genesis_digest"], p["from"],
                             p["to"], bytes.fromhex(p["mine_hex"]),
                             bytes.fromhex(p["yours_hex"]),
                             None if ex is None else bytes.fromhex(ex))
        must(text == p["text"] and lw.verify(
            lb.unb64u(p["public"]), lb.unb64u(p["signature"]), text.encode()),
            p["from"])
    for p in v["negative_proofs"]:
        good = v["proofs"][2 if p.get("exporter_hex") else 0]
        must(p["text"] != good["text"] or p["public"] != good["public"] or
             not lw.verify(lb.unb64u(p["public"]), lb.unb64u(p["signature"]),
                           p["text"].encode()), p["name"])
    for f in v["frames"]:
        j, parts = lw.frame(bytes.fromhex(f["frame_hex"]))
        must([x.hex() for x in parts] == (f.get("parts_hex") or []), f["name"])
    for f in v["negative_frames"]:
        must(refuses(lambda: lw.frame(bytes.fromhex(f["frame_hex"]))),
             f["name"])


def segment_files(which):
    v = load("custos/journal.json")
    out = {}
    for f in v[which]["files"]:
        with gzip.open(os.path.join(VECTORS, "custos", f["gzip"])) as g:
            out[int(f["name"][:8])] = g.read()
    return v, v[which]["segment_size"], out


@case
def journals():
    for which in ("one", "two"):
        v, segment, files = segment_files(which)
        rng, last_k, want = lb.Range(), bytes(32), v[which]["batches"]
        for number in sorted(files):
            h = lb.Header(files[number], v["origin"])
            must(h.range.hashes == rng.hashes and h.last_k == last_k, "header")
            at, data = lb.HEADER, files[number]
            while any(data[at:at + 4]):
                b = lb.Batch(data, at, (number - 1) * segment, segment, rng,
                             last_k)
                row = want.pop(0)
                must((b.range.root().hex(), b.k_digest.hex(), b.end) ==
                     (row["root_hex"], row["k_digest_hex"], row["end"]),
                     "batch")
                rng, last_k, at = b.range, b.k_digest, b.end
        must(not want, "batches are missing")


@case
def recoveries():
    public = lb.unb64u(load("custos/statements.json")["public"]["log"])
    kept = {w: segment_files(w) for w in ("one", "two")}
    for r in load("custos/journal_variants.json")["variants"]:
        v, segment, files = kept[r["journal"]]
        files = {n: bytearray(d) for n, d in files.items()}
        for p in r["patches"]:
            n = int(str(p["segment"])[:8]) if "segment" in p else \
                int(p["file"][:8])
            data = files.setdefault(n, bytearray(segment))
            if "zero" in p:
                new = bytes(p["zero"])
            else:
                new = bytes.fromhex(p["hex"]) * p.get("times", 1)
            data[p["offset"]:p["offset"] + len(new)] = new
        level = None
        if r.get("level_0_hex") is not None:
            level = bytes.fromhex(r["level_0_hex"])
        note = r["checkpoint"]
        got = lb.recover({n: bytes(d) for n, d in files.items()}, segment,
                         v["origin"], public, lw.verify,
                         None if note is None else note.encode(), level)
        want = [r["verdict"]] + ([r["also_allowed"]] if r.get("also_allowed")
                                 else [])
        must(got[0] in want and got[1:] == (r["size"], r["P"]),
             "%s: %s" % (r["name"], got))


def main():
    bad = 0
    print("TAP version 13\n1..%d" % len(done))
    for i, f in enumerate(done, 1):
        try:
            f()
            print("ok %d - %s" % (i, f.__name__))
        except Exception as e:                       # a test, so all of them
            bad += 1
            print("# %s: %s\nnot ok %d - %s" % (type(e).__name__, e, i,
                                                f.__name__))
    sys.exit(1 if bad else 0)


main()
