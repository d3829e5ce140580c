"""Deploying, destroying and looking after the stacks of one deployment: each in its order, several at a time.

A plan is shown before anything is done, and what is done is what was shown: right before a stack is applied it is
planned anew (by then other stacks may have put out what it needs), and a plan that would do anything else is refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from twin2multicloud.deployer.clouds import CLOUDS
from twin2multicloud.deployer.engine.engine import Engine
from twin2multicloud.deployer.engine.events import Diagnostic, Event, ResourceDrift, Severity
from twin2multicloud.deployer.engine.job import StackJob
from twin2multicloud.deployer.engine.lifecycle import deploy as deploy_stack
from twin2multicloud.deployer.engine.lifecycle import destroy as destroy_stack
from twin2multicloud.deployer.engine.lifecycle import failures_of, recover
from twin2multicloud.deployer.engine.outcome import Action as Deed
from twin2multicloud.deployer.engine.outcome import StackOutcome, Status
from twin2multicloud.deployer.engine.process import Stop
from twin2multicloud.deployer.engine.run import StackRun
from twin2multicloud.deployer.engine.schedule import reversed_needs, run_stacks
from twin2multicloud.deployer.engine.steps import Plan, Step
from twin2multicloud.deployer.home import Applied, Home
from twin2multicloud.deployer.plans import Action, StackPlan, stack_plan
from twin2multicloud.deployer.rendering import RenderedStack, Renderer
from twin2multicloud.deployer.stacks import Stack, needs
from twin2multicloud.deployer.state.store import StateStore
from twin2multicloud.model.errors import Twin2MultiCloudError
from twin2multicloud.model.slots import Provider, Slot

Sink = Callable[[str, Event], None]
"""Takes what the engine says, with the stack that it is about."""
CredentialsOf = Callable[[Provider], Mapping[str, str]]
"""The environment variables with which a cloud's providers sign in."""

_ACTIONS: Final = {
    "create": Action.ADD,
    "update": Action.CHANGE,
    "replace": Action.REPLACE,
    "delete": Action.DESTROY,
}


class PlanError(Twin2MultiCloudError):
    """A stack cannot be planned; the message has the provider's words and our hints (exit code 7)."""

    exit_code = 7


@dataclass(frozen=True)
class Surroundings:
    """What runs of stacks are given: `environment` (endpoints, stand-in providers), credentials by cloud, how many
    stacks run at the same time, and where what packages take from a package index is kept (None: a rehearsal, whose
    packages nobody runs).
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    credentials: CredentialsOf = lambda _provider: {}
    parallel: int = 4
    packages: Path | None = None


@dataclass(frozen=True)
class Drift:
    """What somebody else did to a stack's resources since it was applied."""

    stack: str
    changes: tuple[ResourceDrift, ...] = ()
    error: str = ""


class Deployer:
    """Brings the stacks of one deployment into the state that somebody wants. Made for one command."""

    def __init__(
        self,
        home: Home,
        store: StateStore,
        engine: Engine,
        renderer: Renderer,
        run: Path,
        surroundings: Surroundings,
        sink: Sink,
    ) -> None:
        self._home = home
        self._store = store
        self._engine = engine
        self._renderer = renderer
        self._run = run
        self._surroundings = surroundings
        self._sink = sink
        self.stop = Stop()

    # ── Plans ───────────────────────────────────────────────────────────────────────────────────────────────
    async def plan(
        self,
        stacks: Sequence[Stack],
        components_usd: Mapping[Slot, Mapping[str, float]],
        *,
        destroy: bool = False,
        refresh: bool = False,
    ) -> dict[str, StackPlan]:
        """What would be done with each stack. One whose inputs are those it was made from is not looked at, unless
        `refresh`. Raises `PlanError` with all that is wrong.
        """
        rendered = self._render(stacks)
        limit = asyncio.Semaphore(self._surroundings.parallel)
        applied = self._home.applied()

        async def one(stack: Stack) -> StackPlan | PlanError:
            usd = _usd_of(stack, components_usd)
            found = rendered[stack.name]
            if not destroy and not refresh and _is_whole(applied.get(stack.name), found):
                return StackPlan(stack, more_usd=usd, untouched=True, fingerprint=found.fingerprint)
            async with limit:
                return await self._plan(stack, found, usd, destroy)

        results = await asyncio.gather(*(one(stack) for stack in stacks))
        errors = [result for result in results if isinstance(result, PlanError)]
        if errors:
            raise PlanError("\n\n".join(str(error) for error in errors))
        return {plan.stack.name: plan for plan in results if isinstance(plan, StackPlan)}

    async def _plan(
        self, stack: Stack, found: RenderedStack, usd: Mapping[str, float], destroy: bool
    ) -> StackPlan | PlanError:
        async with self._open(stack.name, found.directory, stack.site.provider) as run:
            step = await run.init()
            if step.ok and (pushed := await recover(run)) is not None:
                step = pushed
            if step.ok:
                plan = await run.plan(destroy=destroy)
                step = plan.step
                if plan.ok:
                    shown = await run.show_plan(plan)
                    carriers = CLOUDS[stack.site.provider].carriers
                    return stack_plan(stack, shown, usd, carriers, pending=found.pending, fingerprint=found.fingerprint)
            return PlanError(_words(stack.title, step))

    def stale(self, stacks: Sequence[Stack]) -> list[Stack]:
        """Of these stacks those that are there, but were made from other inputs than they have now."""
        applied = self._home.applied()
        rendered = self._render([stack for stack in stacks if stack.name in applied])
        return [found.stack for name, found in rendered.items() if applied[name].fingerprint != found.fingerprint]

    # ── Deeds ───────────────────────────────────────────────────────────────────────────────────────────────
    async def deploy(self, stacks: Sequence[Stack], agreed: Mapping[str, StackPlan]) -> dict[str, StackOutcome]:
        """Apply what was agreed to. Stacks among `stacks` only; those they need must be there or among them."""
        chosen = {stack.name: stack for stack in stacks if stack.name in agreed and not agreed[stack.name].nothing}
        self._note_unchanged(agreed)
        known = self._home.applied()
        order = _within(needs(tuple(stacks)), chosen)

        async def one(name: str) -> StackOutcome:
            stack = chosen[name]
            found = self._render([stack])[name]
            await asyncio.to_thread(self._complete, stack, found)
            async with self._open(name, found.directory, stack.site.provider) as run:
                # Should we be killed, what has come into being or has changed by then is not forgotten.
                self._note_as(stack, found.fingerprint, whole=False)
                outcome = await deploy_stack(run, self._as_agreed(run, agreed[name]))
            self._note(stack, found, outcome, known.get(name))
            return outcome

        return await run_stacks(order, one, action=Deed.DEPLOY, parallel=self._surroundings.parallel)

    async def destroy(self, stacks: Sequence[Stack]) -> dict[str, StackOutcome]:
        """Destroy stacks, each once nothing that needs it is there any more."""
        existing = {stack.name: stack for stack in stacks}
        order = reversed_needs(_within(needs(tuple(stacks)), existing))

        async def one(name: str) -> StackOutcome:
            stack = existing[name]
            found = self._render([stack])[name]
            async with self._open(name, found.directory, stack.site.provider) as run:
                outcome = await destroy_stack(run)
            if outcome.ok:
                self._home.forget_applied(name)
            else:
                self._note(stack, found, outcome, self._home.applied().get(name))
            return outcome

        return await run_stacks(order, one, action=Deed.DESTROY, parallel=self._surroundings.parallel)

    async def drift(self, stacks: Sequence[Stack]) -> list[Drift]:
        """What others did to the stacks. Nothing is changed, neither there nor in the states."""
        rendered = self._render(stacks)
        limit = asyncio.Semaphore(self._surroundings.parallel)

        async def one(stack: Stack) -> Drift:
            async with limit, self._open(stack.name, rendered[stack.name].directory, stack.site.provider) as run:
                step = await run.init()
                if step.ok:
                    plan = await run.plan(refresh_only=True)
                    step = plan.step
                    if plan.ok:
                        plan.file.unlink(missing_ok=True)
                        return Drift(stack.name, plan.drift)
                return Drift(stack.name, error=_words(stack.title, step))

        return list(await asyncio.gather(*(one(stack) for stack in stacks)))

    # ── Mechanics ───────────────────────────────────────────────────────────────────────────────────────────
    def _render(self, stacks: Sequence[Stack]) -> dict[str, RenderedStack]:
        return self._renderer.render(stacks, self._run / "stacks", self._home.outputs(self._store))

    def _complete(self, stack: Stack, found: RenderedStack) -> None:
        cache = self._surroundings.packages
        if cache is not None:
            CLOUDS[stack.site.provider].complete(stack, found.directory / "packages", cache)

    def _open(self, name: str, source: Path, provider: Provider) -> Any:
        job = StackJob(name, source, self._surroundings.environment, self._surroundings.credentials(provider))
        return self._engine.open(job, run_id=self._run.name, sink=lambda event: self._sink(name, event), stop=self.stop)

    def _as_agreed(self, run: StackRun, agreed: StackPlan) -> Callable[[Plan], Any]:
        async def approve(plan: Plan) -> bool:
            deeds = {(c.resource, _ACTIONS[c.action]) for c in plan.changes if c.action in _ACTIONS}
            more = sorted(deeds - agreed.deeds)
            if more:
                told = "\n".join(f"  {action.value} {address}" for address, action in more[:20])
                run.say(
                    Diagnostic(
                        Severity.ERROR,
                        f"{agreed.stack.name}: this is no longer the plan that was agreed to",
                        f"It would now also do this:\n{told}\nLook at the plan again and agree to it.",
                    )
                )
            return not more

        return approve

    def _note_unchanged(self, agreed: Mapping[str, StackPlan]) -> None:
        """A stack that its new inputs change nothing of was made from them all the same."""
        for name, plan in agreed.items():
            if plan.nothing and not plan.untouched and self._store.current(name) is not None:
                self._note_as(plan.stack, plan.fingerprint, whole=True)

    def _note(self, stack: Stack, found: RenderedStack, outcome: StackOutcome, before: Applied | None) -> None:
        """Keep what is known of a stack, of which that was known `before`. What never came into being is not noted."""
        if outcome.resources == () and not outcome.ok:
            self._home.forget_applied(stack.name)
            return
        if outcome.status is Status.REFUSED:
            if before is not None:
                self._home.note_applied(before)
            return
        self._note_as(stack, found.fingerprint, whole=outcome.ok)

    def _note_as(self, stack: Stack, fingerprint: str, *, whole: bool) -> None:
        slot = "" if stack.slot is None else stack.slot.value
        self._home.note_applied(Applied(stack.name, slot, str(stack.site), fingerprint, self._home.now(), whole))


def _usd_of(stack: Stack, components_usd: Mapping[Slot, Mapping[str, float]]) -> Mapping[str, float]:
    return {} if stack.slot is None else components_usd.get(stack.slot, {})


def _is_whole(applied: Applied | None, found: RenderedStack) -> bool:
    return applied is not None and applied.whole and applied.fingerprint == found.fingerprint


def _within(order: Mapping[str, Collection[str]], names: Collection[str]) -> dict[str, frozenset[str]]:
    """The order among some of the stacks; what lies between two of them still counts."""

    def before(name: str, seen: set[str]) -> Iterator[str]:
        for need in order[name]:
            if need in seen:
                continue
            seen.add(need)
            if need in names:
                yield need
            elif need in order:
                yield from before(need, seen)

    return {name: frozenset(before(name, set())) for name in order if name in names}


def _words(title: str, step: Step) -> str:
    said = [str(failure) for failure in failures_of(step)] or [step.ended.reason or "no reason was given"]
    return f"{title}: {step.name} failed\n" + "\n".join(said)


@contextmanager
def interrupted_by(stop: Stop, signals: Sequence[int]) -> Iterator[None]:
    """While this lasts, these signals end the runs in order instead of this process at once."""
    loop = asyncio.get_running_loop()
    for number in signals:
        loop.add_signal_handler(number, lambda: stop.request("interrupted"))
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
