"""Who may come in, who becomes what, and what providers' claims are worth."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.app.login.fake_oidc import FakeProvider, signing_key
from tests.app.login.flows import Door, door
from twin2multicloud.app.auth.admission import check_admission
from twin2multicloud.app.auth.claims import identity_of
from twin2multicloud.app.auth.id_token import Expected, check_id_token
from twin2multicloud.app.auth.identity import Identity
from twin2multicloud.app.db.tables import User, Workspace, WorkspaceMember
from twin2multicloud.app.errors import SignInRefusedError
from twin2multicloud.app.services import people
from twin2multicloud.app.settings import Admission, OidcProvider, read_settings
from twin2multicloud.model.errors import InvalidInputError


def somebody(name: str) -> Identity:
    return Identity(subject=f"https://id.example|{name}", email=f"{name}@x.example", email_verified=True, name=name)


def test_the_first_owns_the_place_and_those_after_are_in_no_workspace(uni: Door) -> None:
    first, second = uni.browser(), uni.browser()
    uni.sign_in(first)
    uni.sign_in(second, sub="max", email="max@uni.example", name="Max")
    me = first.get("/api/v1/me").json()
    assert me["admin"]
    assert [(each["name"], each["role"]) for each in me["workspaces"]] == [("default", "owner")]
    me = second.get("/api/v1/me").json()
    assert (me["name"], me["admin"], me["workspaces"]) == ("Max", False, [])
    assert second.get("/api/v1/twins").json()["items"] == []


def test_of_several_who_come_first_at_once_one_is_first(uni: Door) -> None:
    backend, ready = uni.site.backend, threading.Barrier(6)

    def come(name: str) -> None:
        ready.wait()
        with backend.database.write() as session:
            people.admit(backend, session, somebody(name))

    with ThreadPoolExecutor(6) as pool:
        # Everybody twice: the same person in two windows is one person.
        list(pool.map(come, ("ann", "bob", "cem") * 2))
    with backend.database.read() as session:
        assert session.scalar(select(func.count()).select_from(User)) == 3
        assert session.scalar(select(func.count()).select_from(User).where(User.admin)) == 1
        assert session.scalar(select(func.count()).select_from(WorkspaceMember)) == 1
        assert session.scalar(select(func.count()).select_from(Workspace).where(Workspace.name == "default")) == 1


def test_an_installation_that_was_somebodys_own_gets_its_first_person(uni: Door) -> None:
    with uni.site.backend.database.write() as session:
        people.add_user(
            uni.site.backend, session, subject="local|lena", email="lena@localhost", name="lena", first=True
        )
    browser = uni.browser()
    uni.sign_in(browser)
    me = browser.get("/api/v1/me").json()
    assert (me["admin"], [each["name"] for each in me["workspaces"]]) == (True, ["default"])


def test_names_and_addresses_follow_the_provider(uni: Door) -> None:
    browser = uni.browser()
    uni.sign_in(browser)
    uni.sign_in(browser, name="Lena Mayer", email="mayer@uni.example")
    me = browser.get("/api/v1/me").json()
    assert (me["name"], me["email"], me["admin"]) == ("Lena Mayer", "mayer@uni.example", True)


def test_whoever_was_shut_out_cannot_come_in_again(uni: Door) -> None:
    browser = uni.browser()
    uni.sign_in(browser)
    with uni.site.backend.database.write() as session:
        session.scalars(select(User)).one().disabled = True
    answer = uni.sign_in(uni.browser())
    assert (answer.status_code, "shut out" in answer.text) == (403, True)


RULES = {"domains": ["uni.example"], "groups": ["guests"], "emails": ["Eve@else.example"]}


@pytest.mark.parametrize(
    ("claims", "admitted"),
    [
        ({}, True),
        ({"email": "lena@UNI.example"}, True),
        ({"email": "lena@evil-uni.example"}, False),
        ({"email": "lena@uni.example.evil.example"}, False),
        ({"email": "lena@sub.uni.example"}, False),
        ({"email": "lena@uni.example@evil.example"}, False),
        ({"email_verified": False}, False),
        ({"email_verified": None}, False),
        ({"email_verified": "yes"}, False),
        ({"email": "x@else.example"}, False),
        ({"email": "eve@else.example"}, True),
        ({"email": "eve@else.example", "email_verified": False}, False),
        ({"email": "x@else.example", "groups": ["guests", "others"]}, True),
        ({"email": "x@else.example", "groups": "guests"}, True),
        ({"email": "x@else.example", "groups": ["guest"]}, False),
        ({"email": "", "groups": []}, False),
    ],
    ids=str,
)
def test_rules_let_in_by_domain_group_or_address(claims: dict[str, Any], admitted: bool) -> None:
    usual = FakeProvider("https://id.example").claims("n", 0)
    identity = identity_of({**usual, **claims}, provider("oidc"))
    with nullcontext() if admitted else pytest.raises(SignInRefusedError, match="whoever runs this installation"):
        check_admission(Admission.model_validate(RULES), identity)


def test_rules_hold_for_the_first_person_too(sqlite_file: str, tmp_path: Path) -> None:
    """An open installation must not become that of whoever finds it."""
    with door(tmp_path / "d", sqlite_file, admission=RULES) as made:
        answer = made.sign_in(made.browser(), email="eve@evil.example")
        assert (answer.status_code, "whoever runs this installation" in answer.text) == (403, True)
        with made.site.backend.database.read() as session:
            assert session.scalars(select(User)).all() == []
        assert made.sign_in(made.browser()).status_code == 303


def provider(kind: str, **more: Any) -> OidcProvider:
    return OidcProvider.model_validate({"kind": kind, "issuer": "", "client_id": "c", "client_secret": "s", **more})


@pytest.mark.parametrize(
    ("kind", "claims", "verified"),
    [
        ("oidc", {"email_verified": True}, True),
        ("oidc", {}, False),
        # An address of an organization that Google does not run may have become somebody else's since.
        ("google", {"email_verified": True}, False),
        ("google", {"email_verified": True, "hd": "uni.example"}, True),
        ("google", {"hd": "uni.example"}, False),
        # Whoever runs a tenant of Microsoft's can write any address into it.
        ("microsoft", {"email_verified": True}, False),
        ("microsoft", {"xms_edov": True}, True),
        ("microsoft", {"xms_edov": False}, False),
    ],
)
def test_when_an_address_is_somebodys(kind: str, claims: dict[str, Any], verified: bool) -> None:
    found = identity_of({"iss": "https://i.example", "sub": "s", "email": "a@uni.example", **claims}, provider(kind))
    assert found.email_verified is verified


def test_some_providers_can_be_trusted_with_addresses_by_setting() -> None:
    claims = {"iss": "https://i.example", "sub": "s", "email": "a@uni.example"}
    assert identity_of(claims, provider("oidc", trust_email=True)).email_verified
    assert identity_of({**claims, "iss": "accounts.google.com"}, provider("google")).subject == (
        "https://accounts.google.com|s"
    )


def test_a_tenant_of_microsofts_speaks_for_itself_only() -> None:
    """The issuer of an installation for all tenants is a template; a token's own tenant has to fit it."""
    tenant, other = (f"{n}" * 8 + "-1111-1111-1111-" + f"{n}" * 12 for n in (1, 2))
    base = "https://login.microsoftonline.com"
    fake = FakeProvider(f"{base}/{tenant}/v2.0")
    expected = Expected((f"{base}/{{tenantid}}/v2.0",), "t2m", "n")
    keys: list[dict[str, Any]] = [{**signing_key("first").as_dict(private=False), "issuer": expected.issuers[0]}]

    def check(keys: list[dict[str, Any]], **claims: Any) -> dict[str, Any]:
        fake.sign(fake.claims("n", 1000, **claims))
        return check_id_token(str(fake.id_token), keys, expected, 1000)

    assert check(keys, tid=tenant)["sub"] == "lena"
    for refused in ({"tid": other}, {}, {"tid": "{tenantid}"}, {"tid": "../x"}):
        with pytest.raises(SignInRefusedError):
            check(keys, **refused)
    with pytest.raises(SignInRefusedError, match="another issuer"):
        check([{**keys[0], "issuer": f"{base}/{other}/v2.0"}], tid=tenant)


@pytest.mark.parametrize(
    ("name", "given", "told"),
    [
        ("local", {"issuer": "https://i.example"}, "becomes part of addresses"),
        ("a/b", {"issuer": "https://i.example"}, "becomes part of addresses"),
        ("uni", {}, "needs its issuer"),
        ("uni", {"issuer": "http://i.example"}, "https://"),
    ],
)
def test_settings_that_cannot_be_safe_are_refused(name: str, given: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidInputError, match=told):
        read_settings(auth="login", oidc={name: {"client_id": "c", "client_secret": "s", **given}})
