"""How layers and links do, from what simulated clouds tell."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from twin2multicloud.app.schemas.operating import LayerHealth
from twin2multicloud.app.schemas.twins import Health
from twin2multicloud.app.services import health
from twin2multicloud.app.services.sandboxes import Look
from twin2multicloud.sandbox.status import (
    CloudProcess,
    CloudStatus,
    FoldedError,
    FunctionStatus,
    LinkStatus,
    PlacedSlot,
    SandboxStatus,
)

NOW = 1_795_680_000.0
AT = datetime.fromtimestamp(NOW, UTC)
_SLOTS = ("L1", "L2", "L3.hot", "L3.cool")


def seen(*clouds: CloudStatus, placed: str = "aws") -> Look:
    whole = SandboxStatus(
        "greenhouse",
        tuple(CloudProcess(cloud.cloud, "up") for cloud in clouds),
        tuple(PlacedSlot(slot, placed, "eu-central-1") for slot in _SLOTS),
    )
    return Look(whole, {cloud.cloud: cloud for cloud in clouds})


def link(**facts: object) -> Look:
    told = LinkStatus("persist", "azure", "out", **{"messages": 9, "retries": 2, **facts})  # type: ignore[arg-type]
    return seen(CloudStatus("aws", "up", NOW, links=(told,)), CloudStatus("azure", "up", NOW))


@pytest.mark.parametrize(
    ("facts", "expected", "problem"),
    [
        ({}, "unknown", ""),
        ({"last_success": NOW - 3_600}, "ok", ""),
        (
            {"last_success": NOW - 5, "last_error": "timeout", "last_error_at": NOW - 30},
            "degraded",
            "it had to be tried",
        ),
        ({"last_success": NOW - 5, "last_error": "timeout", "last_error_at": NOW - 90}, "ok", ""),
        ({"last_success": NOW - 5, "last_error": "timeout", "failing": True}, "degraded", "timeout"),
        ({"last_success": NOW - 90, "last_error": "timeout", "failing": True}, "down", "timeout"),
        ({"last_error": "timeout", "failing": True}, "down", "timeout"),
    ],
)
def test_links(facts: dict[str, object], expected: str, problem: str) -> None:
    [found] = health.links(link(**facts), AT)
    assert (found.edge, found.source, found.target, found.health) == ("persist", "aws", "azure", expected)
    assert found.problem.startswith(problem)
    assert (found.checked_at, found.messages, found.retries) == (AT, 9, 2)
    assert (found.since is not None) == (facts.get("failing", False) and "last_success" in facts)


def test_a_link_from_a_cloud_that_is_away_is_told_by_its_other_end() -> None:
    into = LinkStatus("persist", "aws", "in", messages=4, last_success=NOW - 20)
    [found] = health.links(seen(CloudStatus("azure", "up", NOW, links=(into,))), AT)
    assert (found.source, found.target, found.health, found.problem) == ("aws", "azure", "down", "aws does not answer")
    sent = LinkStatus("persist", "azure", "out", last_success=NOW - 20)
    both = seen(CloudStatus("azure", "up", NOW, links=(into,)), CloudStatus("aws", "up", NOW, links=(sent,)))
    assert [each.health for each in health.links(both, AT)] == ["ok"]


@pytest.mark.parametrize(
    ("component", "slot"), [("process", "L3.hot"), ("persist-receiver", "L3.hot"), ("to-cool-receiver", "L3.cool")]
)
def test_an_error_of_the_storage_is_one_of_its_tier(component: str, slot: str) -> None:
    functions = (
        FunctionStatus("process", "process", "L2"),
        FunctionStatus("persist-receiver", "receive", "L3.hot"),
        FunctionStatus("to-cool-receiver", "receive", "L3.cool"),
    )
    error = FoldedError("k", "L3", "error", "quota", "full", component, last=NOW - 5, first=NOW - 9)
    layers = health.of_sandbox(seen(CloudStatus("aws", "up", NOW, functions=functions, errors=(error,))), (), AT)
    ill = [each for each in layers if each.health != "ok"]
    assert [(each.slot, each.problems) for each in ill] == [(slot, ["quota: full"])]
    assert ill[0].checked_at == AT
    assert ill[0].since == datetime.fromtimestamp(NOW - 9, UTC)


def test_what_cannot_tell_since_when_does_so_since_it_was_seen() -> None:
    def layer(word: Health, since: datetime | None = None) -> LayerHealth:
        return LayerHealth(slot="L1", cloud="aws", health=word, checked=[], checked_at=AT, problems=[], since=since)

    before = [{"slot": "L1", "cloud": "aws", "health": "down", "since": "2026-11-26T07:00:00+00:00"}]
    earlier = datetime(2026, 11, 26, 7, tzinfo=UTC)
    assert [each.since for each in health.with_since([layer("down")], before)] == [earlier]
    assert [each.since for each in health.with_since([layer("degraded")], before)] == [None]
    assert [each.since for each in health.with_since([layer("down", AT)], before)] == [AT]
    assert [each.since for each in health.with_since([layer("down")], ())] == [None]
