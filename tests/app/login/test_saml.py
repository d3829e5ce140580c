"""Signing in by SAML 2.0: the identity provider is a fake that signs real assertions; attackers change them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from lxml import etree
from sqlalchemy import func, select
from starlette.testclient import TestClient

from tests.app.backends import Site, site
from tests.app.login.fake_idp import IDP, NAMES, SSO, WRAPPINGS, Saying, pem, request_of, sent, signed, wrapped
from twin2multicloud.app.db.tables import SeenAssertion, User
from twin2multicloud.app.settings import read_settings
from twin2multicloud.model.errors import InvalidInputError

ORIGIN = "https://twins.example.org"


@dataclass
class Campus:
    """An installation whose people sign in by a university's identity provider."""

    site: Site

    def browser(self) -> TestClient:
        return TestClient(self.site.http.app, base_url=ORIGIN, follow_redirects=False)

    def begin(self, browser: TestClient, path: str = "/login/uni") -> tuple[Saying, str]:
        """Begin; what the provider would say, and the RelayState."""
        answer = browser.get(path)
        assert answer.status_code == 303, answer.text
        assert answer.headers["location"].startswith(f"{SSO}?SAMLRequest=")
        request, state = request_of(answer.headers["location"])
        now = datetime.fromtimestamp(self.site.clock.now(), UTC)
        acs = request.get("AssertionConsumerServiceURL")
        return Saying(now, request.get("ID"), acs, request.find("./saml:Issuer", NAMES).text), state

    def post(self, xml: bytes, state: str) -> Any:
        """The provider's page posts its form: from another site, so without cookies."""
        elsewhere = TestClient(self.site.http.app, base_url=ORIGIN, follow_redirects=False)
        form = {"SAMLResponse": sent(xml), "RelayState": state}
        return elsewhere.post("/login/uni/acs", data=form, headers={"Origin": "https://idp.uni.example"})

    def sign_in(self, browser: TestClient, **says: Any) -> Any:
        """The whole way; the last answer."""
        saying, state = self.begin(browser)
        saying = replace(saying, **says)
        answer = self.post(signed(saying.response(saying.assertion())), state)
        return browser.get(answer.headers["location"]) if answer.status_code == 303 else answer


def _campus(directory: Path, database_url: str, **more: Any) -> Any:
    provider = {"entity_id": IDP, "sso_url": SSO, "certificate": pem(), "label": "University", **more.pop("uni", {})}
    limits = {"login_per_minute": 1000}
    return site(directory, database_url, auth="login", public_url=ORIGIN, saml={"uni": provider}, limits=limits, **more)


@pytest.fixture
def campus(database_url: str, tmp_path: Path) -> Iterator[Campus]:
    with _campus(tmp_path / "data", database_url) as made:
        yield Campus(made)


@pytest.fixture
def sqlite_campus(sqlite_file: str, tmp_path: Path) -> Iterator[Campus]:
    with _campus(tmp_path / "data", sqlite_file) as made:
        yield Campus(made)


def nobody(campus: Campus) -> bool:
    with campus.site.backend.database.read() as session:
        return session.scalar(select(func.count()).select_from(User)) == 0


@pytest.mark.parametrize("what", [".", "./saml:Assertion"])
def test_the_way_there_and_back(campus: Campus, what: str) -> None:
    """With the response signed, as Shibboleth does, or the assertion."""
    browser = campus.browser()
    saying, state = campus.begin(browser, "/login/uni?return_to=/twins")
    assert saying.acs == f"{ORIGIN}/login/uni/acs"
    answer = campus.post(signed(saying.response(saying.assertion()), what), state)
    assert answer.status_code == 303
    assert "set-cookie" not in answer.headers
    done = browser.get(answer.headers["location"])
    assert (done.status_code, done.headers["location"]) == (303, "/twins")
    me = browser.get("/api/v1/me").json()
    assert (me["name"], me["email"], me["admin"]) == ("Lena Mayer", "lena@uni.example", True)
    with campus.site.backend.database.read() as session:
        assert session.scalars(select(User.subject)).one() == f"{IDP}|lena@uni.example"


def test_only_the_browser_that_began_is_signed_in(campus: Campus) -> None:
    attacker, victim = campus.browser(), campus.browser()
    saying, state = campus.begin(attacker)
    campus.begin(victim)
    answer = campus.post(signed(saying.response(saying.assertion())), state)
    assert victim.get(answer.headers["location"]).status_code == 403
    assert victim.get("/api/v1/me").status_code == 401
    assert nobody(campus)


def test_nobody_is_signed_in_before_the_provider_answered(campus: Campus) -> None:
    browser = campus.browser()
    _, state = campus.begin(browser)
    assert browser.get(f"/login/uni/done?state={state}").status_code == 403


def test_an_answer_counts_once(campus: Campus) -> None:
    browser = campus.browser()
    saying, state = campus.begin(browser)
    xml = signed(saying.response(saying.assertion()))
    answer = campus.post(xml, state)
    assert answer.status_code == 303
    assert campus.post(xml, state).status_code == 403
    assert browser.get(answer.headers["location"]).status_code == 303
    assert browser.get(answer.headers["location"]).status_code == 403
    assert campus.post(xml, state).status_code == 403
    _, other = campus.begin(campus.browser())
    assert campus.post(xml, other).status_code == 403


def test_an_assertion_counts_once_even_for_another_login(campus: Campus) -> None:
    """A provider that gives the same id twice is not believed twice; ids are kept as long as they hold."""
    browser = campus.browser()
    assert campus.sign_in(browser).status_code == 303
    replayed = campus.sign_in(campus.browser())
    assert (replayed.status_code, "used already" in replayed.text) == (403, True)
    campus.site.clock.pass_by(361)
    assert campus.sign_in(campus.browser()).status_code == 303
    with campus.site.backend.database.read() as session:
        assert session.scalar(select(func.count()).select_from(SeenAssertion)) == 1


WRONG: list[dict[str, Any]] = [
    {"audience": "https://other.example/sp"},
    {"issuer": "https://idp.evil.example"},
    {"recipient": "https://other.example/acs"},
    {"in_response_to": "_another-login"},
    {"response_in_response_to": "_another-login"},
    {"destination": "https://other.example/acs"},
    {"status": "urn:oasis:names:tc:SAML:2.0:status:Responder"},
    {"method": "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"},
    {"lasts_s": -61},
    {"begins_s": 61},
    {"confirmed_for_s": -61},
    {"session_for_s": -61},
    {"extra": {"NotBefore": "2026-01-01T00:00:00Z"}},
    {"extra": {"NotOnOrAfter": ""}},
    {"extra": {"InResponseTo": ""}},
    {"extra": {"Recipient": ""}},
    {"assertion_id": ""},
    {"subject_id": None},
    {"subject_id": "x" * 256},
]


def test_what_does_not_hold_is_refused(sqlite_campus: Campus) -> None:
    """All of it is signed by the provider: it said that to somebody else, or at another time."""
    for number, says in enumerate(WRONG):
        answer = sqlite_campus.sign_in(sqlite_campus.browser(), **{"assertion_id": f"_{number}", **says})
        assert answer.status_code == 403, says
    assert nobody(sqlite_campus)


def test_clocks_may_differ_by_a_minute(sqlite_campus: Campus) -> None:
    allowed: list[dict[str, Any]] = [{"lasts_s": -59}, {"begins_s": 59}, {"confirmed_for_s": -59}, {"destination": ""}]
    for number, says in enumerate(allowed):
        answer = sqlite_campus.sign_in(sqlite_campus.browser(), assertion_id=f"_{number}", **says)
        assert answer.status_code == 303, says


def test_nothing_but_what_was_signed_is_read(sqlite_campus: Campus) -> None:
    """Signature wrapping: an attacker has an assertion of their own, and wants to be somebody else."""
    for number, how in enumerate(WRAPPINGS):
        browser = sqlite_campus.browser()
        saying, state = sqlite_campus.begin(browser)
        own = replace(saying, assertion_id=f"_{number}", subject_id="mallory@uni.example", email="mallory@uni.example")
        evil = replace(saying, assertion_id="_evil", subject_id="rector@uni.example", email="rector@uni.example")
        answer = sqlite_campus.post(wrapped(own, evil, how), state)
        if answer.status_code == 303:
            assert browser.get(answer.headers["location"]).status_code == 303
            assert browser.get("/api/v1/me").json()["email"] == "mallory@uni.example", how
        else:
            assert answer.status_code == 403, how
    with sqlite_campus.site.backend.database.read() as session:
        assert "rector" not in str(session.scalars(select(User.subject)).all())


def test_what_the_provider_did_not_sign_is_refused(sqlite_campus: Campus) -> None:
    saying, state = sqlite_campus.begin(sqlite_campus.browser())
    document = saying.response(saying.assertion())
    right = signed(document)
    attacks = {
        "unsigned": etree.tostring(document),
        "another key": signed(document, key="mallory"),
        "SHA-1": signed(document, algorithm=hashes.SHA1()),
        "changed": right.replace(b">lena@uni.example<", b">rector@uni.example<"),
        # Readers that stop at a comment would take the first half for the whole.
        "a comment": right.replace(b">lena@uni.example<", b">lena@uni.example<!-- -->.evil.example<"),
        "an entity": b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + right,
        "two assertions": signed(saying.response(saying.assertion(), replace(saying, assertion_id="_2").assertion())),
        "no XML": b"<",
        "nothing": b"",
    }
    for how, xml in attacks.items():
        answer = sqlite_campus.post(xml, state)
        assert answer.status_code == (422 if how == "nothing" else 403), how
    assert nobody(sqlite_campus)
    assert sqlite_campus.post(right, state).status_code == 303


def test_a_login_that_nobody_began_is_refused(sqlite_campus: Campus) -> None:
    saying, state = sqlite_campus.begin(sqlite_campus.browser())
    xml = signed(saying.response(saying.assertion()))
    assert sqlite_campus.post(xml, "forged").status_code == 403
    sqlite_campus.site.clock.pass_by(600)
    assert sqlite_campus.post(xml, state).status_code == 403


def test_people_are_told_apart_by_what_stays(sqlite_campus: Campus) -> None:
    persistent = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
    refused = sqlite_campus.sign_in(sqlite_campus.browser(), subject_id=None)
    assert "persistent NameID" in refused.text
    says = {"subject_id": None, "name_id": "stays", "name_format": persistent, "assertion_id": "_second"}
    assert sqlite_campus.sign_in(sqlite_campus.browser(), **says).status_code == 303
    with sqlite_campus.site.backend.database.read() as session:
        assert session.scalars(select(User.subject)).one() == f"{IDP}|stays"


@pytest.mark.parametrize(
    ("rules", "uni", "status"),
    [
        ({"domains": ["uni.example"]}, {}, 303),
        ({"domains": ["uni.example"]}, {"trust_email": False}, 403),
        ({"groups": ["staff"]}, {}, 303),
        ({"groups": ["students"]}, {}, 403),
    ],
)
def test_rules_hold_here_too(
    sqlite_file: str, tmp_path: Path, rules: dict[str, Any], uni: dict[str, Any], status: int
) -> None:
    with _campus(tmp_path / "data", sqlite_file, admission=rules, uni=uni) as made:
        campus = Campus(made)
        assert campus.sign_in(campus.browser()).status_code == status


def test_two_certificates_while_the_provider_changes_its_key(sqlite_file: str, tmp_path: Path) -> None:
    with _campus(tmp_path / "data", sqlite_file, uni={"certificate": pem("next") + pem()}) as made:
        campus = Campus(made)
        assert campus.sign_in(campus.browser()).status_code == 303


def test_the_provider_is_told_of_us(sqlite_campus: Campus) -> None:
    answer = sqlite_campus.browser().get("/login/uni/metadata")
    found = etree.fromstring(answer.content)
    assert answer.headers["content-type"] == "application/samlmetadata+xml"
    assert found.get("entityID") == f"{ORIGIN}/login/uni/metadata"
    service = found.find(".//{*}AssertionConsumerService")
    assert service.get("Location") == f"{ORIGIN}/login/uni/acs"
    assert sqlite_campus.begin(sqlite_campus.browser())[0].audience == found.get("entityID")


def test_a_certificate_that_is_none_is_refused_at_start() -> None:
    uni = {"entity_id": IDP, "sso_url": SSO, "certificate": "MIIC…"}
    with pytest.raises(InvalidInputError, match="PEM"):
        read_settings(auth="login", saml={"uni": uni})
