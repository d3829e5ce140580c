"""Handing commands over: what one device or service does not take holds up no other command."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.runtime.parts import Reports
from twin2multicloud.runtime.adapters.local.hot import LocalHotStore
from twin2multicloud.runtime.envelope import PROBE_DEVICE, probe_event
from twin2multicloud.runtime.failures import DeviceOfflineError, HandlerError, RejectedError, StoreError
from twin2multicloud.runtime.handlers.handover import command_event, into_hot, to_devices
from twin2multicloud.runtime.ports import Command


class Desk:
    """The port `Commands` as clouds behave: it may have sent some of a batch before it rejects all of it."""

    def __init__(self, *, sends_before: bool, full_at: str = "") -> None:
        self.sends_before = sends_before
        self.full_at = full_at
        self.calls: list[list[str]] = []
        self.got: dict[str, list[str]] = {}

    def send(self, commands: Sequence[Command]) -> None:
        self.calls.append([command.id for command in commands])
        rejected = [command for command in commands if command.name == "bad"]
        offline = [command.device for command in commands if command.device == "asleep"]
        for command in commands:
            if command.id == self.full_at:
                raise StoreError("the hub is away")
            if rejected and not self.sends_before:
                break
            if command.name != "bad" and command.device != "asleep":
                self.got.setdefault(command.device, []).append(command.id)
        if rejected:
            raise RejectedError(f"{len(rejected)} too large")
        if offline:
            raise DeviceOfflineError(", ".join(offline))


COMMANDS = (
    Command("1", "a", "fan", trace="t1"),
    Command("2", "b", "bad", trace="t2"),
    Command("3", "b", "fan", trace="t3"),
    Command("4", "asleep", "fan", trace="t4"),
    Command("5", "c", "bad", trace="t5"),
    Command("6", "c", "fan", trace="t6"),
)


def hand(desk: Desk, reports: Reports, commands: Sequence[Command] = COMMANDS) -> None:
    to_devices(desk, reports, "process")([command_event(command, "house") for command in commands])


@pytest.mark.parametrize("sends_before", [False, True])
def test_what_is_rejected_is_reported_and_all_others_are_sent(sends_before: bool) -> None:
    desk, reports = Desk(sends_before=sends_before), Reports()
    hand(desk, reports)
    assert {device: list(dict.fromkeys(ids)) for device, ids in desk.got.items()} == {
        "a": ["1"],
        "b": ["3"],
        "c": ["6"],
    }
    assert desk.calls == [["1", "2", "3", "4", "5", "6"], ["1"], ["2"], ["3"], ["4"], ["5"], ["6"]]
    assert [(r.layer, r.severity, r.kind, r.device, r.trace, r.message) for r in reports.all] == [
        ("L1", "error", "action-failed", "b", "t2", "command bad rejected: 1 too large"),
        ("L1", "warning", "action-failed", "asleep", "t4", "command not delivered: asleep"),
        ("L1", "error", "action-failed", "c", "t5", "command bad rejected: 1 too large"),
    ]


def test_one_that_is_rejected_alone_is_tried_once() -> None:
    desk, reports = Desk(sends_before=False), Reports()
    hand(desk, reports, COMMANDS[1:2])
    assert desk.calls == [["2"]]
    assert [(r.device, r.message) for r in reports.all] == [("b", "command bad rejected: 1 too large")]


def test_a_batch_that_nobody_rejects_is_one_call() -> None:
    desk, reports = Desk(sends_before=False), Reports()
    hand(desk, reports, [COMMANDS[0], COMMANDS[2], COMMANDS[3]])
    assert desk.calls == [["1", "3", "4"]]
    assert [(r.severity, r.message) for r in reports.all] == [("warning", "command not delivered: asleep")]


def test_a_store_that_fails_half_way_brings_the_batch_again_and_reports_come_once() -> None:
    desk, reports = Desk(sends_before=False, full_at="6"), Reports()
    with pytest.raises(HandlerError, match="device commands: the hub is away"):
        hand(desk, reports)
    assert reports.all == []
    desk.full_at = ""
    hand(desk, reports)
    assert [r.trace for r in reports.all] == ["t2", "t4", "t5"]
    assert desk.got["c"] == ["6"]


def test_what_is_no_command_is_rejected_as_a_whole() -> None:
    """Links post poison again alone; the receiver says that it is."""
    desk, reports = Desk(sends_before=False), Reports()
    event = command_event(COMMANDS[0], "house")
    event.data = {"payload": {}}
    with pytest.raises(RejectedError, match="not a command"):
        to_devices(desk, reports, "process")([event])
    assert desk.calls == []


def test_a_probe_stays_for_whoever_looks_for_it_in_the_store_and_no_longer(tmp_path: Path) -> None:
    store = LocalHotStore(tmp_path / "hot.db")
    left, passing = (
        probe_event("test", f"p{left}", "2026-11-26T08:00:00.000000Z", left=left) for left in (True, False)
    )
    into_hot(store, "process")([left, passing])
    assert store.last(PROBE_DEVICE) == left
    store.delete([left])
    assert store.last(PROBE_DEVICE) is None
    store.close()
