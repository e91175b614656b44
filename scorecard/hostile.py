"""scorecard/hostile.py: X1 that no honest requester sends, and its sender."""
import datetime
import http.client
import os
import ssl
import uuid

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

X1 = "http://uri.etsi.org/03221/X1/2017/10"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>'


def stamp():
    return datetime.datetime.now(datetime.timezone.utc).strftime(
        "%Y-%m-%dT%H:%M:%S.%fZ")


def common(ne, admf="admf-1", at=None):
    return ("<admfIdentifier>%s</admfIdentifier><neIdentifier>%s"
            "</neIdentifier><messageTimestamp>%s</messageTimestamp>"
            "<version>v1.22.1</version><x1TransactionId>%s</x1TransactionId>"
            % (admf, ne, at or stamp(), uuid.uuid4()))


def activation(ne, xid, number, did, kind=' xsi:type="ActivateTaskRequest"'):
    return ("<x1RequestMessage%s>%s<taskDetails><xId>%s</xId>"
            "<targetIdentifiers><targetIdentifier><e164Number>%s</e164Number>"
            "</targetIdentifier></targetIdentifiers><deliveryType>X2Only"
            "</deliveryType><listOfDIDs><dId>%s</dId></listOfDIDs>"
            "</taskDetails></x1RequestMessage>" %
            (kind, common(ne), xid, number, did))


def container(*messages, head=HEAD, attributes=""):
    return ('%s<X1Request xmlns="%s" xmlns:xsi="%s"%s>%s</X1Request>' %
            (head, X1, XSI, attributes, "".join(messages))).encode()


def make(kind, ne, xid, number, did):
    """The bytes of one hostile request that would task ${xid}."""
    good = activation(ne, xid, number, did)
    if kind == "good":                  # to show that the others differ by one
        return container(good)
    if kind == "entity":
        return container(good.replace(number, "&n;"), head=HEAD +
                         '<!DOCTYPE X1Request [<!ENTITY n "%s">]>' % number)
    if kind == "external-entity":
        return container(good.replace(number, "&n;"), head=HEAD + '<!DOCTYPE '
                         'X1Request [<!ENTITY n SYSTEM "file:///etc/hostname">'
                         ']>')
    if kind == "deep":
        return container(good.replace("</taskDetails>", "<a>" * 60 +
                                      "</a>" * 60 + "</taskDetails>"))
    if kind == "huge-attribute":
        return container(good, attributes=' a="%s"' % ("x" * 1000000))
    if kind == "many-attributes":
        return container(good, attributes="".join(
            ' a%d="1"' % i for i in range(5000)))
    if kind == "instruction":
        return container(good, head=HEAD + "<?custos let=pass?>")
    if kind == "utf-16":
        return container(good, head='<?xml version="1.0" encoding="UTF-16"?>'
                         ).decode().encode("utf-16")
    if kind == "latin-1":
        return container(good, head='<?xml version="1.0" '
                         'encoding="ISO-8859-1"?>')
    if kind == "nul":
        return container(good).replace(b"</X1Request>", b"\0</X1Request>")
    if kind == "two-roots":
        return container(good) + container(good, head="")
    if kind == "xid-twice":
        return container(good.replace("<taskDetails><xId>%s</xId>" % xid,
                         "<taskDetails><xId>%s</xId><xId>%s</xId>" %
                         (xid, xid)))
    if kind == "target-twice":
        t = good[good.index("<targetIdentifiers>"):good.index(
            "</targetIdentifiers>") + len("</targetIdentifiers>")]
        return container(good.replace(t, t + t))
    if kind == "foreign-element":
        return container(good.replace("<deliveryType>", '<v:tap xmlns:v="urn:'
                         'example:vendor">all</v:tap><deliveryType>'))
    if kind == "foreign-namespace":
        return container(good.replace("<taskDetails>", '<taskDetails xmlns='
                         '"urn:example:other">'))
    if kind == "no-type":
        return container(activation(ne, xid, number, did, kind=""))
    if kind == "other-type":
        return container(good.replace("ActivateTaskRequest",
                                      "GetTaskDetailsRequest"))
    if kind == "two-elements":
        return container(good, activation("ne-2" if ne == "ne-1" else "ne-1",
                                          xid, number, did))
    raise KeyError(kind)


def name_value(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def certificate(folder, ca_cert, ca_key, urn, out):
    """A certificate under the trial's CA for somebody of no registration."""
    with open(os.path.join(folder, ca_cert), "rb") as f:
        ca = x509.load_pem_x509_certificate(f.read())
    with open(os.path.join(folder, ca_key), "rb") as f:
        key_of_ca = serialization.load_pem_private_key(f.read(), None)
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.timezone.utc)
    cert = (x509.CertificateBuilder().subject_name(name_value("stranger"))
            .issuer_name(ca.subject).public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=30))
            .add_extension(x509.SubjectAlternativeName(
                [x509.UniformResourceIdentifier(urn)]), False)
            .sign(key_of_ca, hashes.SHA256()))
    with open(out, "wb") as f:
        f.write(cert.public_bytes(serialization.Encoding.PEM) +
                key.private_bytes(serialization.Encoding.PEM,
                                  serialization.PrivateFormat.PKCS8,
                                  serialization.NoEncryption()))


def report(ne, xid):
    """An element's report, as it would come of one that taps."""
    return container("<x1RequestMessage xsi:type=\"ReportTaskIssueRequest\">"
                     "%s<xId>%s</xId><taskReportType>Warning</taskReportType>"
                     "</x1RequestMessage>" % (common(ne), xid))


def post(folder, port, path, cert, body, key=None):
    """(HTTP status or 0, body): POST with a client certificate."""
    ctx = ssl.create_default_context(cafile=os.path.join(folder, "ca.pem"))
    if cert is not None:
        ctx.load_cert_chain(cert, key)
    c = http.client.HTTPSConnection("127.0.0.1", port, context=ctx, timeout=20)
    try:
        c.request("POST", path, body, {"Content-Type":
                                       "application/xml; charset=UTF-8"})
        r = c.getresponse()
        return r.status, r.read()
    except (ssl.SSLError, ConnectionError, http.client.HTTPException) as bad:
        return 0, str(bad).encode()
    finally:
        c.close()
