"""A fake SAML identity provider: it signs real assertions, and can be made to say anything."""

from __future__ import annotations

import base64
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from lxml.builder import ElementMaker
from minisignxml.config import SigningConfig
from minisignxml.sign import sign

A = "urn:oasis:names:tc:SAML:2.0:assertion"
P = "urn:oasis:names:tc:SAML:2.0:protocol"
DS = "http://www.w3.org/2000/09/xmldsig#"
NAMES = {"saml": A, "samlp": P, "ds": DS}
SAML = ElementMaker(namespace=A, nsmap={"saml": A})
SAMLP = ElementMaker(namespace=P, nsmap={"samlp": P, "saml": A})
IDP = "https://idp.uni.example/shibboleth"
SSO = "https://idp.uni.example/sso"


@cache
def key_and_certificate(name: str) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    """What it signs with."""
    key = rsa.generate_private_key(65537, 2048)
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2036, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    return key, made


def pem(name: str = "idp") -> str:
    """Its certificate as settings have it."""
    return key_and_certificate(name)[1].public_bytes(Encoding.PEM).decode()


@dataclass
class Saying:
    """What it says; each part can be made wrong."""

    now: datetime
    request_id: str
    acs: str
    audience: str
    assertion_id: str = "_an-assertion"
    issuer: str = IDP
    subject_id: str | None = "lena@uni.example"
    name_id: str = "AAdzZWNyZXQx"
    name_format: str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
    email: str = "lena@uni.example"
    method: str = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
    recipient: str | None = None
    in_response_to: str | None = None
    destination: str | None = None
    response_in_response_to: str | None = None
    status: str = "urn:oasis:names:tc:SAML:2.0:status:Success"
    lasts_s: float = 300
    begins_s: float = 0
    confirmed_for_s: float = 300
    session_for_s: float = 3600
    groups: tuple[str, ...] = ("staff",)
    extra: dict[str, str] = field(default_factory=dict)

    def assertion(self) -> Any:
        """The assertion, unsigned."""

        def at(seconds: float) -> str:
            return (self.now + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

        facts = {
            "NotOnOrAfter": at(self.confirmed_for_s),
            "Recipient": self.acs if self.recipient is None else self.recipient,
            "InResponseTo": self.request_id if self.in_response_to is None else self.in_response_to,
            **self.extra,
        }
        attributes = {
            "urn:oid:0.9.2342.19200300.100.1.3": (self.email,),
            "urn:oid:2.16.840.1.113730.3.1.241": ("Lena Mayer",),
            "urn:oid:1.3.6.1.4.1.5923.1.5.1.1": self.groups,
        }
        if self.subject_id is not None:
            attributes["urn:oasis:names:tc:SAML:attribute:subject-id"] = (self.subject_id,)
        return SAML.Assertion(
            SAML.Issuer(self.issuer),
            SAML.Subject(
                SAML.NameID(self.name_id, Format=self.name_format),
                SAML.SubjectConfirmation(
                    SAML.SubjectConfirmationData(**{name: value for name, value in facts.items() if value}),
                    Method=self.method,
                ),
            ),
            SAML.Conditions(
                SAML.AudienceRestriction(SAML.Audience(self.audience)),
                NotBefore=at(self.begins_s),
                NotOnOrAfter=at(self.lasts_s),
            ),
            SAML.AuthnStatement(
                SAML.AuthnContext(SAML.AuthnContextClassRef("urn:oasis:names:tc:SAML:2.0:ac:classes:Password")),
                AuthnInstant=at(0),
                SessionNotOnOrAfter=at(self.session_for_s),
            ),
            SAML.AttributeStatement(
                *(
                    SAML.Attribute(*(SAML.AttributeValue(value) for value in values), Name=name)
                    for name, values in attributes.items()
                )
            ),
            ID=self.assertion_id,
            Version="2.0",
            IssueInstant=at(0),
        )

    def response(self, *assertions: Any) -> Any:
        """A response with these assertions, unsigned."""
        more = {
            "Destination": self.acs if self.destination is None else self.destination,
            "InResponseTo": self.request_id if self.response_in_response_to is None else self.response_in_response_to,
        }
        return SAMLP.Response(
            SAML.Issuer(self.issuer),
            SAMLP.Status(SAMLP.StatusCode(Value=self.status)),
            *assertions,
            ID="_a-response",
            Version="2.0",
            IssueInstant=self.now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            **{name: value for name, value in more.items() if value},
        )


def signed(root: Any, path: str = ".", key: str = "idp", algorithm: Any = None) -> bytes:
    """A document whose root, or the element at a path of it, is signed."""
    private, certificate = key_and_certificate(key)
    config = SigningConfig(algorithm, algorithm) if algorithm else SigningConfig.default()
    element = root if path == "." else root.find(path, NAMES)
    return sign(element=element, private_key=private, certificate=certificate, config=config, index=1)


def sent(xml: bytes) -> str:
    """As a form carries it."""
    return base64.b64encode(xml).decode()


def request_of(location: str) -> tuple[Any, str]:
    """The AuthnRequest and the RelayState that a browser was sent with."""
    query = parse_qs(urlsplit(location).query)
    xml = zlib.decompress(base64.b64decode(query["SAMLRequest"][0]), -15)
    return etree.fromstring(xml), query["RelayState"][0]


def wrapped(saying: Saying, evil: Saying, how: str) -> bytes:
    """A signed document, rebuilt so that a careless reader takes the evil assertion and checks the good one."""
    document = etree.fromstring(signed(saying.response(saying.assertion()), "./saml:Assertion"))
    good = document.find("./saml:Assertion", NAMES)
    bad = evil.assertion()
    if how == "beside, before":
        good.addprevious(bad)
    elif how == "beside, after":
        good.addnext(bad)
    elif how == "same id":
        bad.set("ID", good.get("ID"))
        good.addprevious(bad)
    elif how == "good one inside the evil one's signature":
        signature = good.find("./ds:Signature", NAMES)
        document.replace(good, bad)
        bad.insert(1, signature)
        kept = etree.SubElement(signature, f"{{{DS}}}Object")
        kept.append(good)
    elif how == "good one in extensions":
        document.replace(good, bad)
        extensions = etree.SubElement(document, f"{{{P}}}Extensions")
        document.insert(1, extensions)
        extensions.append(good)
    elif how == "another response around it":
        outer = evil.response(bad)
        outer.append(document)
        document = outer
    elif how == "evil response, good assertion's signature copied":
        bad.insert(1, deepcopy(good.find("./ds:Signature", NAMES)))
        document.replace(good, bad)
    else:
        raise AssertionError(how)
    return bytes(etree.tostring(document))


WRAPPINGS = (
    "beside, before",
    "beside, after",
    "same id",
    "good one inside the evil one's signature",
    "good one in extensions",
    "another response around it",
    "evil response, good assertion's signature copied",
)


@contextmanager
def idp_pages() -> Iterator[str]:
    """Its pages, on another site than the installation's (localhost, not 127.0.0.1): whoever comes is lena at once,
    and the browser posts that to where it came from. Yields where people are asked.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            request, state = request_of(self.path)
            acs = request.get("AssertionConsumerServiceURL")
            now = datetime.now(UTC)
            saying = Saying(now, request.get("ID"), acs, request.find("./saml:Issuer", NAMES).text, f"_{now:%s%f}")
            form = {"SAMLResponse": sent(signed(saying.response(saying.assertion()))), "RelayState": state}
            fields = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in form.items())
            body = f'<form method="post" action="{acs}">{fields}</form><script>document.forms[0].submit()</script>'
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}/sso"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
