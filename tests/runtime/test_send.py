"""Senders: batches over a real socket into a real receiver, refusals, and what a peer that is none of ours costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.runtime.parts import NOW, Link, Reports, at, key, raw, spec_of
from tests.runtime.peers import Behaviour, answers, closes, hangs, peer, receiving
from twin2multicloud.model.spec import Batching
from twin2multicloud.runtime.adapters.local.dead_letters import LocalDeadLetters
from twin2multicloud.runtime.envelope import Event, RawMessage
from twin2multicloud.runtime.failures import HandlerError, RejectedError, StoreError
from twin2multicloud.runtime.handlers.ingest import normalise
from twin2multicloud.runtime.handlers.receive import Receive
from twin2multicloud.runtime.handlers.send import Send, Sent
from twin2multicloud.runtime.link_client import LinkClient, Retry

SPEC = spec_of(batching=Batching(link_messages=4, link_bytes=2000))


class Sending:
    """A sender, what it set aside and reported; `waits` are how many reports there were at each wait for an attempt."""

    def __init__(self, directory: Path, url: str, attempts: int) -> None:
        self.link = Link(directory, "telemetry", url)
        self.letters = LocalDeadLetters(directory / "letters.db")
        self.reports = Reports()
        self.waits: list[int] = []
        self.client = LinkClient(
            self.link.source,
            retry=Retry(attempts),
            timeout_s=0.3 if attempts > 2 else 5.0,
            now=lambda: NOW,
            sleep=lambda _s: self.waits.append(len(self.reports.all)),
        )
        self.posts: list[tuple[int, int, int, int]] = []
        self.send = Send("telemetry", SPEC, client=self.client, dead_letters=self.letters, reporter=self.reports)

    def __call__(self, *messages: RawMessage | Event) -> Sent:
        return self.send(messages, lambda *figures: self.posts.append(figures))


@contextmanager
def sending(directory: Path, url: str, attempts: int = 2) -> Iterator[Sending]:
    made = Sending(directory, url, attempts)
    try:
        yield made
    finally:
        made.client.close()
        made.letters.close()
        made.link.close()


class Taking:
    """A receiver that refuses the events it is told to."""

    def __init__(self, directory: Path) -> None:
        self.kept: list[Event] = []
        self.sizes: list[int] = []
        self.refused: set[str] = set()
        self.fails = 0
        self.link = Link(directory, "telemetry")
        self.receive = Receive(
            links=self.link.source,
            nonces=self.link.nonces,
            reporter=Reports(),
            now=lambda: NOW,
            hands={"telemetry": self.take},
        )

    def take(self, events: Sequence[Event]) -> None:
        if self.fails:
            self.fails -= 1
            raise StoreError("down")
        if bad := self.refused & {event.data.get("label") for event in events}:
            raise RejectedError(f"{sorted(bad)} cannot be stored")
        self.kept += events
        self.sizes.append(len(events))


@contextmanager
def pair(directory: Path) -> Iterator[tuple[Sending, Taking]]:
    (directory / "there").mkdir()
    there = Taking(directory / "there")
    with receiving(there.receive) as url, sending(directory, url) as here:
        yield here, there
    there.link.close()


def events(count: int, **more: Any) -> list[Event]:
    return [normalise(raw(ts=at(n), label=f"{n}", **more), SPEC) for n in range(count)]


def test_batches_are_as_large_as_they_may_be(tmp_path: Path) -> None:
    with pair(tmp_path) as (here, there):
        sent = here(*events(10))
        assert there.kept == events(10)
        assert there.sizes == [4, 4, 2]
        assert (sent.messages, sent.posts) == (10, 3)
        assert [figures[1] for figures in here.posts] == [4, 4, 2]
        assert sum(figures[0] for figures in here.posts) == sent.wire_bytes
        assert sum(figures[2] for figures in here.posts) == sent.raw_bytes
        here(*events(3, nested={"x": "y" * 900}))
        assert there.sizes[3:] == [1, 1, 1], "two would have more bytes than a batch takes"
        here(*events(1, nested={"x": "y" * 9000}))
        assert there.sizes[6:] == [1], "one that is larger travels alone"


def test_raw_messages_become_events_on_the_way(tmp_path: Path) -> None:
    with pair(tmp_path) as (here, there):
        here(raw(ts=at(0), temperature=1.5), RawMessage("meter-1", b"?", NOW), RawMessage("nobody", b"{}", NOW))
        assert [event.data for event in there.kept] == [{"temperature": 1.5}]
        assert here.reports.kinds == ["malformed", "unknown-device"]
        assert {letter.topic for letter in here.letters.list()} == {"telemetry-outbox"}
        assert {letter.component for letter in here.letters.list()} == {"telemetry-sender"}


def test_nothing_is_posted_for_nothing(tmp_path: Path) -> None:
    with pair(tmp_path) as (here, there):
        assert here() == Sent()
        assert here(RawMessage("nobody", b"{}", NOW)).posts == 0
        assert there.sizes == []


def test_what_is_refused_is_alone_in_the_dead_letters(tmp_path: Path) -> None:
    with pair(tmp_path) as (here, there):
        there.refused = {"2", "5", "6"}
        sent = here(*events(10))
        assert sorted(event.data["label"] for event in there.kept) == ["0", "1", "3", "4", "7", "8", "9"]
        letters = here.letters.list()
        assert sorted(msgspec.json.decode(letter.body)["data"]["label"] for letter in letters) == ["2", "5", "6"]
        assert all("cannot be stored" in letter.reason for letter in letters)
        assert here.reports.kinds == ["link-refused"] * 3
        assert {(r.severity, r.link) for r in here.reports.all} == {("error", "telemetry")}
        assert sum(figures[1] for figures in here.posts) == 7
        assert sent.messages == 10
        # Once its cause is gone, a letter's message goes the same way again.
        there.refused = set()
        here(*(msgspec.json.decode(letter.body, type=Event) for letter in letters))
        assert sorted(event.data["label"] for event in there.kept) == [str(n) for n in range(10)]


def test_a_receiver_that_is_down_for_a_moment(tmp_path: Path) -> None:
    with pair(tmp_path) as (here, there):
        there.fails = 1
        here(*events(4))
        assert there.kept == events(4)
        assert here.letters.list() == []
        assert here.reports.kinds == [], "one attempt may fail"


GOOD = answers(202, b'{"accepted":4}')


@pytest.mark.parametrize(
    ("behaviour", "attempt"),
    [
        pytest.param(answers(500, b"broken"), 2, id="500"),
        pytest.param(closes, 2, id="closed"),
        pytest.param(answers(429, b"", "retry-after: 1"), 2, id="429"),
        pytest.param(answers(429, b"", "retry-after: 20"), 1, id="429, for long"),
        pytest.param(hangs, 1, id="silence"),
    ],
)
def test_trouble_is_told_while_it_is_tried_again(tmp_path: Path, behaviour: Behaviour, attempt: int) -> None:
    with peer(behaviour, behaviour, behaviour, GOOD) as there, sending(tmp_path, there.url, attempts=4) as here:
        assert here(*events(4)).posts == 1
        assert here.waits == [int(number >= attempt) for number in (1, 2, 3)], "told before the last attempt, once"
        (report,) = here.reports.all
        assert (report.kind, report.severity, report.link) == ("link-timeout", "warning", "telemetry")
        assert f"(attempt {attempt}; it is tried again)" in report.message


def test_what_was_told_is_not_told_again_when_it_is_given_up(tmp_path: Path) -> None:
    with peer(answers(500)) as there, sending(tmp_path, there.url, attempts=4) as here:
        for times in (1, 2):
            with pytest.raises(HandlerError) as caught:
                here(*events(4))
            assert (caught.value.report.kind, caught.value.reports) == ("link-timeout", [])
            assert here.reports.kinds == ["link-timeout"] * times


def test_another_trouble_at_the_end_is_told_too(tmp_path: Path) -> None:
    with peer(answers(500), answers(500), answers(401)) as there, sending(tmp_path, there.url, attempts=3) as here:
        with pytest.raises(HandlerError) as caught:
            here(*events(4))
        assert here.reports.kinds == ["link-timeout"]
        assert [report.kind for report in caught.value.reports] == ["link-refused"]


def test_a_receiver_that_is_down_for_longer(tmp_path: Path) -> None:
    with pair(tmp_path) as (here, there):
        there.fails = 2
        with pytest.raises(HandlerError) as caught:
            here(*events(4))
        report = caught.value.report
        assert (report.kind, report.severity, report.link) == ("link-timeout", "warning", "telemetry")
        assert here.letters.list() == []
        here(*events(4))
        assert there.kept == events(4)


def test_wrong_keys_hold_everything_back(tmp_path: Path) -> None:
    with pair(tmp_path) as (here, there):
        there.link.write(key(5))
        there.link.source.forget()
        with pytest.raises(HandlerError) as caught:
            here(*events(2))
        assert caught.value.report.kind == "link-refused"
        assert (there.kept, here.letters.list()) == ([], [])
        there.link.write(key(1), key(5))
        there.link.source.forget()
        here(*events(2))
        assert there.kept == events(2)


@pytest.mark.parametrize(
    "body", [b"", b"<html>Welcome</html>", b"{}", b"[]", b'{"accepted":2}', b'{"accepted":"3"}', b"\xff"]
)
def test_an_answer_that_is_not_our_receivers_is_none(tmp_path: Path, body: bytes) -> None:
    with peer(answers(200, body)) as there, sending(tmp_path, there.url) as here:
        with pytest.raises(HandlerError) as caught:
            here(*events(3))
        assert caught.value.report.kind == "link-timeout"
        assert here.letters.list() == []
        assert here.posts == []
