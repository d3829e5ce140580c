"""Several stacks: in order, at once where that is possible, and none after a failure."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping

import pytest

from twin2multicloud.deployer.engine.errors import EngineError
from twin2multicloud.deployer.engine.outcome import Action, StackOutcome, Status
from twin2multicloud.deployer.engine.schedule import reversed_needs, run_stacks

TWIN: Mapping[str, Collection[str]] = {
    "base": (),
    "archive": ("base",),
    "cool": ("base", "archive"),
    "hot": ("base",),
    "L2": ("hot", "cool"),
    "L1": ("L2",),
}


class Cloud:
    """Runs stacks that take one turn each, and notes what went on."""

    def __init__(self, failing: Collection[str] = (), raising: Collection[str] = ()) -> None:
        self.failing, self.raising = failing, raising
        self.begun: list[str] = []
        self.done: list[str] = []
        self.cancelled: list[str] = []
        self.most = 0

    async def run(self, name: str) -> StackOutcome:
        self.begun.append(name)
        self.most = max(self.most, len(self.begun) - len(self.done))
        try:
            if self.raising and name not in self.raising:
                await asyncio.Event().wait()
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            self.cancelled.append(name)
            raise
        if name in self.raising:
            raise RuntimeError(name)
        self.done.append(name)
        status = Status.FAILED if name in self.failing else Status.DONE
        return StackOutcome(name, Action.DEPLOY, status)


def run(cloud: Cloud, needs: Mapping[str, Collection[str]] = TWIN, parallel: int = 4) -> dict[str, StackOutcome]:
    return asyncio.run(run_stacks(needs, cloud.run, action=Action.DEPLOY, parallel=parallel))


def test_each_begins_when_what_it_needs_is_done() -> None:
    cloud = Cloud()
    outcomes = run(cloud)
    assert [outcome.status for outcome in outcomes.values()] == [Status.DONE] * 6
    assert list(outcomes) == list(TWIN)
    for name, needs in TWIN.items():
        assert all(cloud.done.index(need) < cloud.done.index(name) for need in needs)
    assert cloud.most == 2, "archive and hot at once"


def test_no_more_at_once_than_allowed() -> None:
    cloud = Cloud()
    run(cloud, {str(number): () for number in range(9)}, parallel=3)
    assert cloud.most == 3
    assert len(cloud.done) == 9


def test_after_a_failure_nothing_is_begun_and_what_is_under_way_ends() -> None:
    cloud = Cloud(failing=["archive"])
    outcomes = run(cloud)
    assert {name: outcome.status for name, outcome in outcomes.items()} == {
        "base": Status.DONE,
        "archive": Status.FAILED,
        "cool": Status.SKIPPED,
        "hot": Status.DONE,
        "L2": Status.SKIPPED,
        "L1": Status.SKIPPED,
    }
    assert outcomes["cool"].reason == "it needs archive"
    assert outcomes["L2"].reason == "it needs cool"
    assert cloud.begun == ["base", "archive", "hot"]


def test_what_a_failure_has_nothing_to_do_with_is_not_begun_either() -> None:
    outcomes = run(Cloud(failing=["a"]), {"a": (), "b": ()}, parallel=1)
    assert outcomes["b"].status is Status.SKIPPED
    assert outcomes["b"].reason == "nothing is begun after a did not succeed"
    assert outcomes["b"].describe() == "b: deploy skipped (nothing is begun after a did not succeed)"


def test_an_error_cancels_the_others_and_waits_for_them() -> None:
    cloud = Cloud(raising=["b"])
    with pytest.raises(RuntimeError, match="b"):
        run(cloud, {"a": (), "b": ()})
    assert cloud.cancelled == ["a"]


def test_destroying_goes_the_other_way() -> None:
    cloud = Cloud()
    run(cloud, reversed_needs(TWIN))
    for name, needs in TWIN.items():
        assert all(cloud.done.index(name) < cloud.done.index(need) for need in needs)


@pytest.mark.parametrize(
    ("needs", "parallel", "why"),
    [
        ({"a": ("b",)}, 1, "a needs b, which is not among the stacks to run"),
        ({"a": ("b",), "b": ("a",), "c": ()}, 1, "need each other in a circle: a, b"),
        ({"a": ()}, 0, "parallel: 0 stacks at a time"),
    ],
)
def test_an_order_that_is_none_is_refused(needs: dict[str, tuple[str, ...]], parallel: int, why: str) -> None:
    cloud = Cloud()
    with pytest.raises(EngineError, match=why):
        run(cloud, needs, parallel)
    assert cloud.begun == []
