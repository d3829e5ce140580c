"""Signing in by OpenID Connect: what is sent, what is refused. The provider is a fake that can be made to lie."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from sqlalchemy import select

from tests.app.login.fake_oidc import CODE, FakeProvider, signing_key
from tests.app.login.flows import SECRET, Door, door
from twin2multicloud.app.db.tables import LoginAttempt


def unsecured(claims: dict[str, Any], algorithm: str = "none") -> str:
    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': algorithm, 'kid': 'first'})}.{part(claims)}."


def test_the_way_there_and_back(uni: Door) -> None:
    browser = uni.browser()
    asked = uni.begin(browser, "/login/uni?return_to=/twins?sort=name")
    assert asked["response_type"] == "code"
    assert asked["client_id"] == "t2m"
    assert asked["redirect_uri"] == "http://127.0.0.1:8080/login/uni/callback"
    assert asked["scope"] == "openid email profile"
    assert asked["code_challenge_method"] == "S256"
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    uni.provider.sign(uni.provider.claims(asked["nonce"], uni.site.clock.now()))
    back = uni.come_back(browser, asked["state"])
    assert (back.status_code, back.headers["location"]) == (303, "/twins?sort=name")
    sent = next(form for path, form in uni.provider.asked if path == "/token")
    assert sent["code"] == CODE
    digest = hashlib.sha256(sent["code_verifier"].encode()).digest()
    assert base64.urlsafe_b64encode(digest).decode().rstrip("=") == asked["code_challenge"]
    me = browser.get("/api/v1/me").json()
    assert (me["name"], me["email"], me["admin"]) == ("Lena", "lena@uni.example", True)
    assert "Lena" in browser.get("/login").text
    with uni.site.backend.database.read() as session:
        assert session.scalars(select(LoginAttempt)).all() == []


def test_what_a_login_waits_for_is_kept_sealed(uni: Door) -> None:
    browser = uni.browser()
    asked = uni.begin(browser)
    with uni.site.backend.database.read() as session:
        row = session.scalars(select(LoginAttempt)).one()
        kept = repr([getattr(row, column.key) for column in LoginAttempt.__table__.columns])
    for secret in (asked["state"], asked["nonce"], browser.cookies["t2m_login"]):
        assert secret not in kept


def test_a_forged_state_is_refused(uni: Door) -> None:
    browser = uni.browser()
    asked = uni.begin(browser)
    uni.provider.sign(uni.provider.claims(asked["nonce"], uni.site.clock.now()))
    assert uni.come_back(browser, "forged").status_code == 403
    assert uni.provider.times_asked("/token") == 0


def test_only_the_browser_that_began_comes_back(uni: Door) -> None:
    """Otherwise somebody could have others work in their account (login CSRF)."""
    attacker, victim = uni.browser(), uni.browser()
    asked = uni.begin(attacker)
    uni.provider.sign(uni.provider.claims(asked["nonce"], uni.site.clock.now()))
    assert uni.come_back(victim, asked["state"]).status_code == 403
    uni.begin(victim)
    again = uni.begin(attacker)
    assert uni.come_back(victim, again["state"]).status_code == 403
    assert uni.provider.times_asked("/token") == 0
    assert victim.get("/api/v1/me").status_code == 401


def test_a_callback_works_once(uni: Door) -> None:
    browser = uni.browser()
    asked = uni.begin(browser)
    uni.provider.sign(uni.provider.claims(asked["nonce"], uni.site.clock.now()))
    browser_cookie = browser.cookies["t2m_login"]
    assert uni.come_back(browser, asked["state"]).status_code == 303
    browser.cookies.set("t2m_login", browser_cookie)
    replayed = uni.come_back(browser, asked["state"])
    assert replayed.status_code == 403
    assert "used already" in replayed.text
    assert uni.provider.times_asked("/token") == 1


def test_an_attempt_ends_after_ten_minutes(uni: Door) -> None:
    browser = uni.browser()
    asked = uni.begin(browser)
    uni.site.clock.pass_by(600)
    uni.provider.sign(uni.provider.claims(asked["nonce"], uni.site.clock.now()))
    assert uni.come_back(browser, asked["state"]).status_code == 403
    uni.begin(uni.browser())
    with uni.site.backend.database.read() as session:
        assert len(session.scalars(select(LoginAttempt)).all()) == 1


def test_several_tabs_sign_in_at_once(sqlite_uni: Door) -> None:
    browser = sqlite_uni.browser()
    first, second = sqlite_uni.begin(browser), sqlite_uni.begin(browser)
    for asked in (first, second):
        sqlite_uni.provider.sign(sqlite_uni.provider.claims(asked["nonce"], sqlite_uni.site.clock.now()))
        cookie = browser.cookies.get("t2m_login")
        assert sqlite_uni.come_back(browser, asked["state"]).status_code == 303
        if asked is first:
            browser.cookies.set("t2m_login", str(cookie))


WRONG: list[dict[str, Any]] = [
    {"nonce": "another"},
    {"nonce": None},
    {"iss": "https://evil.example"},
    {"iss": None},
    {"aud": "another-client"},
    {"aud": []},
    {"aud": None},
    {"aud": ["t2m", "other"]},
    {"aud": ["t2m", "other"], "azp": "other"},
    {"azp": "other"},
    {"exp": 1},
    {"exp": None},
    {"exp": "soon"},
    {"iat": 1 << 40},
    {"iat": None},
    {"nbf": 1 << 40},
    {"sub": None},
    {"sub": ""},
    {"sub": 7},
    {"sub": "x" * 256},
    {"at_hash": "of-another-token"},
]


def test_an_id_token_that_does_not_hold_is_refused(sqlite_uni: Door) -> None:
    for claims in WRONG:
        browser = sqlite_uni.browser()
        assert sqlite_uni.sign_in(browser, **claims).status_code == 403, claims
        assert "t2m_session" not in browser.cookies


def test_what_the_standard_allows_is_accepted(sqlite_uni: Door) -> None:
    allowed: list[dict[str, Any]] = [{"aud": ["t2m", "other"], "azp": "t2m"}, {"aud": ["t2m"]}, {"azp": "t2m"}]
    for claims in allowed:
        assert sqlite_uni.sign_in(sqlite_uni.browser(), **claims).status_code == 303, claims


@pytest.mark.parametrize(("late_s", "status"), [(300 + 59, 303), (300 + 61, 403)])
def test_clocks_may_differ_by_a_minute(sqlite_uni: Door, late_s: int, status: int) -> None:
    browser = sqlite_uni.browser()
    asked = sqlite_uni.begin(browser)
    sqlite_uni.provider.sign(sqlite_uni.provider.claims(asked["nonce"], sqlite_uni.site.clock.now()))
    sqlite_uni.site.clock.pass_by(late_s)
    assert sqlite_uni.come_back(browser, asked["state"]).status_code == status


def _hmac(claims: dict[str, Any], key: bytes) -> str:
    # Keys taken for secrets: whoever knows them could sign.
    return jwt.encode({"alg": "HS256", "kid": "first"}, claims, OctKey.import_key(key), algorithms=["HS256"])


def test_a_token_without_the_providers_signature_is_refused(sqlite_uni: Door) -> None:
    provider = sqlite_uni.provider
    public = json.dumps(signing_key("first").as_dict(private=False)).encode()
    forged: dict[str, Callable[[dict[str, Any]], str | None]] = {
        "none": lambda claims: unsecured(claims),
        "None": lambda claims: unsecured(claims, "None"),
        "signed with our secret": lambda claims: _hmac(claims, SECRET.encode()),
        "signed with the public key as a secret": lambda claims: _hmac(claims, public),
        "another key": lambda claims: jwt.encode({"alg": "RS256", "kid": "first"}, claims, signing_key("mallory's")),
        "cut": lambda claims: jwt.encode({"alg": "RS256", "kid": "first"}, claims, signing_key("first"))[:-2],
        "no token": lambda claims: None,
    }
    for how, make in forged.items():
        browser = sqlite_uni.browser()
        asked = sqlite_uni.begin(browser)
        provider.id_token = make(provider.claims(asked["nonce"], sqlite_uni.site.clock.now()))
        assert sqlite_uni.come_back(browser, asked["state"]).status_code == 403, how
        assert "t2m_session" not in browser.cookies


def test_keys_are_kept_and_looked_up_once_more_when_the_provider_has_new_ones(sqlite_uni: Door) -> None:
    assert sqlite_uni.sign_in(sqlite_uni.browser()).status_code == 303
    assert sqlite_uni.sign_in(sqlite_uni.browser()).status_code == 303
    assert sqlite_uni.provider.times_asked("/keys") == 1
    assert sqlite_uni.provider.times_asked("/.well-known/openid-configuration") == 1
    for known, status, asked_in_all in ((["second"], 303, 2), (["second"], 303, 2), (["third"], 403, 3)):
        sqlite_uni.provider.keys = known
        browser = sqlite_uni.browser()
        asked = sqlite_uni.begin(browser)
        claims = sqlite_uni.provider.claims(asked["nonce"], sqlite_uni.site.clock.now())
        sqlite_uni.provider.sign(claims, "second" if status == 303 else "fourth")
        assert sqlite_uni.come_back(browser, asked["state"]).status_code == status
        assert sqlite_uni.provider.times_asked("/keys") == asked_in_all
    sqlite_uni.site.clock.pass_by(3601)
    sqlite_uni.begin(sqlite_uni.browser())
    assert sqlite_uni.provider.times_asked("/.well-known/openid-configuration") == 2


def test_an_answer_of_another_provider_is_refused(sqlite_uni: Door) -> None:
    """RFC 9207: the code would otherwise be sent to a provider that must not see it."""
    browser = sqlite_uni.browser()
    for more in ({"iss": "https://evil.example"}, {"iss": sqlite_uni.provider.issuer}):
        asked = sqlite_uni.begin(browser)
        sqlite_uni.provider.sign(sqlite_uni.provider.claims(asked["nonce"], sqlite_uni.site.clock.now()))
        answer = sqlite_uni.come_back(browser, asked["state"], **more)
        assert answer.status_code == (403 if "evil" in more["iss"] else 303)
    assert sqlite_uni.provider.times_asked("/token") == 1


def test_a_provider_that_says_it_names_itself_has_to(sqlite_uni: Door) -> None:
    sqlite_uni.provider.metadata = {"authorization_response_iss_parameter_supported": True}
    assert sqlite_uni.sign_in(sqlite_uni.browser()).status_code == 403


def test_what_the_token_leaves_out_comes_from_userinfo_of_the_same_person(sqlite_uni: Door) -> None:
    facts = {"email": "lena@uni.example", "name": "Lena L.", "groups": []}
    left_out: dict[str, Any] = dict.fromkeys(facts)
    for subject, status in (("lena", 303), ("mallory", 403)):
        sqlite_uni.provider.userinfo = {"sub": subject, **facts}
        browser = sqlite_uni.browser()
        assert sqlite_uni.sign_in(browser, **left_out).status_code == status
        if status == 303:
            assert browser.get("/api/v1/me").json()["name"] == "Lena L."


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"metadata": {"issuer": "https://evil.example"}}, "another issuer"),
        ({"metadata": {"token_endpoint": "http://id.example.org/token"}}, "not https"),
        ({"metadata": {"jwks_uri": "file:///etc/passwd"}}, "not https"),
        ({"metadata": {"jwks_uri": None}}, "no discovery document"),
        ({"metadata": {"authorization_endpoint": "::"}}, "is no address"),
        ({"padding": 2 << 20}, "more than"),
    ],
)
def test_a_discovery_document_that_cannot_be_trusted_is_refused(
    sqlite_uni: Door, change: dict[str, Any], told: str
) -> None:
    for name, value in change.items():
        setattr(sqlite_uni.provider, name, value)
    answer = sqlite_uni.browser().get("/login/uni")
    assert answer.status_code == 503
    assert told in answer.text


def test_a_provider_that_refuses_or_is_gone_is_told_of(sqlite_uni: Door) -> None:
    browser, provider = sqlite_uni.browser(), sqlite_uni.provider
    provider.token_error = "invalid_grant"
    refused = sqlite_uni.sign_in(browser)
    assert (refused.status_code, "invalid_grant" in refused.text) == (403, True)
    declined = sqlite_uni.come_back(browser, sqlite_uni.begin(browser)["state"], error="access_denied")
    assert (declined.status_code, "declined" in declined.text) == (403, True)
    odd = sqlite_uni.come_back(browser, sqlite_uni.begin(browser)["state"], error="<script>alert(1)</script>")
    assert "<script>alert" not in odd.text
    asked = sqlite_uni.begin(browser)
    assert browser.get("/login/uni/callback", params={"state": asked["state"]}).status_code == 403


def test_one_comes_back_to_a_page_of_ours_only(sqlite_uni: Door) -> None:
    for target in ("//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example", "x", "/a\r\nb", ""):
        browser = sqlite_uni.browser()
        there = urlsplit(browser.get("/login/uni", params={"return_to": target}).headers["location"]).query
        asked = {name: values[0] for name, values in parse_qs(there).items()}
        sqlite_uni.provider.sign(sqlite_uni.provider.claims(asked["nonce"], sqlite_uni.site.clock.now()))
        assert sqlite_uni.come_back(browser, asked["state"]).headers["location"] == "/", target


def test_github_vouches_by_number_and_verified_primary_address(sqlite_file: str, tmp_path: Path) -> None:
    with door(tmp_path / "d", sqlite_file, provider={"kind": "github"}, admission={"domains": ["uni.example"]}) as hub:
        provider: FakeProvider = hub.provider
        provider.id_token = None
        provider.userinfo = {"id": 4711, "login": "lena", "name": None}
        cases: list[tuple[list[dict[str, Any]], int]] = [
            ([{"email": "lena@uni.example", "primary": True, "verified": False}], 403),
            ([{"email": "lena@uni.example", "primary": False, "verified": True}], 403),
            ([], 403),
            (
                [
                    {"email": "x@y.example", "primary": False, "verified": True},
                    {"email": "lena@uni.example", "primary": True, "verified": True},
                ],
                303,
            ),
        ]
        for emails, status in cases:
            provider.emails = emails
            browser = hub.browser()
            asked = hub.begin(browser)
            assert asked["scope"] == "read:user user:email"
            assert asked["code_challenge_method"] == "S256"
            assert hub.come_back(browser, asked["state"]).status_code == status
        me = browser.get("/api/v1/me").json()
        assert (me["name"], me["email"]) == ("lena", "lena@uni.example")
        provider.userinfo = {"login": "lena"}
        assert hub.come_back(browser, hub.begin(browser)["state"]).status_code == 403
