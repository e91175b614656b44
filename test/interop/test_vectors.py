#!/usr/bin/env python3
"""test/interop/test_vectors.py: the second verifier against the vectors."""
import gzip
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import log_bytes as lb                                          # noqa: E402
import log_lines as ll                                          # noqa: E402
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


def read(name):
    with open(os.path.join(VECTORS, name), "rb") as f:
        return f.read()


def unhex(rows):
    return [bytes.fromhex(r) for r in rows]


def be64(n):
    return [lb.leaf(i.to_bytes(8, "big")) for i in range(n)]


def inclusion(p):
    lb.inclusion(p["index"], p["size"], bytes.fromhex(p["leaf_hash"]),
                 unhex(p["proof"]), bytes.fromhex(p["root"]))


def consistency(p):
    lb.consistency(p["old"], p["new"], unhex(p["proof"]),
                   bytes.fromhex(p["old_root"]), bytes.fromhex(p["new_root"]))


@case
def hashing():
    v = load("rfc6962_leaves.json")
    leaves = [lb.leaf(bytes.fromhex(x)) for x in v["leaves"]]
    must([h.hex() for h in leaves] == v["leaf_hashes"], "leaves")
    r, want = lb.Range(), v["roots"]
    must([r.root().hex()] + [(r.add(h), r.root().hex())[1] for h in leaves] ==
         want, "roots")
    r, want = lb.Range(), load("be64_roots.json")["roots"]
    must(r.root().hex() == want[0], "empty")
    large = {p["size"]: p["root"]
             for p in load("be64_large_roots.json")["roots"]}
    for i in range(max(large)):
        r.add(lb.leaf(i.to_bytes(8, "big")))
        if i < 1000:
            must(r.root().hex() == want[i + 1], i + 1)
        if i + 1 in large:
            must(r.root().hex() == large.pop(i + 1), i + 1)
    must(len(want) == 1001 and not large, "all sizes")


@case
def proofs():
    n = 0
    for which in ("rfc6962", "be64"):
        for p in load(which + "_inclusion.json")["proofs"]:
            inclusion(p)
            n += 1
        for p in load(which + "_consistency.json")["proofs"]:
            consistency(p)
            n += 1
            lb.subtree_consistency(0, p["old"], p["new"], unhex(p["proof"]),
                                   bytes.fromhex(p["old_root"]),
                                   bytes.fromhex(p["new_root"]))
    must(n == 36 + 36 + 190 + 239, n)
    for p in load("be64_subtree_consistency.json")["proofs"]:
        a = [p["start"], p["end"], p["size"], unhex(p["proof"]),
             bytes.fromhex(p["subtree_root"]), bytes.fromhex(p["root"])]
        lb.subtree_consistency(*a)
        a[4] = bytes([a[4][0] ^ 1]) + a[4][1:]
        must(refuses(lambda: lb.subtree_consistency(*a)), "another subtree")


@case
def wrong_proofs_are_refused():
    v = load("negative_proofs.json")["proofs"]
    must(len(v) == 205, "number")
    for p in v:
        check = {"inclusion": inclusion, "consistency": consistency}[p["kind"]]
        must(refuses(lambda: check(p)), p["why"])


def known_keys(*roles):
    v = load("checkpoints/keys.json")
    out = {}
    for k in v["keys"]:
        public = bytes.fromhex(k["public_key_hex"])
        must(lb.key_hash(k["name"], k["type"], public).hex() == k["key_id"],
             k["name"])
        if k["role"] in roles:
            out[k["name"], bytes.fromhex(k["key_id"])] = (k["type"], public)
    must(len(out) == len(roles), "keys")
    return v["origin"], out


@case
def checkpoints_and_cosignatures():
    origin, keys = known_keys("log", "witness1", "witness2")
    (log, _), public = next((k, v[1]) for k, v in keys.items() if v[0] == 1)
    for row in load("checkpoints/checkpoints.json")["checkpoints"]:
        n = row["size"]
        for ext in ("", ".cosigned"):
            data = read("checkpoints/checkpoint.%d%s" % (n, ext))
            body, found = lb.signers(data, keys, lw.verify)
            must(body.encode().hex() == row["body_hex"], n)
            want = {log: None}
            if ext:
                want.update({name: row[w]["time"] for (name, _), w in
                             zip([k for k in keys if k[0] != log],
                                 ("witness1", "witness2"))})
            must(found == want, (n, found))
            must(lb.checkpoint(data, origin, public, lw.verify) ==
                 (n, bytes.fromhex(row["root_hex"])), n)
            for i in range(0, len(data), 7):
                bad = data[:i] + bytes([data[i] ^ 1]) + data[i + 1:]
                got = [None]

                def look():
                    got[0] = lb.signers(bad, keys, lw.verify)[1]
                must(refuses(look) or len(got[0]) < len(want), (n, i))
    # An extension line is signed; an ML-DSA line is of an unknown type.
    for ext, signed in (("extension", 1), ("mldsa44", 1)):
        data = read("checkpoints/checkpoint.600." + ext)
        must(len(lb.signers(data, keys, lw.verify)[1]) >= signed, ext)
        must(lb.checkpoint(data, origin, public, lw.verify)[0] == 600, ext)


@case
def wrong_notes_are_refused():
    origin, keys = known_keys("log", "witness1", "witness2")

    def verdict(data):
        if refuses(lambda: lb.note_parts(data)):
            return "malformed"
        if refuses(lambda: lb.signers(data, keys, lw.verify)):
            return "reject"
        body, found = lb.signers(data, keys, lw.verify)
        if not found:
            return "unverified"
        if refuses(lambda: lb.checkpoint_body(body, origin)):
            return "bad-checkpoint"
        return "accept"
    rows = load("notes_negative/index.json")["cases"]
    must(len(rows) == 29, "number")
    for r in rows:
        got = verdict(read("notes_negative/" + r["file"]))
        must(got in [r["expect"]] + r.get("also_allowed", []),
             "%s: %s" % (r["file"], got))


@case
def proof_files():
    origin, keys = known_keys("log")
    public = next(iter(keys.values()))[1]

    def check(name):
        extra, index, hashes, note = lb.proof_file(
            read("tlog_proof/%s.tlog-proof" % name))
        size, root = lb.checkpoint(note, origin, public, lw.verify)
        lb.inclusion(index, size, lb.leaf(index.to_bytes(8, "big")), hashes,
                     root)
        return extra
    v = load("tlog_proof/index.json")
    for name in v["valid"]:
        extra = check(name.split(" ")[0])
        must((extra is None) == ("extra" not in name), name)
    for name in v["invalid"]:
        must(refuses(lambda: check(name)), name)


@case
def tiles():
    for p in load("tile_paths.json")["paths"]:
        must(lb.tile_path(p["level"], p["index"], p["width"]) == p["path"],
             p["path"])
    for row in load("tile_layout.json")["sizes"]:
        must(lb.tile_counts(row["size"]) ==
             [(x["full"], x["partial_width"]) for x in row["levels"]],
             row["size"])
    origin, keys = known_keys("log")
    v, leaves, r = load("tiles600/manifest.json"), [], lb.Range()
    for i in range(3):
        name = lb.tile_path("entries", i, 88 if i == 2 else 0)
        leaves += map(lb.leaf, lb.bundle(read("tiles600/" + name)))
    for h in leaves:
        r.add(h)
    must(leaves == be64(600) and (600, r.root()) == lb.checkpoint(
        read("tiles600/checkpoint"), origin, next(iter(keys.values()))[1],
        lw.verify), "root")
    got = lb.tile_hashes(leaves)
    must(sorted(n for n in v["files"] if "entries" not in n) == sorted(got),
         "names")
    for name, data in got.items():
        must(data == read("tiles600/" + name), name)
    want = load("tiles70000_digests.json")["tiles"]
    must({n: lb.sha(d).hex() for n, d in lb.tile_hashes(be64(70000)).items()} ==
         want, "70000")
    v, r = load("bundle_edge/manifest.json"), lb.Range()
    data = read("bundle_edge/tile/entries/000.p/4")
    got = lb.bundle(data)
    for e in got:
        r.add(lb.leaf(e))
    must([lb.leaf(e).hex() for e in got] == v["leaf_hashes"] and
         list(map(len, got)) == v["entry_lengths"] and
         r.root().hex() == v["root"], "bundle_edge")
    ends = {sum(v["entry_lengths"][:i]) + 2 * i for i in range(5)}
    for cut in (*range(10), len(data) - 8, len(data) - 1):
        must(refuses(lambda: lb.bundle(data[:cut])) == (cut not in ends), cut)
    for c in load("sd_jwt_digests.json")["cases"]:
        must(lb.b64u(lb.sha(c["disclosure"].encode())) == c["digest"] and
             lb.unb64u(c["disclosure"]).decode() == c["decoded"], "SD-JWT")


@case
def normal_forms():
    v = load("custos/targets.json")
    must(len(v["rows"]) == 282 and len(v["sets"]) == 23, "number")
    for r in v["rows"]:
        name = "%s %r" % (r["kind"], r["input"])
        if r["expect"] == "refuse":
            must(refuses(lambda: ll.normal(r["kind"], r["input"])), name)
            continue
        got = ll.normal(r["kind"], r["input"])
        must(got == r["value"] and ll.names(r["kind"], got) == r["naming"],
             name)
        must(lw.set_text([(r["kind"], got)]) == r["set_line"] + "\n", name)
        ll.is_normal([[r["kind"], got]])
    for k in v["kinds"]:
        if k["naming"] in (True, False) and "refused" not in k:
            must(ll.names(k["kind"], "") == k["naming"], k["kind"])
    for r in v["sets"]:
        if r["expect"] == "refuse":
            must(refuses(lambda: ll.warrant_set(r["members"])), r["name"])
            continue
        got = ll.warrant_set(r["members"])
        text = lw.set_text(got)
        must([list(t) for t in got] == r["normal"] and text == r["set_text"] and
             lw.escape(text) == r["escaped"], r["name"])
    for kind, value in (("sipUri", "sip:a@ex%2Fb.com"), ("impu", "sip:a%2Fb"),
                        ("sipUri", "sip:a@[2001:db8::1"), ("sipUri", "sip:[]"),
                        ("h323Uri", "h323:a@ex%20b")):
        must(refuses(lambda: ll.normal(kind, value)), value)
    must(ll.normal("impu", "sip:a%2Fb@EX.com") == "sip:a%2Fb@ex.com", "impu")


def task_of_row(t):
    """A vector's task as log_lines has tasks."""
    return {"xid": t["xId"], "delivery": t["deliveryType"],
            "targets": [(k, ll.normal(k, v)) for k, v in t["targets"]],
            "dids": t["dIds"], "product": t.get("productID"),
            "corr": t.get("correlationID"),
            "implicit": ll.BOOLEAN[t.get("implicitDeactivationAllowed")],
            "services": t.get("services"), "rest": None,
            "med": [{"liid": m["LIID"], "delivery": m["deliveryType"],
                     "start": ll.utc(m["StartTime"]) if "StartTime" in m
                     else None,
                     "end": ll.utc(m["EndTime"]) if "EndTime" in m else None,
                     "dids": m.get("listOfDIDs")}
                    for m in t.get("mediation", [])]}


def xml_task(text):
    return ll.task_of(ll.read_xml(text.encode()))


@case
def lines_of_tasks():
    v = load("custos/lines.json")
    key = bytes.fromhex(v["tasks"][0]["token_key_hex"])

    def check(r, k=key):
        t = xml_task(r["xml"]) if "xml" in r else task_of_row(r["task"])
        line = ll.task_line(t)
        must(line == r["line"], "%s: %s" % (r["name"], line))
        must("token" not in r or lw.token(k, "line", line) == r["token"],
             r["name"])
        what, ident, again = ll.read_line(line)
        must((what, ident) == ("task", t["xid"]) and
             lw.set_text(again["targets"]) == lw.set_text(t["targets"]),
             r["name"])
        return t
    for r in v["tasks"]:
        t = check(r, bytes.fromhex(r["token_key_hex"]))
        must(lw.set_text(t["targets"]) == r["set_text"] and
             lb.sha(r["line"].encode()).hex() == r["line_sha256"], r["name"])
        if "xml" in r:
            must(lw.set_text(task_of_row(r["task"])["targets"]) ==
                 r["set_text"] and t["rest"] == r["rest_sha256"], r["name"])
            got = [ll.exclusive(k) for k in
                   ll.read_xml(r["xml"].encode()).elements()
                   if k.name in ll.REST]
            must(got == r["rest"], r["name"])
    for r in v["same_line"] + v["other_line"]["cases"]:
        check(r)
    must(v["other_line"]["than"] not in
         [r["line"] for r in v["other_line"]["cases"]], "another line")
    for r in v["rest"]["same"] + v["rest"]["other"]:
        check(r)
        must((r["line"] == v["rest"]["of"]) == (r in v["rest"]["same"]),
             r["name"])


@case
def lines_of_destinations_and_counters():
    v = load("custos/lines.json")
    for r in v["destinations"]:
        d = r["destination"]
        line = ll.destination_line(d["dId"], d["deliveryType"],
                                   ll.address_text(d["address"]))
        must(line == r["line"] and lw.token(bytes.fromhex(
            r["token_key_hex"]), "line", line) == r["token"], r["name"])
        must(ll.read_line(line)[:2] == ("destination", d["dId"]), r["name"])
    for r in v["counters"]:
        must(ll.counter_line(r["xId"], r["numberOfModifications"],
                             r["timeOfLastModification"]) == r["line"],
             r["line"])
    for a in ({"ip": "192.0.2.10", "tcp": "1"}, {"ip": "010.0.0.1", "tcp": "2"},
              {"ip": "192.0.2.10", "udp": "042"}, {"uri": ""},
              {"ip": "2001:db8::1", "tcp": "42069"},
              {"imsi": "001010000000001"}, {"uri": "https://x/%2"}, {"e164Number": "+49"}):
        must(refuses(lambda: ll.address_text(a)), a)


@case
def what_is_no_line():
    v = load("custos/lines.json")
    for line in [r["line"] for r in v["tasks"] + v["destinations"]]:
        for bad in (line + " ", line + "\n", " " + line, line.upper(),
                    line.replace(" ", "  ", 1), line.replace("=", "", 1),
                    line.replace("deliver=X", "deliver=Y"),
                    line.replace("%0A", "%0a", 1), line.replace("%", "%%", 1),
                    line.replace("rest=-", "rest=x")):
            must(bad == line or refuses(lambda: ll.read_line(bad)), bad)
        for cut in range(len(line)):
            # A shorter port and a shorter number are lines, too.
            must(refuses(lambda: ll.read_line(line[:cut])) or
                 line.startswith("destination"), line[:cut])
    good = v["tasks"][7]["xml"]
    must(ll.task_line(xml_task(good)) == v["tasks"][7]["line"], "good")
    x1 = 'xmlns="http://uri.etsi.org/03221/X1/2017/10"'
    for bad in ("<!DOCTYPE a><a/>", "<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>",
                "<a><?x y?></a>", "<a>&e;</a>", "<a><b></a>", "<p:a/>",
                "<a x='1' x='2'/>",
                "<a xmlns:p='u' xmlns:q='u' p:x='' q:x=''/>",
                "<a/><b/>", "", "<a>" * 33 + "</a>" * 33):
        must(refuses(lambda: ll.read_xml(bad.encode())), bad)
    must(refuses(lambda: ll.read_xml("<a>\u00e9</a>".encode("latin-1"))), "L1")
    for old, new in (("<xId>", "<xId/><xId>"), ("X2andX3", "X4Only"),
                     ("<imsi>", "<imsi> x"), ("</dId>", "</dId><dSId/>"),
                     (x1, 'xmlns="urn:x"'),
                     ("</listOfDIDs>", "</listOfDIDs><other/>"),
                     ("</listOfDIDs>",
                      "</listOfDIDs><correlationID>07</correlationID>"),
                     ("</listOfDIDs>", "</listOfDIDs><listOfMediationDetails>"
                      "<mediationDetails><LIID>a</LIID><deliveryType>HI2Only"
                      "</deliveryType><mediationDetailsExtensions/>"
                      "</mediationDetails></listOfMediationDetails>")):
        must(old in good and refuses(
            lambda: ll.task_line(xml_task(good.replace(old, new, 1)))), new)


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
