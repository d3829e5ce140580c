"""What a SAML 2.0 identity provider says of a person, checked. Pure: the time is given.

The signature, the issuer and the audience are minisaml's to check. It hands out nothing but the element that was
signed, parsed anew from the very bytes that the signature covers, so that an assertion wrapped around or put beside
the signed one is never looked at. What it leaves to its caller is checked here, on that same element.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography.x509 import Certificate, load_pem_x509_certificates
from lxml import etree
from minisaml.errors import MiniSAMLError
from minisaml.request import get_request_redirect_url
from minisaml.response import Response, TimeDriftLimits, validate_response
from minisignxml.errors import MiniSignXMLError
from minisignxml.verify import extract_verified_element_and_certificate

from twin2multicloud.app.errors import SignInRefusedError

LEEWAY: Final = timedelta(seconds=60)
BEARER: Final = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
_LONGEST: Final = 256 * 1024
_NAMES: Final = {
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion",
    "samlp": "urn:oasis:names:tc:SAML:2.0:protocol",
    "md": "urn:oasis:names:tc:SAML:2.0:metadata",
}
_SUCCESS: Final = "urn:oasis:names:tc:SAML:2.0:status:Success"
_POST: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
_LASTING: Final = (
    "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
)
# Times are ours to check, by a clock that can be set and with what minisaml does not look at: it is told to accept all.
_ANY_TIME: Final = TimeDriftLimits(timedelta(days=36_500), timedelta(days=36_500))


@dataclass(frozen=True)
class Asked:
    """What an answer has to fit: who we are, where answers go, what was asked, and whom."""

    entity_id: str
    acs_url: str
    request_id: str
    idp: str
    certificates: tuple[Certificate, ...]


@dataclass(frozen=True)
class Assertion:
    """What was said, and until when the same assertion must not be taken again."""

    id: str
    name_id: str | None
    """Only if it is one that stays."""
    attributes: Mapping[str, tuple[str, ...]]
    expires_at: datetime

    def first(self, *names: str) -> str | None:
        """The first value of the first of these attributes that has one."""
        return next((value for name in names for value in self.attributes.get(name, ()) if value), None)


def request_url(sso_url: str, asked: Asked, relay_state: str) -> str:
    """Where to send the browser."""
    return get_request_redirect_url(
        saml_endpoint=sso_url,
        expected_audience=asked.entity_id,
        acs_url=asked.acs_url,
        request_id=asked.request_id,
        relay_state=relay_state,
    )


def read_certificates(pem: str) -> tuple[Certificate, ...]:
    """The certificates in a text: several while a provider changes its key. `ValueError` if there are none."""
    return tuple(load_pem_x509_certificates(pem.encode()))


def metadata(entity_id: str, acs_url: str) -> bytes:
    """What an identity provider has to know of us, as SAML metadata."""
    root = etree.Element(f"{{{_NAMES['md']}}}EntityDescriptor", {"entityID": entity_id}, nsmap={"md": _NAMES["md"]})
    role = etree.SubElement(
        root,
        f"{{{_NAMES['md']}}}SPSSODescriptor",
        {
            "protocolSupportEnumeration": _NAMES["samlp"],
            "AuthnRequestsSigned": "false",
            # One signature is enough: the response's, which Shibboleth makes.
            "WantAssertionsSigned": "false",
        },
    )
    etree.SubElement(role, f"{{{_NAMES['md']}}}NameIDFormat").text = _LASTING[0]
    where = {"Binding": _POST, "Location": acs_url, "index": "0", "isDefault": "true"}
    etree.SubElement(role, f"{{{_NAMES['md']}}}AssertionConsumerService", where)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def check_response(data: str, asked: Asked, now: datetime) -> Assertion:
    """What a provider said, if it was asked, said it to us, said it now, and signed it. `SignInRefusedError`
    otherwise. Whether the same was said before is for the caller to know (`Assertion.id`).
    """
    if len(data) > _LONGEST:
        raise SignInRefusedError("the provider's answer is longer than any that is acceptable")
    try:
        xml = base64.b64decode("".join(data.split()), validate=True)
        said = validate_response(
            data=base64.b64encode(xml),
            certificate=set(asked.certificates),
            expected_audience=asked.entity_id,
            idp_issuer=asked.idp,
            allowed_time_drift=_ANY_TIME,
        )
        signed, _ = extract_verified_element_and_certificate(xml=xml, certificates=set(asked.certificates))
        assertion = _one(signed, "./saml:Assertion") if signed.tag == f"{{{_NAMES['samlp']}}}Response" else signed
        _check_envelope(etree.fromstring(xml, _parser()), asked)
        return _check_assertion(assertion, said, asked, now)
    except (MiniSAMLError, MiniSignXMLError) as error:
        raise SignInRefusedError(f"what the provider says of you does not hold ({type(error).__name__})") from error
    except (
        binascii.Error,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        ArithmeticError,
        etree.LxmlError,
    ) as error:
        raise SignInRefusedError("the provider's answer cannot be read, or lacks what has to be in it") from error


def _check_envelope(response: Any, asked: Asked) -> None:
    if response.tag != f"{{{_NAMES['samlp']}}}Response":
        raise SignInRefusedError("the provider's answer is none to a login")
    status = _one(response, "./samlp:Status/samlp:StatusCode").get("Value")
    if status != _SUCCESS:
        raise SignInRefusedError("the provider did not let you in")
    if response.get("Destination") not in (None, asked.acs_url):
        raise SignInRefusedError("the provider's answer was meant for another address")
    if response.get("InResponseTo") not in (None, asked.request_id):
        raise SignInRefusedError("the provider's answer is to another login")


def _check_assertion(assertion: Any, said: Response, asked: Asked, now: datetime) -> Assertion:
    if assertion.get("Version") != "2.0" or not assertion.get("ID"):
        raise SignInRefusedError("the provider's assertion is none of SAML 2.0")
    _check_times(_one(assertion, "./saml:Conditions"), now)
    confirmation = _one(assertion, "./saml:Subject/saml:SubjectConfirmation")
    facts = _one(confirmation, "./saml:SubjectConfirmationData")
    if confirmation.get("Method") != BEARER or facts.get("Recipient") != asked.acs_url:
        raise SignInRefusedError("the provider's assertion is meant for another recipient")
    if facts.get("InResponseTo") != asked.request_id:
        raise SignInRefusedError("the provider's assertion is the answer to another login")
    if facts.get("NotBefore") is not None:
        raise SignInRefusedError("the provider's assertion has a condition that SAML does not allow there")
    _check_times(facts, now)
    if said.session_not_on_or_after is not None and said.session_not_on_or_after + LEEWAY <= now:
        raise SignInRefusedError("your session with the provider is over; sign in there again")
    found: dict[str, tuple[str, ...]] = {}
    for each in said.attributes:
        # An attribute may be named twice, with values of another encoding.
        found[each.name] = (*found.get(each.name, ()), *(value for value in each.values if value))
    name = _one(assertion, "./saml:Subject/saml:NameID")
    lasting = said.name_id if name.get("Format") in _LASTING else None
    return Assertion(assertion.get("ID"), lasting, found, _time(facts.get("NotOnOrAfter")) + LEEWAY)


def _check_times(element: Any, now: datetime) -> None:
    before, end = element.get("NotBefore"), element.get("NotOnOrAfter")
    if end is None or _time(end) + LEEWAY <= now:
        raise SignInRefusedError("the provider's assertion does not hold any more; begin again")
    if before is not None and now + LEEWAY < _time(before):
        raise SignInRefusedError("the provider's assertion does not hold yet; its clock and ours differ")


def _time(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _one(element: Any, path: str) -> Any:
    found = element.findall(path, _NAMES)
    if len(found) != 1:
        raise SignInRefusedError(f"the provider's answer has {len(found)} of what there has to be one of ({path[2:]})")
    return found[0]


def _parser() -> Any:
    # The library has refused documents with a DTD by now; nothing is loaded or expanded here either.
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
