"""What the services of clouds tell, as results of checks; and what these mean for layers and links. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from twin2multicloud.app.monitoring.clouds.gauges import MOST_COUNTED, Ran, Readings, Waits
from twin2multicloud.app.monitoring.clouds.watched import WatchedFunction, WatchedQueue
from twin2multicloud.app.schemas.twins import Health
from twin2multicloud.app.services.health import GRAVITY
from twin2multicloud.app.services.health_history import CheckResult
from twin2multicloud.app.settings import CheckLimits
from twin2multicloud.blueprint.plan import Blueprint
from twin2multicloud.deployer.deployment import Site
from twin2multicloud.model.slots import Slot

_FAILING_MOSTLY: Final = 0.5
"""A function that fails more often than this is down, whatever the limit is."""
_FEWEST: Final = 5
"""Invocations below which a rate of errors says little."""
_LONGEST_SUBJECT: Final = 60
_PARTS: Final = ("sender", "outbox", "receiver", "mover", "deliveries")
"""What the functions and queues of a link are called, after its edge."""


@dataclass(frozen=True)
class Found:
    """The result of a check, the slot that it is about, and the component of it that was looked at."""

    result: CheckResult
    slot: Slot | None = None
    component: str = ""


@dataclass(frozen=True)
class Sighting:
    """The newest record of a device, in seconds since 1970; None if there is none."""

    device: str
    at: float | None


def functions(readings: Readings, limits: CheckLimits) -> Iterator[Found]:
    """How many of each function's runs of the last quarter of an hour failed."""
    for function, told in readings.functions.items():
        yield Found(_function(function, told, limits.function_error_rate), function.slot, function.name)


def queues(readings: Readings, limits: CheckLimits) -> Iterator[Found]:
    """How long the oldest message of each queue has waited."""
    for queue, told in readings.queues.items():
        subject = _subject("queue", queue.site, queue.name)
        if isinstance(told, str):
            result = _unknown("queue", subject, told, limits.queue_age_s, "s")
        else:
            result = _queue(subject, told, limits.queue_age_s)
        yield Found(result, queue.slot, queue.name)


def letters(counted: Mapping[Site, int | str], readings: Iterable[Readings]) -> Iterator[Found]:
    """How many messages are set aside: in the twin's own dead-letter stores, and by the clouds themselves."""
    for site, told in counted.items():
        subject = f"letters/{site}"[:_LONGEST_SUBJECT]
        remedy = "`twin2multicloud twins dead-letters list --target clouds` tells why"
        yield Found(_letters(subject, told, f"wait in the dead-letter store at {site}; {remedy}"))
    for each in readings:
        for queue, told in each.aside.items():
            what = f"of {queue.name} were given up by {queue.site.provider.label}; they lie in {queue.address}"
            yield Found(_letters(_aside(queue), told, what))


def store(newest: float | None, problem: str, now: float, limit: float) -> Found:
    """How old the newest record of the devices that were looked at is, or the newest probe."""
    if problem:
        return Found(_unknown("store", "store/hot", problem, limit, "s"), Slot.HOT)
    if newest is None:
        return Found(_unknown("store", "store/hot", "no record has come yet", limit, "s"), Slot.HOT)
    age = max(now - newest, 0.0)
    text = f"the newest record of the devices that were looked at is {age:,.0f} s old" if age > limit else ""
    return Found(CheckResult("store", "store/hot", _by(text), text, round(age, 1), limit, "s"), Slot.HOT)


def graph(record: Sighting | None, told: float | str | None, now: float, limits: CheckLimits) -> Found | None:
    """For how long the newest record of the device that sent last has been missing in the twin graph. `told`: when the
    newest value of its twin is of, or why that cannot be read.
    """
    if record is None or record.at is None:
        return None
    if isinstance(told, str):
        return Found(_unknown("graph", "graph", told, limits.graph_lag_s, "s"), Slot.MANAGEMENT)
    if told is None:
        text = f"no value of {record.device} has come yet"
        return Found(_unknown("graph", "graph", text, limits.graph_lag_s, "s"), Slot.MANAGEMENT)
    lag = max(now - record.at, 0.0) if told < record.at else 0.0
    text = f"the newest record of {record.device} has been missing in it for {lag:,.0f} s"
    problem = text if lag > limits.graph_lag_s else ""
    result = CheckResult("graph", "graph", _by(problem), problem, round(lag, 1), limits.graph_lag_s, "s")
    return Found(result, Slot.MANAGEMENT)


def layers(slots: Mapping[Slot, bool], found: Sequence[Found]) -> Iterator[CheckResult]:
    """Each layer as the worst of what was found of it; `slots` says of each whether its stack is whole. Of one of which
    nothing is looked at nobody knows.
    """
    for slot, whole in slots.items():
        mine = [each.result for each in found if each.slot is slot]
        if not whole:
            text = "its stack is not whole: the last apply failed or was interrupted"
            yield CheckResult("layer", f"layer/{slot.value}", "degraded", text)
            continue
        known = [each for each in mine if each.health != "unknown"] or mine
        yield CheckResult("layer", f"layer/{slot.value}", _worst(known), _problems(known))


def links(blueprint: Blueprint, found: Sequence[Found]) -> Iterator[CheckResult]:
    """Each link by its functions and its outbox."""
    for link in blueprint.links:
        names = {f"{link.edge}-{part}" for part in _PARTS}
        mine = [each.result for each in found if each.component in names]
        if link.apart and mine:
            known = [each for each in mine if each.health != "unknown"] or mine
            yield CheckResult("link", f"link/{link.edge}", _worst(known), _problems(known))


# ── Mechanics ───────────────────────────────────────────────────────────────────────────────────────────────
def _function(function: WatchedFunction, told: Ran | str, limit: float) -> CheckResult:
    subject = _subject("function", function.site, function.name)
    if isinstance(told, str):
        return _unknown("function", subject, told, limit, "")
    rate = told.failed / max(told.invocations, 1)
    if rate <= limit:
        return CheckResult("function", subject, "ok", "", round(rate, 4), limit)
    down = rate > _FAILING_MOSTLY and told.invocations >= _FEWEST
    text = f"{told.failed:,} of {told.invocations:,} invocations failed within a quarter of an hour"
    return CheckResult("function", subject, "down" if down else "degraded", text, round(rate, 4), limit)


def _queue(subject: str, told: Waits, limit: float) -> CheckResult:
    late = told.oldest_s > limit
    many = f"{told.depth:,} messages wait, the oldest" if told.depth else "the oldest message has waited"
    text = f"{many} for {told.oldest_s:,.0f} s" if late else ""
    return CheckResult("queue", subject, _by(text), text, round(told.oldest_s, 1), limit, "s")


def _letters(subject: str, told: int | str, where: str) -> CheckResult:
    if isinstance(told, str):
        return _unknown("letters", subject, told, 0.0, "messages")
    many = f"{told:,}{' or more' if told >= MOST_COUNTED else ''}"
    text = f"{many} {'message' if told == 1 else 'messages'} {where}" if told else ""
    return CheckResult("letters", subject, _by(text), text, float(told), 0.0, "messages")


def _unknown(kind: str, subject: str, problem: str, limit: float, unit: str) -> CheckResult:
    return CheckResult(kind, subject, "unknown", problem, None, limit, unit)  # type: ignore[arg-type]


def _subject(kind: str, site: Site, name: str) -> str:
    return f"{kind}/{site.provider.value}/{name}"[:_LONGEST_SUBJECT]


def _aside(queue: WatchedQueue) -> str:
    return f"letters/{queue.site}/{queue.name}"[:_LONGEST_SUBJECT]


def _worst(results: Sequence[CheckResult]) -> Health:
    words: list[Health] = [each.health for each in results]
    return max(words, key=lambda word: GRAVITY[word], default="unknown")


def _problems(results: Sequence[CheckResult]) -> str:
    bad = sorted((each for each in results if each.problem), key=lambda each: -GRAVITY[each.health])
    return "; ".join(f"{each.subject}: {each.problem}" for each in bad[:3])


def _by(problem: str) -> Health:
    return "degraded" if problem else "ok"
