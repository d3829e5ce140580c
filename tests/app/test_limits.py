"""How often and how much: rate limits and the size of bodies."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.app.backends import Clock, Site, site
from twin2multicloud.app.api.addresses import client_address, neighbourhood, proxies_of
from twin2multicloud.app.api.bodies import BodyMiddleware
from twin2multicloud.app.api.limits import Buckets
from twin2multicloud.app.settings import read_settings
from twin2multicloud.model.errors import InvalidInputError


@pytest.fixture
def narrow(sqlite_file: str, tmp_path: Path) -> Iterator[Site]:
    limits = {"principal_per_minute": 5, "anonymous_per_minute": 3}
    with site(tmp_path / "data", sqlite_file, limits=limits, trusted_proxies=("10.0.0.0/8",)) as made:
        yield made


def status(here: Site, path: str = "/health/live", token: str | None = None, **headers: str) -> int:
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    found: int = here.http.get(path, headers=headers).status_code
    return found


# ── Rates ───────────────────────────────────────────────────────────────────────────────────────────────────
def test_who_asks_too_often_is_told_when_to_come_again(narrow: Site) -> None:
    answers = [narrow.http.get("/health/live") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[0].headers["ratelimit-policy"] == '"address";q=3;w=60'
    assert [answer.headers["ratelimit"] for answer in answers] == [
        '"address";r=2;t=0',
        '"address";r=1;t=0',
        '"address";r=0;t=20',
        '"address";r=0;t=20',
    ]
    refused = answers[-1]
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["retry-after"] == "20"
    problem = refused.json()
    assert problem["type"] == "urn:twin2multicloud:problem:too-many-requests"
    assert problem["details"] == {"retry_after_s": 20}
    assert refused.headers["x-correlation-id"] == problem["correlation_id"] != "-"
    narrow.clock.pass_by(20)
    assert [status(narrow) for _ in range(2)] == [200, 429]


def test_somebody_known_has_a_bucket_of_their_own_whatever_their_keys(narrow: Site) -> None:
    olga = narrow.person("olga")
    other = narrow.key(olga.user_id)
    path = "/api/v1/twins"
    assert [status(narrow, path, olga.token), status(narrow, path, other)] == [200, 200]
    assert [status(narrow, path, token) for token in (olga.token, other) * 3] == [200] * 5 + [429]
    assert [status(narrow) for _ in range(2)] == [200, 429]  # both keys counted once for the address


def test_made_up_keys_buy_nothing(narrow: Site) -> None:
    """Neither where they are refused nor where nobody looks at them."""
    path = "/api/v1/twins"
    assert [status(narrow, path, f"t2m_{number}") for number in range(5)] == [401, 401, 401, 429, 429]
    narrow.clock.pass_by(60)
    assert [status(narrow, "/health/live", "t2m_same") for _ in range(5)] == [200, 200, 200, 429, 429]


def test_a_key_that_holds_no_more_counts_for_the_address_again(narrow: Site) -> None:
    olga = narrow.person("olga")
    path = "/api/v1/keys"
    key = olga.get("keys")["items"][0]["id"]
    olga.call("DELETE", f"keys/{key}", code=204)
    assert [status(narrow, path, olga.token) for _ in range(5)] == [401, 401, 401, 429, 429]


def test_signing_in_is_rarer(sqlite_file: str, tmp_path: Path) -> None:
    """Only what begins a login counts, not the pages on the way."""
    with site(tmp_path / "data", sqlite_file, limits={"anonymous_per_minute": 50, "login_per_minute": 2}) as made:
        path = "/login/somewhere"
        assert [status(made, "/login") for _ in range(5)] == [200] * 5
        assert [status(made, path) for _ in range(3)] == [404, 404, 429]
        assert status(made, path, made.person("olga").token) == 429
        assert status(made) == 200
        made.clock.pass_by(30)
        assert [status(made, path) for _ in range(2)] == [404, 429]


def test_refusals_have_the_headers_of_all_answers(narrow: Site) -> None:
    answers = [narrow.http.get("/health/live") for _ in range(4)]
    for header in ("x-content-type-options", "x-correlation-id"):
        assert header in answers[0].headers
        assert header in answers[-1].headers


def test_an_unproxied_client_cannot_choose_its_address(narrow: Site) -> None:
    codes = [status(narrow, **{"X-Forwarded-For": f"192.0.2.{number}"}) for number in range(4)]
    assert codes == [200, 200, 200, 429]


@pytest.mark.parametrize(
    ("client", "forwarded", "expected"),
    [
        ("198.51.100.7", ["192.0.2.1"], "198.51.100.7"),
        ("10.0.0.5", [], "10.0.0.5"),
        ("10.0.0.5", ["192.0.2.1"], "192.0.2.1"),
        ("10.0.0.5", ["203.0.113.9, 192.0.2.1"], "192.0.2.1"),
        ("10.0.0.5", ["203.0.113.9", "192.0.2.1, 10.9.9.9"], "192.0.2.1"),
        ("10.0.0.5", ["10.1.1.1"], "10.1.1.1"),
        ("10.0.0.5", ["unknown, 10.1.1.1"], "10.1.1.1"),
        ("10.0.0.5", ["192.0.2.1, <script>"], "10.0.0.5"),
        ("::ffff:10.0.0.5", ["2001:db8::1"], "2001:db8::1"),
        ("10.0.0.5", ["[2001:db8::1]"], "2001:db8::1"),
        ("testclient", ["192.0.2.1"], "testclient"),
    ],
)
def test_where_a_request_comes_from(client: str, forwarded: list[str], expected: str) -> None:
    scope = {
        "client": (client, 1),
        "headers": [(b"x-forwarded-for", each.encode()) for each in forwarded],
    }
    assert client_address(scope, proxies_of(["10.0.0.0/8"])) == expected


def test_a_customer_of_ipv6_is_one() -> None:
    assert neighbourhood("2001:db8:0:1:aaaa::1") == neighbourhood("2001:db8:0:1:bbbb::2") == "2001:db8:0:1::/64"
    assert neighbourhood("192.0.2.1") == "192.0.2.1"


def test_a_proxy_that_is_no_network_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="is neither an address nor a network"):
        read_settings(data=tmp_path, trusted_proxies=("proxy.local",))


@given(st.lists(st.floats(0, 30), min_size=1, max_size=200), st.integers(1, 20))
def test_no_minute_has_more_than_twice_its_worth(pauses: list[float], per_minute: int) -> None:
    """A full bucket at once, and what flows in meanwhile."""
    clock = Clock()
    buckets = Buckets("x", per_minute, clock)
    taken: list[float] = []
    for pause in pauses:
        clock.pass_by(pause)
        if buckets.take("a").allowed:
            taken.append(clock.now())
    for begin in taken:
        assert sum(begin <= at < begin + 60 for at in taken) <= 2 * per_minute


def test_memory_is_bounded_and_time_that_goes_back_takes_nothing() -> None:
    clock = Clock()
    buckets = Buckets("x", 2, clock, most=10)
    for number in range(100):
        buckets.take(number)
    assert len(buckets) == 10
    assert [buckets.take("a").allowed for _ in range(3)] == [True, True, False]
    clock.pass_by(-3600)
    assert not buckets.take("a").allowed
    clock.pass_by(30)
    assert buckets.take("a").allowed


# ── Bodies ──────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def small(sqlite_file: str, tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path / "data", sqlite_file, max_body_bytes=2_000) as made:
        yield made


@pytest.mark.parametrize("chunked", [False, True])
def test_too_much_is_refused(small: Site, chunked: bool) -> None:
    olga = small.person("olga")
    body = b'{"source": "' + b"x" * 3_000 + b'"}'
    content: Any = iter([body[:1_500], body[1_500:]]) if chunked else body
    answer = olga.call("POST", "twins", code=413, content=content, headers={"Content-Type": "application/json"})
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["connection"] == "close"
    assert answer.json()["type"] == "urn:twin2multicloud:problem:too-large"
    assert "2000 bytes" in answer.json()["detail"]
    olga.create_twin()


def test_no_more_is_read_than_is_accepted() -> None:
    """Whatever length is said, and whatever the application makes of its exceptions."""
    read = 0
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        nonlocal read
        read += 1_000
        return {"type": "http.request", "body": b"x" * 1_000, "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    async def app(_scope: Any, receive: Any, _send: Any) -> None:
        while True:
            await receive()

    scope = {"type": "http", "headers": [(b"content-length", b"10")]}
    asyncio.run(BodyMiddleware(app, most=5_000)(scope, receive, send))
    assert read == 6_000
    assert sent[0]["status"] == 413
