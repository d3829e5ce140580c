"""What is checked of a running twin, from what its clouds tell: pure functions from statuses to typed results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from twin2multicloud.app.schemas.operating import LayerHealth, LinkHealth
from twin2multicloud.app.schemas.twins import Health
from twin2multicloud.app.services.health_history import CheckResult
from twin2multicloud.app.settings import CheckLimits
from twin2multicloud.sandbox.status import CloudStatus, StoreStatus

_FAILING_MOSTLY: Final = 0.5
"""A function that fails more often than this is down, whatever the limit is."""
_FEWEST: Final = 5
"""Invocations below which a rate of errors says nothing."""


Counts = Mapping[str, tuple[int, int]]
"""Invocations and errors by cloud and function."""


def layers(found: Sequence[LayerHealth]) -> Iterator[CheckResult]:
    """Each layer's process, faults, functions, links and errors of the last minute."""
    for layer in found:
        yield CheckResult("layer", f"layer/{layer.slot}", layer.health, "; ".join(layer.problems[:3]))


def links(found: Sequence[LinkHealth]) -> Iterator[CheckResult]:
    """Whether each link gets through."""
    for link in found:
        yield CheckResult("link", f"link/{link.edge}", link.health, link.problem)


def queues(cloud: CloudStatus, limits: CheckLimits) -> Iterator[CheckResult]:
    """How long the oldest message of each queue has waited."""
    for queue in cloud.queues:
        age, limit = queue.oldest_age_s or 0.0, limits.queue_age_s
        problem = f"{queue.depth:,} messages wait, the oldest for {age:,.0f} s" if age > limit else ""
        yield CheckResult(
            "queue", f"queue/{cloud.cloud}/{queue.name}", _by(bool(problem)), problem, round(age, 1), limit, "s"
        )


def functions(cloud: CloudStatus, before: Counts, limits: CheckLimits) -> Iterator[CheckResult]:
    """How many of each function's invocations failed since it was looked at before."""
    for function in cloud.functions:
        then = before.get(f"{cloud.cloud}/{function.name}")
        subject = f"function/{cloud.cloud}/{function.name}"
        if then is None or function.invocations < then[0]:
            continue  # it has just begun, or begun anew
        ran, failed = function.invocations - then[0], function.errors - then[1]
        if ran < _FEWEST and not failed:
            yield CheckResult("function", subject, "ok", value=0.0, limit=limits.function_error_rate)
            continue
        rate = failed / max(ran, 1)
        health: Health = "ok"
        if rate > limits.function_error_rate:
            health = "down" if rate > _FAILING_MOSTLY and ran >= _FEWEST else "degraded"
        problem = "" if health == "ok" else f"{failed:,} of {ran:,} invocations failed"
        yield CheckResult("function", subject, health, problem, round(rate, 4), limits.function_error_rate)


def counts(clouds: Mapping[str, CloudStatus]) -> dict[str, tuple[int, int]]:
    """What `functions` compares with the next time."""
    return {
        f"{name}/{function.name}": (function.invocations, function.errors)
        for name, cloud in clouds.items()
        for function in cloud.functions
    }


def store(clouds: Mapping[str, CloudStatus], interval_s: float, limits: CheckLimits) -> Iterator[CheckResult]:
    """How old the newest record of the hot store is by the twin's clock, while devices send."""
    hot, cloud = _hot(clouds)
    if hot is None or cloud is None or cloud.clock is None:
        return
    limit = max(limits.silence_s, limits.device_intervals * interval_s)
    if hot.newest is None:
        yield CheckResult("store", "store/hot", "unknown", "no record has come yet", None, limit, "s")
        return
    age = max(cloud.clock.now - hot.newest, 0.0)
    sends = any(each.gateway is not None and each.gateway.messages_per_s > 0 for each in clouds.values())
    problem = f"devices send, and the newest record is {age:,.0f} s old" if age > limit and sends else ""
    yield CheckResult("store", "store/hot", _by(bool(problem)), problem, round(age, 1), limit, "s")


def graph(clouds: Mapping[str, CloudStatus], limits: CheckLimits) -> Iterator[CheckResult]:
    """How far the twin graph's newest value is behind the newest record."""
    hot, _ = _hot(clouds)
    found = next((each.graph for each in clouds.values() if each.graph is not None), None)
    if hot is None or found is None or hot.newest is None:
        return
    if found.last_update is None:
        yield CheckResult("graph", "graph", "unknown", "no value has come yet", None, limits.graph_lag_s, "s")
        return
    lag = max(hot.newest - found.last_update, 0.0)
    problem = f"its newest value is {lag:,.0f} s behind the newest record" if lag > limits.graph_lag_s else ""
    yield CheckResult("graph", "graph", _by(bool(problem)), problem, round(lag, 1), limits.graph_lag_s, "s")


def devices(silent: Mapping[str, float], interval_s: float, limits: CheckLimits, seen: bool) -> CheckResult:
    """For how long the most silent of the devices that were ever seen has been so. `silent`: those that sent last the
    longest ago, with their age; `seen`: whether there is any other.
    """
    limit = max(limits.device_intervals * interval_s, limits.silence_s)
    longest = max(silent.values(), default=None)
    if longest is None:
        return CheckResult("devices", "devices", "ok" if seen else "unknown", "" if seen else "none was seen yet")
    quiet = [name for name, age in silent.items() if age > limit]
    problem = f"silent: {', '.join(quiet[:5])}{' …' if len(quiet) > 5 else ''}" if quiet else ""
    return CheckResult("devices", "devices", _by(bool(quiet)), problem, round(longest, 1), limit, "s")


def _hot(clouds: Mapping[str, CloudStatus]) -> tuple[StoreStatus | None, CloudStatus | None]:
    for cloud in clouds.values():
        for found in cloud.stores:
            if found.tier == "hot":
                return found, cloud
    return None, None


def _by(wrong: bool) -> Health:
    return "degraded" if wrong else "ok"
