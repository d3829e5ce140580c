"""People are told of alerts by webhook and e-mail: once, signed, again until it is taken, and not by the hundred."""

from __future__ import annotations

import hashlib
import hmac
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.app.backends import Person, Site, site
from tests.app.deployments import raised
from tests.app.receivers import Hook, Mailbox, hook, mailbox
from twin2multicloud.app.db.tables import Event, Twin
from twin2multicloud.app.monitoring.notifying import Notifier, notifying
from twin2multicloud.app.services import alerts, webhooks
from twin2multicloud.app.settings import Webhooks

LOOPBACK = {"private_networks": ["127.0.0.0/8"]}


@pytest.fixture
def receiver() -> Iterator[Hook]:
    with hook() as made:
        yield made


@pytest.fixture
def mails() -> Iterator[Mailbox]:
    with mailbox() as made:
        yield made


@pytest.fixture
def here(database_url: str, tmp_path: Path, mails: Mailbox) -> Iterator[Site]:
    smtp = {"host": "127.0.0.1", "port": mails.port, "security": "none", "sender": "twins@example.org",
            "mails_per_minute": 2}  # fmt: skip
    with site(tmp_path / "data", database_url, webhooks=LOOPBACK, smtp=smtp) as made:
        yield made


@pytest.fixture
def twin(here: Site, owner: Person) -> str:
    found: str = owner.create_twin()["id"]
    return found


def routes(here: Site) -> str:
    return f"workspaces/{here.workspace_id}/alert-routes"


def route(here: Site, owner: Person, name: str, to: str | list[str], **more: Any) -> Any:
    leads = {"kind": "webhook", "url": to} if isinstance(to, str) else {"kind": "email", "to": to}
    return owner.post(routes(here), {"name": name, **leads, **more}, 201)


def tell(here: Site) -> None:
    """Tell all that is due."""
    notifier = Notifier(here.backend)
    for each in notifier.due():
        notifier.tell(each)


def notices(here: Site, owner: Person, made: Any) -> list[tuple[str, int, str]]:
    found = owner.get(f"{routes(here)}/{made['id']}/notices?sort=created_at")["items"]
    return [(each["status"], each["attempts"], each["problem"]) for each in found]


# ── Webhooks ────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_webhook_is_told_once_and_can_verify_it(here: Site, owner: Person, twin: str, receiver: Hook) -> None:
    made = route(here, owner, "on call", receiver.url)
    alert = raised(here, twin)
    raised(here, twin)
    tell(here)
    tell(here)
    (post,) = receiver.posts
    assert post.json["reason"] == "new"
    assert post.json["url"] == "http://127.0.0.1:8080/alerts"
    told = post.json["alert"]
    assert (told["id"], told["twin"], told["twin_name"]) == (alert, twin, "greenhouse")
    assert (told["kind"], told["severity"], told["layer"]) == ("link-timeout", "error", "L2")
    head = post.headers
    parts = ("t2m-notice1", head["t2m-notice"], head["t2m-timestamp"], head["t2m-nonce"],
             hashlib.sha256(post.body).hexdigest())  # fmt: skip
    right = hmac.new(made["secret"].encode(), "\n".join(parts).encode(), hashlib.sha256).hexdigest()
    assert head["t2m-signature"] == right
    assert head["idempotency-key"] == post.json["id"]
    assert notices(here, owner, made) == [("sent", 1, "")]
    assert owner.get(f"{routes(here)}/{made['id']}")["told_at"]


def test_what_is_not_taken_is_told_again_under_the_same_id(
    here: Site, owner: Person, twin: str, receiver: Hook
) -> None:
    made = route(here, owner, "on call", receiver.url)
    receiver.answers += [(500, {}), (429, {"Retry-After": "120"}), (302, {"Location": "http://127.0.0.1:1/"})]
    raised(here, twin)
    tell(here)
    tell(here)  # it is not due yet
    assert len(receiver.posts) == 1
    for wait_s, status, attempts in ((2.1, "waiting", 2), (100, "waiting", 2), (21, "waiting", 3), (9, "sent", 4)):
        here.clock.pass_by(wait_s)
        tell(here)
        assert notices(here, owner, made)[0][:2] == (status, attempts)
    assert len({post.headers["t2m-notice"] for post in receiver.posts}) == 1
    assert len({post.headers["t2m-nonce"] for post in receiver.posts}) == 4
    with here.backend.database.read() as session:
        told = [each.message for each in session.query(Event).filter_by(kind="alert-route.failed")]
    assert told == ["the route on call cannot be told by: 127.0.0.1 answers 500"], "once, not with every attempt"


def test_what_cannot_be_told_within_a_day_is_given_up(here: Site, owner: Person, twin: str, receiver: Hook) -> None:
    made = route(here, owner, "on call", receiver.url)
    raised(here, twin)
    for _ in range(40):
        receiver.answers[:] = [(503, {})]
        tell(here)
        here.clock.pass_by(3_600)
    assert notices(here, owner, made)[0][0] == "failed"
    assert len(receiver.posts) < 40
    assert owner.get(f"{routes(here)}/{made['id']}")["problem"] == "127.0.0.1 answers 503"


def test_one_that_is_not_taken_does_not_hold_up_others(here: Site, owner: Person, twin: str, receiver: Hook) -> None:
    made = route(here, owner, "on call", receiver.url)
    receiver.answers.append((400, {}))
    raised(here, twin, "one")
    tell(here)
    here.clock.pass_by(1)
    raised(here, twin, "two")
    tell(here)
    assert [each[0] for each in notices(here, owner, made)] == ["waiting", "sent"]


def test_routes_choose_by_severity_twin_and_layer(here: Site, owner: Person, twin: str, receiver: Hook) -> None:
    other = owner.create_twin("barn")["id"]
    chosen: dict[str, dict[str, Any]] = {
        "critical": {"min_severity": "critical"},
        "barn": {"twins": [other]},
        "storage": {"layers": ["L3"]},
        "off": {"enabled": False},
        "later": {"only_escalated": True},
        "processing": {"layers": ["L2"], "twins": [twin, other]},
    }
    for name, more in chosen.items():
        route(here, owner, name, receiver.url, **more)
    raised(here, twin)
    waiting = {each["name"]: each["waiting"] for each in owner.get(routes(here))["items"]}
    assert waiting == {"critical": 0, "barn": 0, "storage": 0, "off": 0, "later": 0, "processing": 1}


def test_a_crash_between_telling_and_noting_tells_again_with_the_same_id(
    here: Site, owner: Person, twin: str, receiver: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    route(here, owner, "on call", receiver.url)
    raised(here, twin)

    def die(*_: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(Notifier, "_end", die)
        with pytest.raises(SystemExit):
            tell(here)
    tell(here)
    assert len(receiver.posts) == 2
    assert len({post.headers["idempotency-key"] for post in receiver.posts}) == 1


def test_a_route_that_does_not_answer_holds_up_itself_only(
    here: Site, owner: Person, twin: str, receiver: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    route(here, owner, "slow", "http://127.0.0.1:9/")
    route(here, owner, "quick", receiver.url)
    slow, go_on = threading.Event(), threading.Event()
    checked = webhooks.check_address

    def check(url: str, *more: Any) -> str:
        if ":9/" in url:
            slow.set()
            go_on.wait(10)
        return checked(url, *more)

    monkeypatch.setattr(webhooks, "check_address", check)
    with notifying(here.backend):
        begun = time.monotonic()
        raised(here, twin)
        while not receiver.posts:
            assert time.monotonic() - begun < 8, "it was told by nobody"
            time.sleep(0.01)
        assert slow.wait(5)
        go_on.set()


@pytest.mark.parametrize(
    ("url", "addresses", "problem"),
    [
        ("https://hooks.example.org/", ["10.0.0.5"], "not a public address"),
        ("https://hooks.example.org/", ["93.184.215.14", "127.0.0.1"], "not a public address"),
        ("https://hooks.example.org/", ["169.254.169.254"], "not a public address"),
        ("https://hooks.example.org/", ["::1"], "not a public address"),
        ("https://hooks.example.org/", ["fe80::1%eth0"], "not a public address"),
        ("https://hooks.example.org/", ["::ffff:10.0.0.5"], "not a public address"),
        ("https://hooks.example.org/", ["64:ff9b::a00:5"], "not a public address"),
        ("https://hooks.example.org/", ["2002:a00:5::1"], "not a public address"),
        ("https://hooks.example.org/", ["100.64.0.1"], "not a public address"),
        ("https://hooks.example.org/", ["224.0.0.1"], "not a public address"),
        ("https://hooks.example.org/", ["0.0.0.0"], "not a public address"),
        ("https://hooks.example.org/", [], "has no address"),
        ("http://hooks.example.org/", ["93.184.215.14"], "over https:// only"),
        ("https://somebody@hooks.example.org/", ["93.184.215.14"], "without a user's name"),
        ("ftp://hooks.example.org/", ["93.184.215.14"], "is not https"),
    ],
)
def test_nothing_is_posted_where_strangers_may_not(url: str, addresses: list[str], problem: str) -> None:
    with pytest.raises(webhooks.DeliveryError, match=problem):
        webhooks.check_address(url, Webhooks(), lambda host, port: addresses)


def test_what_an_operator_allows_may_be_posted_to() -> None:
    allowed = Webhooks(private_networks=("10.0.0.0/8",))
    assert webhooks.check_address("http://hooks/", allowed, lambda host, port: ["10.0.0.5"]) == "10.0.0.5"
    with pytest.raises(webhooks.DeliveryError, match="not a public address"):
        webhooks.check_address("http://hooks/", allowed, lambda host, port: ["10.0.0.5", "192.168.0.1"])


def test_a_name_that_answers_differently_a_moment_later_leads_nowhere(receiver: Hook) -> None:
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    found = webhooks.Webhook(receiver.url.replace("127.0.0.1", "hooks.example.org"), "secret")
    settings = Webhooks(private_networks=("127.0.0.0/8",))
    webhooks.post(found, "ntc_1", b"{}", "nonce", settings, lookup=lambda host, port: next(answers))
    (post,) = receiver.posts
    assert post.headers["host"].startswith("hooks.example.org:")
    assert next(answers) == ["10.0.0.1"], "it was looked up once"


def test_over_tls_the_name_is_verified_though_an_address_is_connected_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = certificate_for(tmp_path, "hooks.example.org")
    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ours.load_cert_chain(certificate, key)
    names: list[str | None] = []
    ours.sni_callback = lambda _socket, name, _context: names.append(name)
    trusting = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr("twin2multicloud.app.services.webhooks.httpx2.Client", partial(httpx2.Client, verify=trusting))
    settings = Webhooks(private_networks=("127.0.0.0/8",))
    with hook(ours) as secure:
        for name, posted in (("hooks.example.org", 1), ("other.example.org", 1)):
            found = webhooks.Webhook(secure.url.replace("127.0.0.1", name), "secret")
            given = (found, "ntc_1", b"{}", "nonce", settings)
            if name.startswith("hooks"):
                webhooks.post(*given, lookup=lambda host, port: ["127.0.0.1"])
            else:
                with pytest.raises(webhooks.DeliveryError, match="does not answer"):
                    webhooks.post(*given, lookup=lambda host, port: ["127.0.0.1"])
            assert len(secure.posts) == posted
    assert names == ["hooks.example.org", "other.example.org"]


def certificate_for(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files


def test_addresses_are_shown_to_nobody(here: Site, owner: Person, receiver: Hook) -> None:
    made = route(here, owner, "on call", receiver.url)
    shown = owner.call("GET", f"{routes(here)}/{made['id']}").text + owner.call("GET", "audit").text
    assert "canary-in-an-address" not in shown
    assert made["secret"] not in shown
    assert made["address"].startswith("http://127.0.0.1:")
    renewed = owner.post(f"{routes(here)}/{made['id']}/secret")
    assert renewed["secret"] not in (made["secret"], None)
    private = owner.post(
        f"workspaces/{here.workspace_id}/alert-routes",
        {"kind": "webhook", "name": "x", "url": "https://10.0.0.1/"},
        422,
    )
    assert "webhooks.private_networks" in private["detail"]


# ── E-mail ──────────────────────────────────────────────────────────────────────────────────────────────────
def test_people_are_told_by_mail(here: Site, owner: Person, twin: str, mails: Mailbox) -> None:
    made = route(here, owner, "team", ["ada@example.org", "bo@example.org"])
    raised(here, twin, severity="critical")
    tell(here)
    (mail,) = mails.mails
    assert mail["Subject"] == "[critical] greenhouse aws L2: no answer"
    assert (mail["From"], mail["To"]) == ("twins@example.org", "ada@example.org, bo@example.org")
    assert mail["Auto-Submitted"] == "auto-generated"
    text = mail.get_content()
    assert "twin   greenhouse (aws L2)" in text
    assert "http://127.0.0.1:8080/alerts" in text
    assert notices(here, owner, made) == [("sent", 1, "")]


def test_a_storm_is_a_few_mails(here: Site, owner: Person, twin: str, mails: Mailbox) -> None:
    route(here, owner, "team", ["ada@example.org"])
    for number in range(50):
        raised(here, twin, f"fold-{number}")
        tell(here)
        here.clock.pass_by(1)
    assert len(mails.mails) == 2, "as many as may be within a minute"
    here.clock.pass_by(15)
    tell(here)
    assert [mail["Subject"] for mail in mails.mails[2:]] == ["48 alerts of greenhouse"]
    assert mails.mails[2].get_content().count("twin   greenhouse") == 48


def test_mail_that_is_refused_is_tried_again(here: Site, owner: Person, twin: str, mails: Mailbox) -> None:
    made = route(here, owner, "team", ["ada@example.org"])
    mails.refuses = ("ada@example.org",)
    raised(here, twin)
    tell(here)
    assert notices(here, owner, made)[0][0] == "waiting"
    assert "refuses it" in owner.get(f"{routes(here)}/{made['id']}")["problem"]
    mails.refuses = ()
    here.clock.pass_by(3)
    tell(here)
    assert notices(here, owner, made) == [("sent", 2, "")]
    assert owner.get(f"{routes(here)}/{made['id']}")["problem"] == ""


def test_what_programs_write_becomes_no_header(here: Site, owner: Person, twin: str, mails: Mailbox) -> None:
    other = owner.create_twin("a-b")["id"]
    route(here, owner, "team", ["ada@example.org"])
    with here.backend.database.write() as session:
        problem = alerts.Problem("x", "quota", "error", "one\r\nBcc: eve@example.org\x1b[2J", here.backend.now())
        alerts.fold_in(here.backend, session, session.get_one(Twin, other), "sandbox", [problem])
    tell(here)
    (mail,) = mails.mails
    assert mail["Bcc"] is None
    assert mail["Subject"] == "[error] a-b: one Bcc: eve@example.org [2J"


def test_without_a_server_there_is_no_mail(sqlite_file: str, tmp_path: Path) -> None:
    with site(tmp_path / "data", sqlite_file) as bare:
        body = {"kind": "email", "name": "team", "to": ["ada@example.org"]}
        refused = bare.person("olga").post(f"workspaces/{bare.workspace_id}/alert-routes", body, 409)
    assert "smtp.host" in refused["detail"]


# ── Tests of routes ─────────────────────────────────────────────────────────────────────────────────────────
def test_a_route_is_tried(here: Site, owner: Person, receiver: Hook, mails: Mailbox) -> None:
    by_hook, by_mail = route(here, owner, "on call", receiver.url), route(here, owner, "team", ["ada@example.org"])
    assert owner.post(f"{routes(here)}/{by_hook['id']}/test")["told"]
    assert owner.post(f"{routes(here)}/{by_mail['id']}/test")["told"]
    assert receiver.posts[0].json["reason"] == "test"
    assert "tests the route 'team'" in mails.mails[0]["Subject"]
    receiver.answers.append((404, {}))
    found = owner.post(f"{routes(here)}/{by_hook['id']}/test")
    assert (found["told"], found["problem"]) == (False, "127.0.0.1 answers 404")
