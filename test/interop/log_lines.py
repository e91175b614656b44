"""test/interop/log_lines.py: normal forms, set texts, lines, the XML behind.

docs/format/lines.md, and nothing of the C sources.
"""
import re
from xml.parsers import expat

from log_bytes import Bad, dec, is_uuid, need, sha, time_us
from log_words import escape, set_text

X1 = "http://uri.etsi.org/03221/X1/2017/10"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XML = "http://www.w3.org/XML/1998/namespace"
DELIVERY = ("X2Only", "X3Only", "X2andX3")
MEDIATION = ("HI2Only", "HI3Only", "HI2andHI3")
SERVICES = ("LALS", "RCS", "data", "messaging", "pushToTalk", "voice")


def full(pattern, text):
    return re.fullmatch(pattern, text, re.ASCII) is not None


# ---- one target -------------------------------------------------------------

TOKENS = {
    "e164Number": r"[0-9]{1,15}", "gpsiMsisdn": r"[0-9]{1,15}",
    "imsi": r"[0-9]{6,15}", "supiimsi": r"[0-9]{6,15}",
    "imei": r"[0-9]{14}", "peiImei": r"[0-9]{14}",
    "peiImeiCheckDigit": r"[0-9]{15}", "peiImeisv": r"[0-9]{16}",
    "macAddress": r"([0-9a-f]{2}:){5}[0-9a-f]{2}",
    "eui64": r"([0-9a-f]{2}:){7}[0-9a-f]{2}",
    "ipv4Address": None, "ipv6Address": None, "ipv4Cidr": None,
    "ipv6Cidr": None}
PLAIN = {
    "callPartyRole": r"Originating|Terminating|Forwarded-To",
    "nonLocalIdentifier": r"Local|NonLocal", "suci": r"([0-9a-fA-F]{2})+",
    "radiusAttribute": r"([0-9a-fA-F]{2})+"}
ANY = ("impi", "nai", "supinai", "gpsiNai", "serviceAccessIdentifier", "vrf")
MAIL = r"[A-Za-z0-9.!#$%&'*+\\/=?^_`{\|}~-]+"
LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
URI = r"[A-Za-z0-9!#$&'()*+,\-./:;=?@\[\]_~%]*"
UNRESERVED = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                 "0123456789-_.!~*'()")
SHORTER = ("emailAddress", "internationalizedEmailAddress", "h323Uri", "impu",
           "vrf")
QUALIFY = ("tcpPort", "tcpPortRange", "tcpPortList", "udpPort", "udpPortRange",
           "udpPortList", "radiusAttribute", "gtpuTunnelId", "gtpcTunnelId",
           "callPartyRole", "nonLocalIdentifier", "vrf")


def low(text):
    """A to Z alone."""
    return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in text)


def collapse(text):
    return " ".join(w for w in re.split("[ \t\n\r]+", text) if w)


def whole(text, most, least=0):
    need(full(r"0|[1-9][0-9]*", text) and least <= int(text) <= most,
         "a number")
    return int(text)


def bits4(text):
    parts = text.split(".")
    need(len(parts) == 4, "an IPv4 address")
    n = 0
    for p in parts:
        n = n << 8 | whole(p, 255)
    return n


def bits6(text):
    need(full(r"([0-9a-f]{4}:){7}[0-9a-f]{4}", text), "an IPv6 address")
    return int(text.replace(":", ""), 16)


def addressed(text, block):
    """An address, or with block address/length; never one of nobody."""
    v6 = ":" in text
    width = 128 if v6 else 32
    addr, slash, length = text.partition("/")
    need(block == bool(slash), "address or block")
    n = whole(length, width, 1 if v6 else 0) if block else width
    a = bits6(addr) if v6 else bits4(addr)
    need(a & ((1 << (width - n)) - 1) == 0, "host bits")
    need(n < width or (a != 0 and (v6 or a != 0xffffffff)), "address of nobody")
    multicast = (a >> 120 == 0xff and n >= 8) if v6 else (a >> 28 == 14 and
                                                          n >= 4)
    need(not multicast, "multicast")


def uri(text, scheme, kind):
    """The rules of a URI; gives it with its host lower-cased."""
    need(full(URI, text), "characters of a URI")
    for part in text.split("%")[1:]:
        need(full(r"[0-9A-F]{2}", part[:2]) and
             chr(int(part[:2], 16)) not in UNRESERVED, "escape")
    if kind not in ("sip", "h323"):
        return text
    need(text.count("@") <= 1, "two @")
    if "@" in text:
        at = text.index("@") + 1
    elif kind == "h323":
        return text
    else:
        at = len(scheme)
    if text[at:at + 1] == "[":
        need("]" in text[at + 2:], "host")
        end = text.index("]", at) + 1
    else:
        end = min([i for i in (text.find(c, at) for c in ":;?") if i >= 0] +
                  [len(text)])
    need(end > at and "%" not in text[at:end], "host")
    return text[:at] + low(text[at:end]) + text[end:]


def port(text, kind):
    whole(text, 65535, 2 if kind.startswith("tcp") else 0)
    return text


def numbers(kind, value):
    """Ports, ranges and lists of them, tunnels."""
    if kind in ("gtpuTunnelId", "gtpcTunnelId"):
        whole(value, 4294967295)
        return value
    if kind.endswith("Range"):
        need(isinstance(value, dict) and sorted(value) == ["end", "start"],
             "range")
        ends = [port(value[k], kind) for k in ("start", "end")]
        need(int(ends[0]) <= int(ends[1]), "start above end")
        return "-".join(ends)
    if kind.endswith("List"):
        need(isinstance(value, list) and 1 <= len(value) <= 128 and
             len(set(value)) == len(value), "list")
        return ",".join(sorted((port(v, kind) for v in value), key=int))
    return port(value, kind)


def mail(kind, text):
    local, at, domain = text.rpartition("@")
    need(at and local and domain, "@")
    if kind == "emailAddress":
        need(full(MAIL, local) and
             full(LABEL + r"(\." + LABEL + r")*", domain), "e-mail")
    return local + "@" + low(domain)


def texts(value):
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else [value]


def normal(kind, value):
    """The value text of what an element's child holds, or Bad.

    value: text; of a range {start, end}; of a list the members' texts; of
    ipv4Cidr the one child {name: text}.
    """
    need(isinstance(kind, str), "kind")
    need(all(isinstance(t, str) for t in texts(value)), "texts")
    if kind == "ipv4Cidr":
        need(isinstance(value, dict) and list(value) == ["IPv4CIDR"], "CIDR")
        value = value["IPv4CIDR"]
    if kind in TOKENS:
        need(isinstance(value, str), "text")
        value = collapse(value)
    for t in texts(value):
        need(t and t[0] != " " and t[-1] != " ", "empty, or space at an end")
        need(not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in t), "control")
        t.encode()
    if kind.startswith(("tcpPort", "udpPort", "gtp")):
        need(kind in QUALIFY, "kind")
        need(kind.endswith(("Range", "List")) or isinstance(value, str), "text")
        out = numbers(kind, value)
        need(len(out) <= 256, "length")
        return out
    need(isinstance(value, str), "text")
    need(len(value) <= (255 if kind in SHORTER else 256), "length")
    if kind in ("ipv4Address", "ipv4Cidr", "ipv6Address", "ipv6Cidr"):
        need((":" in value) == (kind[3] == "6"), "address of the other kind")
        addressed(value, kind.endswith("Cidr"))
        return value
    if kind in TOKENS or kind in PLAIN:
        need(full(TOKENS.get(kind) or PLAIN[kind], value), "form")
        return low(value) if kind in ("suci", "radiusAttribute") else value
    if kind in ("emailAddress", "internationalizedEmailAddress"):
        return mail(kind, value)
    if kind in ANY:
        return value
    schemes = {"sipUri": ("sip:", "sips:"), "telUri": ("tel:",),
               "h323Uri": ("h323:",), "impu": ("sip:", "sips:", "tel:", "")}
    need(kind in schemes, "kind of target")
    scheme = next((s for s in schemes[kind] if value.startswith(s)), None)
    need(scheme is not None, "scheme")
    need(scheme == "" or len(value) > len(scheme), "goes on")
    if scheme == "":
        need(not low(value).startswith(("sip:", "sips:", "tel:")),
             "scheme in another case")
    return uri(value, scheme, {"sip:": "sip", "sips:": "sip",
                               "h323:": "h323"}.get(scheme))


def shape(kind, text):
    """What normal() takes, of a value text."""
    if kind in ("tcpPortRange", "udpPortRange"):
        need(text.count("-") == 1, "range")
        return dict(zip(("start", "end"), text.split("-")))
    if kind in ("tcpPortList", "udpPortList"):
        return text.split(",")
    return {"IPv4CIDR": text} if kind == "ipv4Cidr" else text


def is_normal(targets):
    """Targets as [kind, value text], each in its one form."""
    for row in targets:
        need(isinstance(row, list) and len(row) == 2 and
             all(isinstance(x, str) for x in row), "a target")
        need(normal(row[0], shape(*row)) == row[1], "not a normal form")
    return targets


def names(kind, value, cidr4_min=32, cidr6_min=64):
    if kind in ("ipv4Cidr", "ipv6Cidr"):
        least = cidr4_min if kind[3] == "4" else cidr6_min
        return int(value.rpartition("/")[2]) >= least
    return kind not in QUALIFY


def warrant_set(members, cidr4_min=32, cidr6_min=64):
    """The normal forms of a warrant's set, in set text order."""
    out = [(k, normal(k, v)) for k, v in members]
    need(1 <= len(out) <= 16, "members of a set")
    need(any(names(k, v, cidr4_min, cidr6_min) for k, v in out),
         "a set that only qualifies")
    set_text(out)
    return sorted(out, key=lambda t: ("%s=%s" % (t[0], escape(t[1]))).encode())


# ---- lines ------------------------------------------------------------------

ZONED = (r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6})"
         r"(Z|[+-][0-9]{2}:[0-9]{2})")


def utc(text):
    """A time with a zone, as entries write times."""
    m = re.fullmatch(ZONED, text, re.ASCII)
    need(m is not None, "a time")
    us = time_us(m[1] + "Z")
    if m[2] != "Z":
        h, minute = int(m[2][1:3]), int(m[2][4:6])
        need(minute < 60 and h * 60 + minute <= 840, "zone")
        shift = (h * 60 + minute) * 60000000
        us += shift if m[2][0] == "-" else -shift
    need(us >= 0, "before 1970")
    return spell_time(us)


def spell_time(us):
    """Microseconds since 1970, the year found by counting."""
    day, us = divmod(us, 86400000000)
    y = 1970
    while day >= (366 if y % 4 == 0 and (y % 100 or y % 400 == 0) else 365):
        day -= 366 if y % 4 == 0 and (y % 100 or y % 400 == 0) else 365
        y += 1
    need(y <= 9999, "year")
    days = [31, 29 if y % 4 == 0 and (y % 100 or y % 400 == 0) else 28, 31, 30,
            31, 30, 31, 31, 30, 31, 30, 31]
    mo = 0
    while day >= days[mo]:
        day -= days[mo]
        mo += 1
    sec, us = divmod(us, 1000000)
    return "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ" % (
        y, mo + 1, day + 1, sec // 3600, sec // 60 % 60, sec % 60, us)


def uuids(v, most=64):
    need(len(v) <= most and all(map(is_uuid, v)) and len(set(v)) == len(v),
         "UUIDs")
    return ",".join(sorted(v))


def med_member(m):
    dids = m.get("dids")
    need(m["liid"] and m["delivery"] in MEDIATION, "mediation details")
    return "med=%s;%s;%s;%s;%s" % (
        escape(m["liid"]), m["delivery"], m.get("start") or "-",
        m.get("end") or "-", "-" if dids is None else uuids(dids))


def task_line(t):
    """xid delivery targets dids product corr implicit services med rest."""
    need(is_uuid(t["xid"]) and t["delivery"] in DELIVERY, "XID or delivery")
    need(1 <= len(t["targets"]) <= 64, "targets")
    product, corr, services = t["product"], t["corr"], t["services"]
    need(product is None or is_uuid(product), "productID")
    need(corr is None or dec(corr) >= 0, "correlationID")
    need(services is None or (services and set(services) <= set(SERVICES) and
                              len(set(services)) == len(services)), "services")
    med = sorted(map(med_member, t["med"]))
    need(len(med) <= 16, "mediation details")
    return " ".join([
        "task " + t["xid"], "deliver=" + t["delivery"],
        "set=" + escape(set_text(t["targets"])), "dids=" + uuids(t["dids"]),
        "product=" + (product or "-"), "corr=" + (corr or "-"),
        "implicit=%d" % t["implicit"],
        "services=" + ("*" if services is None else ",".join(sorted(services)))
    ] + med + ["rest=" + (t["rest"] or "-")])


def destination_line(did, delivery, at):
    need(is_uuid(did) and delivery in DELIVERY, "DID or delivery")
    return "destination %s deliver=%s at=%s" % (did, delivery, at)


def counter_line(xid, n, last):
    need(is_uuid(xid) and (n is None or dec(n) >= 0), "XID or number")
    return "count %s n=%s last=%s" % (xid, "-" if n is None else n,
                                      "-" if last is None else utc(last))


def unescape(text):
    """The inverse of escape, or Bad."""
    raw = bytearray()
    it = iter(text)
    for c in it:
        raw += bytes.fromhex(next(it, "x") + next(it, "x")) if c == "%" \
            else c.encode()
    out = raw.decode()
    need(escape(out) == text, "escapes")
    return out


def address_text(a):
    """The text of a delivery address, of its parts as in the XML."""
    if "ip" in a:
        v6 = ":" in a["ip"]
        (bits6 if v6 else bits4)(a["ip"])
        need(("tcp" in a) != ("udp" in a), "port")
        proto = "tcp" if "tcp" in a else "udp"
        return "ipv%d:%s:%s:%s" % (6 if v6 else 4, a["ip"], proto,
                                   port(a[proto], proto))
    (kind, value), = a.items()
    if kind == "uri":
        need(0 < len(value) <= 2048 and
             full(r"([A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*",
                  value), "uri")
    else:
        need(kind in ("e164Number", "emailAddress"), "address")
        value = normal(kind, value)
    return kind + ":" + escape(value)


def address_is(text):
    """Is it a delivery address in its one spelling?"""
    kind, colon, rest = text.partition(":")
    need(colon, "address")
    if kind in ("ipv4", "ipv6"):
        ip, proto, number = rest.rsplit(":", 2)
        a = {"ip": ip, proto: number}
    else:
        a = {kind: unescape(rest)}
    need(address_text(a) == text, "address")


def read_line(text):
    """A line of a task or destination: (type, id, members), or Bad."""
    try:
        return _read_line(text)
    except (ValueError, KeyError, IndexError):
        raise Bad("not a canonical line")


def _read_line(text):
    words = text.split(" ")
    what, ident = words[0], words[1]
    rows = [w.partition("=") for w in words[2:]]
    m = {k: v for k, _, v in rows if k != "med"}
    if what == "destination":
        need(destination_line(ident, m["deliver"], m["at"]) == text, "line")
        address_is(m["at"])
        return what, ident, m
    need(what == "task", "line")
    targets = [line.split("=", 1)
               for line in unescape(m["set"]).split("\n")[:-1]]
    targets = is_normal([[k, unescape(v)] for k, v in targets])
    med = []
    for v in [v for k, _, v in rows if k == "med"]:
        p = v.split(";")
        need(len(p) == 5, "med")
        for at in p[2:4]:
            need(at == "-" or time_us(at) >= 0, "time")
        med.append({"liid": unescape(p[0]), "delivery": p[1], "start": p[2],
                    "end": p[3], "dids": None if p[4] == "-" else
                    p[4].split(",") if p[4] else []})
    need(m["rest"] == "-" or full(r"[0-9a-f]{64}", m["rest"]), "rest")
    t = {"xid": ident, "delivery": m["deliver"], "targets": targets,
         "dids": m["dids"].split(",") if m["dids"] else [],
         "product": None if m["product"] == "-" else m["product"],
         "corr": None if m["corr"] == "-" else m["corr"],
         "implicit": int(m["implicit"]), "med": med, "rest": m["rest"],
         "services": None if m["services"] == "*" else
         m["services"].split(",")}
    need(t["implicit"] in (0, 1) and task_line(t) == text, "line")
    return what, ident, t


# ---- XML --------------------------------------------------------------------

class Node:
    """An element: its name as written and as meant, and what is in it."""
    __slots__ = ("tag", "ns", "name", "attrs", "scope", "kids")

    def elements(self):
        return [k for k in self.kids if isinstance(k, Node)]

    def text(self):
        need(not self.elements(), self.name + " has children")
        return "".join(self.kids)

    def the(self, name, ns=X1):
        """Its one child of that name, or None."""
        got = [k for k in self.elements() if (k.ns, k.name) == (ns, name)]
        need(len(got) <= 1, name + " twice")
        return got[0] if got else None

    def text_of(self, name):
        child = self.the(name)
        return None if child is None else child.text()


def resolve(tag, scope, attribute=False):
    prefix, colon, name = tag.rpartition(":")
    if attribute and not colon:
        return "", name
    need(prefix in scope, "prefix " + prefix)
    return scope[prefix], name


def read_xml(data):
    """The root of a document in UTF-8, without DTD or instructions; or Bad."""
    top, stack = [], []

    def refuse(*_):
        raise Bad("XML: a DTD or an instruction")

    def start(tag, pairs):
        need(len(stack) < 32, "XML: too deep")
        n = Node()
        n.tag, n.kids, n.attrs = tag, [], []
        n.scope = dict(stack[-1].scope if stack else {"": "", "xml": XML})
        pairs = list(zip(pairs[::2], pairs[1::2]))
        for k, v in pairs:
            if k == "xmlns" or k.startswith("xmlns:"):
                need(k == "xmlns" or v, "XML: a prefix taken back")
                n.scope[k[6:]] = v
        n.ns, n.name = resolve(tag, n.scope)
        for k, v in pairs:
            if k != "xmlns" and not k.startswith("xmlns:"):
                n.attrs.append((resolve(k, n.scope, True), k, v))
        need(len({a[0] for a in n.attrs}) == len(n.attrs),
             "XML: an attribute twice")
        (stack[-1].kids if stack else top).append(n)
        stack.append(n)

    def chars(text):
        kids = stack[-1].kids
        if kids and isinstance(kids[-1], str):
            kids[-1] += text
        else:
            kids.append(text)

    p = expat.ParserCreate("utf-8")
    p.ordered_attributes = True
    p.StartElementHandler, p.CharacterDataHandler = start, chars
    p.EndElementHandler = lambda tag: stack.pop()
    p.StartDoctypeDeclHandler = p.ProcessingInstructionHandler = refuse
    try:
        data.decode("utf-8")
        p.Parse(data, True)
    except (expat.ExpatError, UnicodeDecodeError):
        raise Bad("not XML")
    return top[0]


def exclusive(node, shown=None):
    """Exclusive XML Canonicalization 1.0 of an element, without comments."""
    shown = dict(shown or {"": ""})
    used = {node.tag.rpartition(":")[0]} | {
        a.rpartition(":")[0] for _, a, _ in node.attrs if ":" in a}
    out = ["<", node.tag]
    for prefix in sorted(used - {"xml"}):
        if shown.get(prefix) != node.scope[prefix]:
            shown[prefix] = node.scope[prefix]
            out.append(' xmlns%s="%s"' % (":" + prefix if prefix else "",
                                          attribute_text(shown[prefix])))
    for _, a, v in sorted(node.attrs):
        out.append(' %s="%s"' % (a, attribute_text(v)))
    out.append(">")
    for k in node.kids:
        out.append(exclusive(k, shown) if isinstance(k, Node) else
                   k.replace("&", "&amp;").replace("<", "&lt;")
                   .replace(">", "&gt;").replace("\r", "&#xD;"))
    return "".join(out) + "</%s>" % node.tag


def attribute_text(v):
    for c, to in (("&", "&amp;"), ("<", "&lt;"), ('"', "&quot;"),
                  ("\t", "&#x9;"), ("\n", "&#xA;"), ("\r", "&#xD;")):
        v = v.replace(c, to)
    return v


def target_of(node):
    """The kind and value text of a targetIdentifier."""
    child, = node.elements()
    need(child.ns == X1, "namespace of a target")
    inner = child.elements()
    if not inner:
        value = child.text()
    elif child.name.endswith("List"):
        value = [k.text() for k in inner]
    else:
        value = {k.name: k.text() for k in inner}
        need(len(value) == len(inner), "a child twice")
    return child.name, normal(child.name, value)


def dids_of(node):
    need(all(k.name == "dId" for k in node.elements()), "listOfDIDs")
    return [k.text() for k in node.elements()]


def med_of(node):
    known = {"LIID", "deliveryType", "StartTime", "EndTime", "listOfDIDs"}
    need({k.name for k in node.elements()} <= known, "mediation details")
    dids, start, end = node.the("listOfDIDs"), node.text_of("StartTime"), \
        node.text_of("EndTime")
    return {"liid": node.text_of("LIID"),
            "delivery": node.text_of("deliveryType"),
            "start": None if start is None else utc(start),
            "end": None if end is None else utc(end),
            "dids": None if dids is None else dids_of(dids)}


OWN = {"xId", "targetIdentifiers", "deliveryType", "listOfDIDs",
       "listOfMediationDetails", "correlationID", "implicitDeactivationAllowed",
       "productID", "listOfServiceTypes"}
REST = {"taskDetailsExtensions", "listOfTrafficPolicyReferences"}
BOOLEAN = {None: 0, "true": 1, "1": 1, "false": 0, "0": 0}


def task_of(node):
    """What task_line() takes, of a taskDetails."""
    need(all(k.ns == X1 and k.name in OWN | REST for k in node.elements()),
         "a child of taskDetails")
    rest = "".join(exclusive(k) for k in node.elements() if k.name in REST)
    med, services = node.the("listOfMediationDetails"), \
        node.the("listOfServiceTypes")
    return {"xid": node.text_of("xId"),
            "delivery": node.text_of("deliveryType"),
            "targets": [target_of(k) for k in
                        node.the("targetIdentifiers").elements()],
            "dids": dids_of(node.the("listOfDIDs")),
            "product": node.text_of("productID"),
            "corr": node.text_of("correlationID"),
            "implicit": BOOLEAN[node.text_of("implicitDeactivationAllowed")],
            "services": None if services is None else
            [k.text() for k in services.elements()],
            "med": [] if med is None else list(map(med_of, med.elements())),
            "rest": sha(rest.encode()).hex() if rest else None}


def address_of(node):
    """The text of a deliveryAddress."""
    child, = node.elements()
    if child.name != "ipAddressAndPort":
        return address_text({child.name: child.text()})
    parts = {k.name: k for k in child.elements()}
    ip, = parts.pop("address").elements()
    number, = parts.pop("port").elements()
    need(not parts and (":" in ip.text()) == (ip.name == "IPv6Address"),
         "address")
    return address_text({"ip": ip.text(),
                         number.name[:3].lower(): number.text()})


def request_of(data):
    """The type and the one message of an X1Request, or Bad."""
    root = read_xml(data)
    need((root.ns, root.name) == (X1, "X1Request"), "X1Request")
    msg, = root.elements()
    need((msg.ns, msg.name) == (X1, "x1RequestMessage"), "x1RequestMessage")
    kinds = [v for (ns, name), _, v in msg.attrs if (ns, name) == (XSI, "type")]
    ns, name = resolve(collapse(kinds[0]), msg.scope)
    need(ns == X1 and name.endswith("Request"), "type")
    return name[:-len("Request")], msg
