"""Runs against the real gateway: what is sent is what is stored, exactly, whatever happens on the way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.harness import until
from tests.simulator.site import NOW, Site, site
from tests.simulator.twins import SPEC, TWIN
from twin2multicloud.runtime.failures import StoreError
from twin2multicloud.runtime.ports import Command
from twin2multicloud.sandbox.gateway.mqtt import Delivery
from twin2multicloud.simulator.faults import Fault
from twin2multicloud.simulator.replay import ReplayError, read_rows
from twin2multicloud.simulator.report import Report
from twin2multicloud.simulator.simulation import Plan, Simulation

schemes = pytest.mark.parametrize("scheme", ["mqtt", "http"])


def run(scheme: str, test: Callable[[Site], Awaitable[None]]) -> None:
    async def inside() -> None:
        async with site(scheme) as running:
            await test(running)

    asyncio.run(inside())


@schemes
def test_what_is_sent_is_what_is_stored(scheme: str, tmp_path: Path) -> None:
    async def test(site: Site) -> None:
        report = await site.simulate(Plan(0.05, messages_per_device=10), ledger=tmp_path / "l")
        assert report.complete
        assert (report.devices, report.sent, report.valid, report.acked) == (21, 210, 210, 210)
        assert len(site.events()) == 210
        assert site.agrees(tmp_path / "l")
        assert report.connects == 21
        assert report.latencies.count == 210
        assert site.sink.of("state") == [], "everybody said goodbye"
        assert not site.reports.all

    run(scheme, test)


FAULTS = dict.fromkeys(Fault, 0.06)


@schemes
def test_faults_are_counted_and_what_remains_valid_is_stored_once(scheme: str, tmp_path: Path) -> None:
    async def test(site: Site) -> None:
        plan = Plan(0.02, seed=5, messages_per_device=30, faults=FAULTS, offline_s=0.05)
        report = await site.simulate(plan, ledger=tmp_path / "l")
        assert report.complete
        assert report.sent == report.acked == 630
        assert set(report.faults) == {fault.value for fault in Fault}
        spoiling = ("malformed", "out-of-range", "wrong-type", "missing-field")
        assert report.valid == 630 - sum(report.faults[kind] for kind in spoiling) == len(site.events())
        assert site.agrees(tmp_path / "l")
        telemetry = site.sink.of("telemetry")
        assert len(telemetry) >= 630 + report.faults["duplicate"]
        assert len(set(telemetry)) == 630
        if scheme == "mqtt":
            # An attempt to come back that took too long was let in, too, and is missed once more.
            assert len(site.sink.of("state")) >= report.reconnects > 0

    run(scheme, test)


@schemes
def test_the_same_seed_and_start_give_the_same_messages_to_the_byte(scheme: str) -> None:
    async def once(site: Site, seed: int) -> set[tuple[str, bytes]]:
        site.sink.stored.clear()
        plan = Plan(0.01, seed=seed, messages_per_device=10, start_s=NOW, faults=FAULTS, offline_s=0.01)
        assert (await site.simulate(plan)).complete
        return set(site.sink.of("telemetry"))

    async def test(site: Site) -> None:
        first = await once(site, 1)
        assert await once(site, 1) == first
        assert len(await once(site, 2) & first) < 20, "a counter may happen to be the same"

    run(scheme, test)


@schemes
def test_after_an_outage_everything_is_sent_again(scheme: str, tmp_path: Path) -> None:
    async def outage(site: Site, simulation: Simulation) -> None:
        await until(lambda: simulation.report.acked > 50)
        site.sink.gate.clear()  # what is under way now is not acknowledged
        await asyncio.sleep(0.1)
        site.sink.gate.set()
        await site.stop()
        await asyncio.sleep(0.5)
        await site.start()

    async def test(site: Site) -> None:
        report = await site.simulate(
            Plan(0.05, messages_per_device=30), ledger=tmp_path / "l", meanwhile=lambda s: outage(site, s)
        )
        assert report.complete
        assert report.sent == report.acked == 630
        assert report.reconnects > 0
        assert site.agrees(tmp_path / "l")

    run(scheme, test)


@schemes
def test_a_store_that_refuses_for_a_while_loses_nothing(scheme: str, tmp_path: Path) -> None:
    async def refusal(site: Site, simulation: Simulation) -> None:
        await until(lambda: simulation.report.acked > 50)
        site.sink.failure = StoreError("the disk is full", quota=True)
        await until(lambda: simulation.report.reconnects > 0 or simulation.report.resent > 0)
        site.sink.failure = None

    async def test(site: Site) -> None:
        report = await site.simulate(
            Plan(0.05, messages_per_device=30), ledger=tmp_path / "l", meanwhile=lambda s: refusal(site, s)
        )
        assert report.complete
        assert report.resent > 0
        assert site.agrees(tmp_path / "l")
        assert site.reports.says("the disk is full")

    run(scheme, test)


def test_commands_are_answered_and_repeats_are_recognised() -> None:
    def command(id: str, name: str, **payload: Any) -> Command:
        return Command(id, "climate-001", name, payload)

    async def deliver(site: Site, simulation: Simulation) -> None:
        await until(lambda: "climate-001" in site.ready)
        for sent in (
            command("c1", "set_temperature", celsius=21),
            command("c2", "identify"),
            command("c3", "fly"),
            command("c4", "set_temperature"),
            command("c1", "set_temperature", celsius=21),
        ):
            assert await site.mqtt.deliver(sent) is Delivery.DELIVERED
        await until(lambda: len(site.sink.of("result")) == 5)
        simulation.finish()

    async def test(site: Site) -> None:
        plan = Plan(0.1, devices=("climate-001", "meter"))
        report = await site.simulate(plan, meanwhile=lambda s: deliver(site, s))
        answers = [json.loads(payload) for _, payload in site.sink.of("result")]
        assert answers == [
            {"id": "c1", "status": "ok"},
            {"id": "c2", "status": "ok"},
            {"id": "c3", "status": "failed", "message": "unknown command 'fly'; known: identify, set_temperature"},
            {"id": "c4", "status": "failed", "message": "missing: celsius"},
            {"id": "c1", "status": "ok"},
        ]
        assert (report.commands, report.commands_failed, report.commands_repeated) == (4, 2, 1)
        assert report.commands_acked == 4
        assert report.complete

    run("mqtt", test)


def test_commands_that_come_with_an_answer_are_answered() -> None:
    async def test(site: Site) -> None:
        site.waiting = [Command("c1", "meter", "fly"), Command("c2", "climate-001", "identify")]
        report = await site.simulate(Plan(0.02, messages_per_device=5))
        assert sorted((d, json.loads(p)["status"]) for d, p in site.sink.of("result")) == [
            ("climate-001", "ok"),
            ("meter", "failed"),
        ]
        assert (report.commands, report.commands_acked, report.complete) == (2, 2, True)

    run("http", test)


@schemes
def test_a_device_that_is_not_let_in_is_reported_and_does_not_hold_up_the_others(scheme: str) -> None:
    async def test(site: Site) -> None:
        from tests.gateway.harness import key

        report = await site.simulate(
            Plan(0.02, messages_per_device=5), key_of=lambda d: "wrong" if d == "meter" else key(d)
        )
        assert not report.complete
        assert report.refused == 1
        assert report.last_refusal == "meter: unknown device or wrong key"
        assert report.acked == 100
        none = await site.simulate(Plan(0.02, duration_s=600), key_of=lambda d: "wrong")
        assert (none.refused, none.acked, none.complete) == (21, 0, False)

    run(scheme, test)


@schemes
def test_nobody_there_ends_with_what_was_not_acknowledged(scheme: str) -> None:
    async def test(site: Site) -> None:
        await site.stop()
        plan = Plan(0.02, messages_per_device=2, connect_s=0.1, drain_s=0.3)
        report = await site.simulate(plan)
        assert (report.sent, report.acked, report.complete) == (42, 0, False)
        await site.start()

    run(scheme, test)


@schemes
def test_a_run_lasts_as_long_as_it_is_to_and_can_be_ended(scheme: str) -> None:
    async def stop(simulation: Simulation) -> None:
        await until(lambda: simulation.report.acked > 20)
        simulation.finish()

    async def test(site: Site) -> None:
        timed = await site.simulate(Plan(0.1, duration_s=0.55))
        assert timed.complete
        assert 21 * 4 <= timed.sent <= 21 * 6
        stopped = await site.simulate(Plan(0.05, duration_s=3600), meanwhile=stop)
        assert stopped.complete
        assert stopped.sent < 200

    run(scheme, test)


def test_an_unresponsive_gateway_makes_devices_postpone_and_a_second_stop_does_not_wait() -> None:
    async def stop(site: Site, simulation: Simulation) -> None:
        await until(lambda: simulation.report.postponed > 20)
        simulation.finish()
        await asyncio.sleep(0.05)
        simulation.finish()

    async def test(site: Site) -> None:
        site.sink.gate.clear()
        report = await site.simulate(Plan(0.01, buffer=5), meanwhile=lambda s: stop(site, s))
        assert report.sent == 21 * 5
        assert report.acked == 0

    run("mqtt", test)


@schemes
def test_each_message_of_a_device_is_later_than_the_one_before_even_if_the_clock_stands(scheme: str) -> None:
    async def test(site: Site) -> None:
        await site.simulate(Plan(0.01, messages_per_device=10, faults={Fault.BURST: 0.2}))
        times: dict[str, set[str]] = {}
        for device, time, _ in site.events().values():
            times.setdefault(device, set()).add(time)
        assert {len(found) for found in times.values()} == {10}

    run(scheme, test)


def test_a_clock_that_is_put_back_is_followed() -> None:
    async def put_back(site: Site, simulation: Simulation) -> None:
        await until(lambda: simulation.report.acked > 20)
        site.clock.time -= 86_400

    async def test(site: Site) -> None:
        report = await site.simulate(Plan(0.03, messages_per_device=15), meanwhile=lambda s: put_back(site, s))
        assert report.complete
        assert len(site.events()) == 315
        assert {time[:13] for _, time, _ in site.events().values()} == {"2026-11-24T12", "2026-11-25T12"}

    run("mqtt", test)


@schemes
def test_a_file_is_replayed_with_its_times_and_wrong_values(scheme: str, tmp_path: Path) -> None:
    lines = [
        {"device": f"climate-{1 + n % 20:03d}", "time": NOW - 1000 + n, "temperature": 20 + n / 10, "humidity": 40.0}
        | {"co2": 400, "open": n % 2 == 0, "mode": "night", "location": {"n": [n, None, "ü"]}}
        for n in range(100)
    ]
    lines[7]["temperature"] = 99.0  # out of range
    (tmp_path / "july.ndjson").write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")

    async def test(site: Site) -> None:
        rows = read_rows(tmp_path / "july.ndjson", SPEC)
        report = await site.simulate(Plan(1.0, replay_speed=500), rows=rows, ledger=tmp_path / "l")
        assert report.complete
        assert (report.sent, report.valid) == (100, 99)
        assert site.agrees(tmp_path / "l")
        assert {time for _, time, _ in site.events().values()} >= {"2026-11-25T11:43:20.000000Z"}
        site.sink.stored.clear()
        rows = read_rows(tmp_path / "july.ndjson", SPEC)
        await site.simulate(Plan(1.0, replay_speed=500, restamp=True), rows=rows)
        assert {time[:19] for _, time, _ in site.events().values()} == {"2026-11-25T12:00:00"}

    run(scheme, test)


def test_a_file_that_turns_bad_is_an_error_after_what_came_before_it_is_acknowledged(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("device,time,counter\nmeter,1000,1\nmeter,1001,2\nmeter\n")

    async def test(site: Site) -> None:
        with pytest.raises(ReplayError, match="line 4"):
            await site.simulate(Plan(1.0, replay_speed=100), rows=read_rows(tmp_path / "a.csv", SPEC))
        assert len(site.sink.of("telemetry")) == 2

    run("mqtt", test)


def test_progress_is_told_while_it_runs() -> None:
    async def test(site: Site) -> None:
        seen: list[int] = []
        report = await site.simulate(Plan(0.05, duration_s=0.8), progress=lambda report: seen.append(report.sent))
        assert seen == sorted(seen)
        assert len(set(seen)) > 2
        assert report.as_json()["sent"] == report.sent

    run("mqtt", test)


def test_a_lost_device_comes_back_and_its_will_is_told(tmp_path: Path) -> None:
    async def test(site: Site) -> None:
        report: Report = await site.simulate(
            Plan(0.02, messages_per_device=5, devices=("meter",), faults={Fault.DISCONNECT: 1.0}, offline_s=0.05)
        )
        assert report.complete
        assert site.sink.of("state")[0] == ("meter", b'{"connected": false}')
        assert report.reconnects >= 1
        assert site.mqtt.counters.connects == report.reconnects + 1
        assert site.target.twin == TWIN

    run("mqtt", test)
