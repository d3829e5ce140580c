"""`optimize`, `offers` and `prices` by the prices of a server: what they say where its book is."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from starlette.types import Message, Receive, Scope, Send

from tests.app.backends import site
from tests.app.conftest import migrated
from tests.cli.conftest import Outcome, call
from tests.patience import PATIENCE_S
from twin2multicloud.app.api.app import create_app
from twin2multicloud.app.api.optimizer_app import create_optimizer_app
from twin2multicloud.app.db.database import sqlite_url
from twin2multicloud.app.optimizing.books import Book
from twin2multicloud.app.settings import read_settings
from twin2multicloud.optimizer.pricing.book import book_texts

NOWHERE = "http://127.0.0.1:1"
TOKEN = "a-token-that-nobody-guesses"
BATCH = "".join(
    json.dumps({"devices": devices, "message_interval_s": 60, "message_size_bytes": 200}) + "\n" for devices in (5, 50)
)


@dataclass(frozen=True)
class Place:
    """A directory with a price book of one's own, and perhaps a server that has it in use."""

    directory: Path
    url: str = NOWHERE
    key: str = TOKEN

    def __call__(self, *arguments: str, env: Mapping[str, str] | None = None) -> Outcome:
        home = {
            "HOME": str(self.directory),
            "XDG_CONFIG_HOME": str(self.directory / "config"),
            "XDG_CACHE_HOME": str(self.directory / "cache"),
            "T2M_CACHE": "",
        }
        return call(*arguments, env={"T2M_API_KEY": self.key, **home, **(env or {})})

    @property
    def book(self) -> str:
        return str(self.directory / "prices")

    @property
    def batch(self) -> str:
        return str(self.directory / "two.jsonl")


class Asked:
    """An app, and what was asked for its price book: with which If-None-Match, and with which status it answered."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self.found: list[tuple[str, int]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def told(message: Message) -> None:
            if message["type"] == "http.response.start" and scope["path"] == "/api/v1/prices/book":
                self.found.append((dict(scope["headers"]).get(b"if-none-match", b"").decode(), message["status"]))
            await send(message)

        await self._app(scope, receive, told)


@contextmanager
def listening(app: FastAPI | Asked, listener: socket.socket) -> Iterator[None]:
    """An app served in a thread."""
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
    thread.start()
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not server.started:
            assert time.monotonic() < deadline, "it does not listen"
            time.sleep(0.005)
        yield
    finally:
        server.should_exit = True
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


@contextmanager
def optimizer_with(book: Book, port: int = 0) -> Iterator[str]:
    """The optimizer alone by a book; its URL."""
    with asked_optimizer_with(book, port) as (url, _):
        yield url


@contextmanager
def asked_optimizer_with(book: Book, port: int = 0) -> Iterator[tuple[str, list[tuple[str, int]]]]:
    """The same, and what it was asked for its book."""
    with socket.create_server(("127.0.0.1", port)) as listener:
        port = listener.getsockname()[1]
        settings = read_settings(only="optimizer", optimizer_processes=0, optimizer_token=TOKEN, port=port)
        asked = Asked(create_optimizer_app(settings, book))
        with listening(asked, listener):
            yield f"http://127.0.0.1:{port}", asked.found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A server by a book that has one price changed."""
    directory = tmp_path_factory.mktemp("served")
    (directory / "two.jsonl").write_text(BATCH)
    (directory / "prices").mkdir()
    for name, text in book_texts().items():
        (directory / "prices" / name).write_text(
            text.replace('"eu-central-1"], usd = 9,', '"eu-central-1"], usd = 19,')
        )
    database = sqlite_url(directory / "app.db")
    migrated(database)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with site(directory / "data", database, prices=directory / "prices", port=port) as here:
            key = here.person("olga").token
            with listening(create_app(here.backend), listener):
                yield Place(directory, f"http://127.0.0.1:{port}", key)


@pytest.fixture
def here(tmp_path: Path) -> Place:
    """A place where nobody serves."""
    return Place(tmp_path)


ON_AWS = ("--providers", "aws", "--region", "aws=us-east-1")


@pytest.mark.parametrize(
    ("arguments", "differs"),
    [
        pytest.param(("optimize", "smart-home", *ON_AWS, "--json"), True, marks=pytest.mark.slow),
        pytest.param(("optimize", "{batch}", *ON_AWS), True, marks=pytest.mark.slow),
        (("prices", "explain", "aws.grafana.editors", "--region", "us-east-1", "--quantity", "2"), True),
        (("prices", "show", "--meter", "grafana", "--json"), True),
        (("offers", "--slot", "L5", "--json"), False),
        (("optimize", "smart-home", "--region", "aws=mars"), False),
        (("optimize", "smart-home", "--model", "edt25", "--json"), False),
    ],
)
def test_the_same_is_said_with_the_server_as_where_its_book_is(
    place: Place, arguments: tuple[str, ...], differs: bool
) -> None:
    given = [each.format(batch=place.batch) for each in arguments]
    ours = place(*given)
    theirs = place(*given, "--prices", place.book) if "edt25" not in given else ours
    served = place(*given, "--server", place.url)
    assert served == theirs
    assert (served != ours) is differs, "where a price counts, the book does"


def test_the_server_is_named_before_the_command_or_by_a_profile(place: Place) -> None:
    arguments = ("prices", "explain", "aws.grafana.editors", "--region", "us-east-1", "--json")
    served = place(*arguments, "--server", place.url)
    assert served.json["figures"][0]["published"] == [19.0]
    assert place("--server", place.url, *arguments) == served
    (place.directory / "config/twin2multicloud").mkdir(parents=True, exist_ok=True)
    file = place.directory / "config/twin2multicloud/profiles.toml"
    file.write_text(f'current = "ours"\n\n[profiles.ours]\nserver = "{place.url}"\nkey = "{place.key}"\n')
    file.chmod(0o600)
    try:
        assert place(*arguments, "--profile", "ours", env={"T2M_API_KEY": ""}) == served
        ours = place(*arguments)
        assert ours.json["figures"][0]["published"] == [9.0], "the profile in use alone changes nothing"
        assert place(*arguments, "--profile", "local") == ours
    finally:
        file.unlink()


def test_the_environment_alone_asks_nobody(here: Place) -> None:
    for arguments in (("offers", "--slot", "L5"), ("prices", "show", "--meter", "grafana")):
        assert here(*arguments, env={"T2M_SERVER": NOWHERE}) == here(*arguments)


@pytest.mark.parametrize(
    "arguments",
    [("optimize", "smart-home"), ("offers",), ("prices", "show"), ("prices", "explain", "aws.grafana.editors")],
    ids=" ".join,
)
def test_what_cannot_be_meant_is_refused(here: Place, arguments: tuple[str, ...]) -> None:
    both = here(*arguments, "--server", NOWHERE, "--prices", "anywhere")
    assert (both.code, "--prices: http://127.0.0.1:1 has a price book of its own" in both.err) == (2, True), both.err
    keyless = here(*arguments, "--server", NOWHERE, env={"T2M_API_KEY": ""})
    assert (keyless.code, "there is no key for" in keyless.err) == (2, True)
    unknown = here(*arguments, "--profile", "nobody")
    assert (unknown.code, "there is no profile 'nobody'" in unknown.err) == (2, True)
    told = " ".join(here(*arguments[: 2 if arguments[0] == "prices" else 1], "--help").out.split())
    assert "by the prices that this server has in use" in told


def test_a_servers_prices_may_be_too_old(place: Place) -> None:
    refused = place("optimize", "smart-home", "--max-price-age", "0", "--server", place.url)
    assert refused.code == 5
    assert "Have the server refresh its prices, or allow more days" in refused.err


def test_the_optimizer_alone_has_its_book_as_well(here: Place) -> None:
    with optimizer_with(Book.of(book_texts())) as url:
        shown = here("prices", "show", "--meter", "grafana", "--server", url)
    assert shown == here("prices", "show", "--meter", "grafana")


def test_a_book_that_is_read_otherwise_here_is_not_calculated_by(here: Place) -> None:
    sound = Book.of(book_texts())
    arguments = ("prices", "show", "--meter", "grafana", "--json", "--server")
    with optimizer_with(Book(replace(sound.prices, content_hash="0" * 64), sound.texts)) as url:
        other = here(*arguments, url)
    assert (other.code, other.json["error"]["kind"]) == (6, "unknown-answer")
    assert f"there reads its price book {sound.prices.version} as 000000000000, but" in other.json["error"]["message"]
    assert f"here reads it as {sound.hash[:12]}" in other.json["error"]["message"]
    later = {**sound.texts, "aws.toml": f'later = "than us"\n{sound.texts["aws.toml"]}'}
    with optimizer_with(Book(sound.prices, later)) as url:
        newer = here(*arguments, url)
    assert newer.code == 6
    assert "here finds it faulty (aws.toml:later" in newer.json["error"]["message"]


def changed(book: Book) -> Book:
    """A book with one price changed."""
    return Book.of(
        {
            name: text.replace('"eu-central-1"], usd = 9,', '"eu-central-1"], usd = 19,')
            for name, text in book.texts.items()
        }
    )


def test_a_book_is_sent_once_as_long_as_it_is_in_use(here: Place) -> None:
    first, second = Book.of(book_texts()), changed(Book.of(book_texts()))
    shown = ("prices", "show", "--meter", "grafana", "--json", "--server")
    with asked_optimizer_with(first) as (url, asked):
        port = int(url.rpartition(":")[2])
        sent = here(*shown, url)
        assert here(*shown, url) == sent == here(*shown[:-1])
        offered = here("offers", "--slot", "L5", "--server", url)
        assert offered == here("offers", "--slot", "L5")
    tag = f'W/"{first.hash}"'
    assert asked == [("", 200), (tag, 304), (tag, 304)]
    [file] = (here.directory / "cache/twin2multicloud/prices").iterdir()
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    with asked_optimizer_with(second, port) as (url, asked):
        taken = here(*shown, url)
        assert taken != sent
        assert here(*shown, url) == taken
    assert asked == [(tag, 200), (f'W/"{second.hash}"', 304)]


def test_a_kept_book_that_is_damaged_is_fetched_anew(here: Place) -> None:
    shown = ("prices", "show", "--meter", "grafana", "--json", "--server")
    with asked_optimizer_with(Book.of(book_texts())) as (url, asked):
        sound = here(*shown, url)
        [file] = (here.directory / "cache/twin2multicloud/prices").iterdir()
        content = file.read_bytes()
        assert b"usd = 9," in content
        for damaged, questions in (
            (content.replace(b"usd = 9,", b"usd = 19,"), [304, 200]),  # which only its hash tells
            (content.replace(b"usd = 9,", b"usd = nine,"), [304, 200]),
            (content[:1000], [200]),
            (b"", [200]),
        ):
            file.write_bytes(damaged)
            asked.clear()
            assert here(*shown, url) == sound
            assert [status for _, status in asked] == questions
            assert file.read_bytes() == content
        file.chmod(0o644)
        asked.clear()
        assert here(*shown, url) == sound
        assert asked == [("", 200)], "somebody else may have written it"
        assert file.stat().st_mode & 0o777 == 0o600


def test_where_nothing_can_be_kept_a_book_is_fetched_each_time(here: Place) -> None:
    (here.directory / "cache").write_text("no directory")
    with asked_optimizer_with(Book.of(book_texts())) as (url, asked):
        for _ in range(2):
            assert here("prices", "show", "--meter", "grafana", "--server", url).code == 0
    assert asked == [("", 200), ("", 200)]
