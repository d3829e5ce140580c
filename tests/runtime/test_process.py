"""Processing: what of a batch is kept, what is set aside and why, and that a failure anywhere changes nothing."""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.runtime.parts import HOT_RULE, NOW, Twin, at, raw, spec_of, twin
from twin2multicloud.model.spec import DeviceGroup, Rule
from twin2multicloud.runtime.envelope import PROBE_DEVICE, Event, RawMessage, decode, decode_raw, items_of, probe_event
from twin2multicloud.runtime.failures import DeviceOfflineError, HandlerError, StoreError
from twin2multicloud.runtime.handlers.ingest import normalise
from twin2multicloud.runtime.handlers.process import Process

SPEC = spec_of(HOT_RULE)
Message = RawMessage | Event


def posted(message: RawMessage) -> Event:
    """The message as another cloud's sender posts it."""
    return normalise(message, SPEC)


# ── What is kept and what is set aside ──────────────────────────────────────────────────────────────────────────
def test_a_batch_of_everything(tmp_path: Path) -> None:
    with twin(tmp_path, HOT_RULE) as here:
        done = here.process(
            [
                raw(ts=at(0), temperature=20.5, note="kept, though the type does not name it"),
                posted(raw("meter-2", ts=at(0), temperature=21)),
                raw(ts=at(1), temperature="warm"),
                posted(raw(ts=at(2), temperature=151)),
                raw(ts=at(3)),
                RawMessage("meter-1", b"[1]", NOW),
                RawMessage("nobody", b"{}", NOW),
                RawMessage("meter-1", b'{"id": "c", "status": "ok"}', NOW, "result"),
                RawMessage("meter-1", b'{"connected": false}', NOW, "state"),
            ]
        )
        assert (done.messages, len(done.kept), done.dropped, len(done.letters)) == (9, 2, 2, 5)
        assert [event.data for event in here.stored()] == [
            {"temperature": 20.5, "note": "kept, though the type does not name it"},
            {"temperature": 21},
        ]
        assert sorted(here.reports.kinds) == ["disconnected", *["invalid"] * 3, "malformed", "unknown-device"]
        assert {letter.reason for letter in here.letters.list()} == {
            "a JSON array; a message is a JSON object of its fields",
            "temperature: 'warm' is not of type double",
            "temperature: 151 °C is above 150",
            "temperature: is required",
            "the twin has no device 'nobody'",
        }
        state = here.graph.get("meter-1")
        assert state is not None
        assert (state.values, state.times) == ({"temperature": 20.5}, {"temperature": at(0)})
        assert [event.type for event in here.topics.on("alerts")] == ["twin2multicloud.command-result"]


@pytest.mark.parametrize(
    ("message", "kind", "layer", "severity"),
    [
        (RawMessage("meter-1", b"{", NOW), "malformed", "L1", "warning"),
        (RawMessage("nobody", b"{}", NOW), "unknown-device", "L1", "warning"),
        (raw(temperature=None), "invalid", "L2", "warning"),
        (raw("coded-1", value=1.0), "user-code", "L2", "error"),
        (Event("e", "/x", "twin2multicloud.telemetry", "nobody", at(0), {}), "unknown-device", "L1", "warning"),
        (Event("e", "/x", "twin2multicloud.telemetry", "meter-1", at(0), [1]), "invalid", "L2", "warning"),
        (Event("e", "/x", "twin2multicloud.telemetry", "meter-1", at(0), None), "invalid", "L2", "warning"),
    ],
)
def test_every_kind_of_error(tmp_path: Path, message: Message, kind: str, layer: str, severity: str) -> None:
    with twin(tmp_path, sources={"coded": "def process(r, d): raise RuntimeError('no')"}) as here:
        here.process([message])
        (report,), (letter,) = here.reports.all, here.letters.list()
        assert (report.kind, report.layer, report.severity) == (kind, layer, severity)
        assert (report.component, letter.component, letter.topic) == ("process", "process", "intake")
        assert report.message == letter.reason
        assert (
            report.device == letter.device == (message.device if isinstance(message, RawMessage) else message.subject)
        )
        assert report.trace in (letter.trace, letter.id)
        assert here.stored() == []


@pytest.mark.parametrize(
    ("payload", "reported"),
    [
        (b'{"id": "c", "status": "ok"}', []),
        (b'{"id": "c", "status": "failed", "message": "stuck"}', ["the device answered a command with 'stuck'"]),
        (b'{"id": "c"}', ["the device answered a command with 'failed'"]),
        (b"{}", ["the device answered a command with 'failed'"]),
    ],
)
def test_answers_to_commands(tmp_path: Path, payload: bytes, reported: list[str]) -> None:
    with twin(tmp_path) as here:
        here.process([RawMessage("meter-1", payload, NOW, "result")])
        assert [report.message for report in here.reports.all] == reported
        assert len(here.topics.on("alerts")) == 1
        assert here.stored() == []
        assert here.letters.list() == []


def test_duplicates_in_a_batch_and_later(tmp_path: Path) -> None:
    with twin(tmp_path, Rule("each", "meter", "temperature > 30", trigger="each")) as here:
        one = raw(ts=at(0), temperature=31.5)
        done = here.process([one, posted(one), one, raw("meter-2", ts=at(0), temperature=31.5)])
        assert len(done.kept) == 2
        here.process([posted(one)])
        assert [(event.subject, event.data) for event in here.stored()] == [
            ("meter-1", {"temperature": 31.5}),
            ("meter-2", {"temperature": 31.5}),
        ]
        assert len(here.topics.on("alerts")) == 2


def test_late_messages_are_stored_and_change_no_twin(tmp_path: Path) -> None:
    with twin(tmp_path) as here:
        here.process([raw(ts=at(10), temperature=10, label="new")])
        here.process([raw(ts=at(5), temperature=5, count=7)])
        state = here.graph.get("meter-1")
        assert state is not None
        assert state.values == {"temperature": 10, "label": "new", "count": 7}
        assert [event.data["temperature"] for event in here.stored()] == [5, 10]


def test_user_code_may_drop_and_change(tmp_path: Path) -> None:
    source = "def process(r, d):\n    return None if r['value'] < 0 else {'value': r['value'] * 2, 'type': d.type}\n"
    with twin(tmp_path, sources={"coded": source}) as here:
        done = here.process([raw("coded-1", ts=at(n), value=float(v)) for n, v in enumerate((-1, 2))])
        assert done.dropped == 1
        (event,) = here.stored()
        assert event.data == {"value": 4.0, "type": "coded"}
        assert event.id == posted(raw("coded-1", ts=at(1), value=2.0)).id
        assert here.letters.list() == []


def test_a_device_that_is_offline_and_a_twin_that_is_not_there(tmp_path: Path) -> None:
    spec = msgspec.structs.replace(SPEC, devices=(*SPEC.devices, DeviceGroup("meter", names=("late-comer",))))
    with twin(tmp_path, spec=spec) as here:
        here.graph.delete_entities(["late-comer"])

        def offline(_commands: Any) -> None:
            raise DeviceOfflineError("late-comer")

        here.devices.send = offline  # type: ignore[assignment, method-assign]
        here.process([raw("late-comer", ts=at(0), temperature=40), raw(ts=at(0), temperature=20)])
        assert here.reports.kinds == ["graph-failed", "action-failed"]
        assert [report.layer for report in here.reports.all] == ["L4", "L1"]
        assert len(here.stored()) == 2
        assert here.graph.get("meter-1").values == {"temperature": 20}  # type: ignore[union-attr]


# ── Dead letters ────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_letter_goes_back_once_its_cause_is_fixed(tmp_path: Path) -> None:
    broken = {"coded": "def process(r, d): return r['missing']"}
    message = raw("coded-1", ts=at(0), value=1.5)
    with twin(tmp_path, sources=broken) as here:
        here.process([message, RawMessage("nobody-yet", msgspec.json.encode({"temperature": 1.5}), NOW)])
        here.process([message])
        letters = here.letters.list()
        assert len(letters) == 2, "a message that comes again is one letter"
    spec = msgspec.structs.replace(SPEC, devices=(*SPEC.devices, DeviceGroup("meter", names=("nobody-yet",))))
    with twin(tmp_path, spec=spec) as here:
        here.process([item for letter in letters for item in items_of(letter.body)])
        here.letters.remove([letter.id for letter in letters])
        assert {event.subject: event.data for event in here.stored()} == {
            "coded-1": {"value": 1.5},
            "nobody-yet": {"temperature": 1.5},
        }
        assert posted(message).id in {event.id for event in here.stored()}
        assert here.letters.count() == 0


def test_a_letter_holds_the_message_as_it_came(tmp_path: Path) -> None:
    payload = '{"temperature": 1e308, "label": "☃", "ts": 1790000000}'.encode()
    with twin(tmp_path) as here:
        event = posted(raw(ts=at(0), temperature="x", count=2**70))
        here.process([RawMessage("meter-1", payload[:-1], NOW + 0.5), event])
        bodies = [letter.body for letter in here.letters.list()]
        raws = [decode_raw(body) for body in bodies if body.startswith(b'{"device"')]
        assert raws == [RawMessage("meter-1", payload[:-1], NOW + 0.5)]
        assert [decode(body) for body in bodies if not body.startswith(b'{"device"')] == [event]


# ── Failures ────────────────────────────────────────────────────────────────────────────────────────────────────
def batches() -> list[list[Message]]:
    """Two batches that use every port: records, twins, an alert that begins and ends, commands, actions, letters."""
    return [
        [
            raw("meter-1", ts=at(0), temperature=20.5),
            raw("meter-1", ts=at(1), temperature=31.5),
            posted(raw("meter-2", ts=at(0), temperature=35)),
            raw("meter-3", ts=at(0), temperature="?"),
            RawMessage("meter-1", b"no JSON", NOW),
            RawMessage("meter-1", b'{"status": "failed"}', NOW, "result"),
        ],
        [
            raw("meter-1", ts=at(2), temperature=20),
            raw("meter-1", ts=at(3), temperature=32),
            raw("meter-2", ts=at(5), temperature=20),
            raw("coded-1", ts=at(1), value=-0.0),
            raw("meter-4", ts=at(1)),
        ],
    ]


def run(process: Process, batch: list[Message], tries: int = 20) -> int:
    """Deliver a batch until it is handled; how often that failed."""
    for number in range(tries):
        try:
            process(batch)
        except (HandlerError, StoreError):
            continue
        return number
    raise AssertionError("never handled")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What two batches leave when nothing fails."""
    with twin(tmp_path_factory.mktemp("undisturbed"), HOT_RULE) as here:
        for batch in batches():
            here.process(batch)
        outcome = here.outcome()
    assert len(outcome["records"]) == 7
    # One begins twice and ends once, one begins and ends; and an answer to a command.
    assert (len(outcome["alerts"]), len(outcome["commands"]), len(outcome["actions"])) == (6, 3, 3)
    assert len(outcome["letters"]) == 3
    return outcome


CALLS = [
    ("letters", "put"),
    ("hot", "put"),
    ("graph", "update"),
    ("states", "load"),
    ("states", "save"),
    ("topics", "publish"),
    ("devices", "send"),
]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("port", "call"), CALLS)
def test_a_failure_of_any_call_changes_nothing(
    tmp_path: Path, undisturbed: dict[str, Any], port: str, call: str, when: str
) -> None:
    """The nth call of a port fails, for every n: before it has an effect, or after it with the answer lost."""
    for number in itertools.count():
        count = itertools.count()
        failed: list[Any] = []

        def fails(its_port: str, its_call: str, count: Any = count, number: int = number, failed: Any = failed) -> str:
            if (its_port, its_call) == (port, call) and next(count) == number:
                failed.append(number)
                return when
            return ""

        directory = tmp_path / str(number)
        directory.mkdir()
        with twin(directory, HOT_RULE, fails=fails) as here:
            retries = sum(run(here.process, batch) for batch in batches())
            assert here.outcome() == undisturbed
        if not failed:
            break
        assert retries == 1
    assert number >= 1, "the call is used"


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_failures_all_over_the_place(tmp_path: Path, undisturbed: dict[str, Any], seed: int, restart: bool) -> None:
    """A third of all calls fail, one way or the other; with `restart`, every delivery meets a new process."""
    chance = random.Random(seed)

    def fails(_port: str, _call: str) -> str:
        return chance.choice(["before", "after"]) if chance.random() < 1 / 3 else ""

    alerts: dict[str, dict[str, Event]] = {}
    commands: dict[str, Any] = {}
    for batch in batches():
        for _ in range(400):
            here = Twin(tmp_path, SPEC, fails=fails)
            here.topics.by_topic, here.devices.done = alerts, commands
            try:
                run(here.process, batch, 1 if restart else 400)
            except AssertionError:
                continue
            finally:
                outcome = here.outcome()
                here.close()
            break
    assert outcome == undisturbed


def test_reports_come_once_although_the_batch_comes_again(tmp_path: Path) -> None:
    fails = iter(["before"])
    with twin(tmp_path, HOT_RULE, fails=lambda port, _call: next(fails, "") if port == "hot" else "") as here:
        assert run(here.process, batches()[0]) == 1
        assert sorted(here.reports.kinds) == ["action-failed", "invalid", "malformed"]


def test_what_a_failing_store_says(tmp_path: Path) -> None:
    for port, layer, kind in (("hot", "L3", "write-failed"), ("graph", "L4", "graph-failed")):
        directory = tmp_path / port
        directory.mkdir()
        fails = iter(["before"])
        with twin(directory, fails=lambda its, _call, p=port, f=fails: next(f, "") if its == p else "") as here:
            with pytest.raises(HandlerError) as caught:
                here.process([raw(ts=at(0), temperature=1)])
            assert (caught.value.report.layer, caught.value.report.kind) == (layer, kind)


# ── Probes ──────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_probe_gets_to_the_store_and_leaves_nothing(tmp_path: Path) -> None:
    with twin(tmp_path, HOT_RULE) as here:
        put: list[str] = []
        stored = here.hot.put
        here.hot.put = lambda events: (put.extend(event.id for event in events), stored(events))[1]  # type: ignore[func-returns-value, method-assign]
        done = here.process([raw(ts=at(0), temperature=20.5), probe_event("test", "probe-1", at(1))])
        assert put[-1] == "probe-1"
        assert (done.messages, len(done.kept), done.updates) == (2, 1, 1)
        assert [event.subject for event in here.stored()] == ["meter-1"]
        assert here.hot.last(PROBE_DEVICE) is None
        assert here.graph.get(PROBE_DEVICE) is None
        assert here.reports.kinds == []


def test_a_probe_fails_with_the_store(tmp_path: Path) -> None:
    with twin(tmp_path) as here:

        def refuse(events: object) -> None:
            raise StoreError("away")

        here.hot.put = refuse  # type: ignore[method-assign]
        with pytest.raises(HandlerError, match="hot store: away"):
            here.process([probe_event("test", "probe-1", at(1))])
