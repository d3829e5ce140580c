"""Several stacks: each as soon as those it needs are there, a few at a time, none after a failure."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping

from twin2multicloud.deployer.engine.errors import EngineError
from twin2multicloud.deployer.engine.outcome import Action, StackOutcome, Status

RunOne = Callable[[str], Awaitable[StackOutcome]]
"""Runs the stack of a name to its end. It is called once everything that the stack needs is done."""


async def run_stacks(
    needs: Mapping[str, Collection[str]], run_one: RunOne, *, action: Action, parallel: int = 4
) -> dict[str, StackOutcome]:
    """Run stacks in an order that `needs` allows: name → names that must be done before. Outcomes in order of `needs`.

    After a failure no stack is begun any more; those under way end as they do. Whatever was not begun is reported as
    skipped, with the stack it would have needed where that is why. To destroy, give `reversed_needs`.
    """
    _check(needs, parallel)
    outcomes: dict[str, StackOutcome] = {}
    waiting = list(needs)
    running: dict[asyncio.Task[StackOutcome], str] = {}
    try:
        while waiting or running:
            failed = any(not outcome.ok for outcome in outcomes.values())
            ready = [name for name in waiting if all(need in outcomes for need in needs[name])]
            for name in ready[: parallel - len(running)] if not failed else []:
                waiting.remove(name)
                running[asyncio.ensure_future(run_one(name))] = name
            if not running:
                break
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                outcomes[running.pop(task)] = task.result()
    finally:
        # An error in one, or the cancellation of all: each is interrupted and waited for, so that none is left alone.
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    for name in waiting:
        outcomes[name] = StackOutcome(name, action, Status.SKIPPED, reason=_why(name, needs, outcomes))
    return {name: outcomes[name] for name in needs}


def reversed_needs(needs: Mapping[str, Collection[str]]) -> dict[str, frozenset[str]]:
    """The order of destroying: a stack goes once nothing that needs it is there any more."""
    names = list(needs)[::-1]
    return {name: frozenset(other for other in needs if name in needs[other]) for name in names}


def _why(name: str, needs: Mapping[str, Collection[str]], outcomes: Mapping[str, StackOutcome]) -> str:
    missing = [need for need in needs[name] if need in outcomes and not outcomes[need].ok]
    if missing:
        return f"it needs {', '.join(sorted(missing))}"
    failed = sorted(
        other for other, outcome in outcomes.items() if not outcome.ok and outcome.status is not Status.SKIPPED
    )
    return f"nothing is begun after {', '.join(failed)} did not succeed"


def _check(needs: Mapping[str, Collection[str]], parallel: int) -> None:
    if parallel < 1:
        raise EngineError(f"parallel: {parallel} stacks at a time would never end; allow at least 1")
    for name, before in needs.items():
        unknown = sorted(set(before) - set(needs))
        if unknown:
            raise EngineError(f"{name} needs {', '.join(unknown)}, which is not among the stacks to run; add it")
    left = dict(needs)
    while left:
        free = [name for name, before in left.items() if not set(before) & set(left)]
        if not free:
            raise EngineError(f"these stacks need each other in a circle: {', '.join(left)}")
        for name in free:
            del left[name]
