"""A stack's life: taken up again after a crash, planned, applied, destroyed, and truthfully reported."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from twin2multicloud.deployer.engine.events import Diagnostic, Log, Severity
from twin2multicloud.deployer.engine.hints import hint_for, hint_for_refusal
from twin2multicloud.deployer.engine.outcome import Action, Failure, StackOutcome, Status
from twin2multicloud.deployer.engine.run import StackRun
from twin2multicloud.deployer.engine.steps import Plan, Step
from twin2multicloud.deployer.state.document import OutputValue, StateResource
from twin2multicloud.deployer.state.errors import DocumentError

Approval = Callable[[Plan], Awaitable[bool]]
"""Asked before a plan with changes is applied."""


async def approve_all(plan: Plan) -> bool:
    """An approval for whoever has asked already."""
    del plan
    return True


async def deploy(
    run: StackRun, approve: Approval = approve_all, monotonic: Callable[[], float] = time.monotonic
) -> StackOutcome:
    """Bring a stack into the state that its code describes, whatever an earlier run left."""
    return await _Life(run, Action.DEPLOY, monotonic).go(approve)


async def destroy(
    run: StackRun, approve: Approval = approve_all, monotonic: Callable[[], float] = time.monotonic
) -> StackOutcome:
    """Destroy what the state lists. The outcome is done only if the state lists nothing any more."""
    return await _Life(run, Action.DESTROY, monotonic).go(approve)


async def recover(run: StackRun) -> Step | None:
    """Take up what an earlier run of the stack left behind: the lock of a dead run is broken, a state that could not be
    saved is handed to the store. The step that did the latter; None if there was nothing to hand over.

    Needs an initialised directory.
    """
    _break_dead_lock(run)
    file = run.directory.unsaved
    if file is None:
        return None
    step = await run.state_push(file)
    if step.ok:
        file.unlink()
        run.say(Log("saved the state that the last run could not save", "warn", "recover"))
    return step


def _break_dead_lock(run: StackRun) -> None:
    broken = run.break_dead_lock()
    if broken is not None:
        run.say(Log(f"broke the lock that run {broken.holder.run_id} left when it died", "warn", "recover"))


class _Life:
    def __init__(self, run: StackRun, action: Action, monotonic: Callable[[], float]) -> None:
        self._run = run
        self._action = action
        self._monotonic = monotonic
        self._begun = monotonic()

    async def go(self, approve: Approval) -> StackOutcome:
        run = self._run
        step = await run.init()
        if not step.ok:
            return self._outcome(step)
        pushed = await recover(run)
        if pushed is not None and not pushed.ok:
            return self._outcome(pushed)
        plan = await run.plan(destroy=self._action is Action.DESTROY)
        if not plan.ok:
            return self._outcome(plan.step)
        if not plan.has_changes:
            return self._done(plan.step)
        if not await approve(plan):
            return self._outcome(plan.step, Status.REFUSED)
        step = await run.apply(plan)
        return self._done(step) if step.ok else self._outcome(step)

    def _done(self, step: Step) -> StackOutcome:
        if self._action is Action.DESTROY:
            if self._resources() == ():
                return self._outcome(step, Status.DONE)
            return self._outcome(step, Status.FAILED, "the state still lists resources")
        return self._outcome(step, Status.DONE, outputs=self._run.outputs())

    def _outcome(
        self,
        step: Step,
        status: Status | None = None,
        reason: str = "",
        outputs: dict[str, OutputValue] | None = None,
    ) -> StackOutcome:
        if status is not Status.DONE:
            reason = reason or step.ended.reason
        if step.ended.killed:
            # It had no time to give its lock back.
            _break_dead_lock(self._run)
            reason = reason or f"Terraform was ended by signal {step.ended.code - 128}, not by us"
        return StackOutcome(
            stack=self._run.job.name,
            action=self._action,
            status=status or (Status.INTERRUPTED if step.ended.reason else Status.FAILED),
            resources=self._resources(),
            failures=tuple(failures_of(step)),
            reason=reason,
            summary=step.summary,
            outputs=outputs or {},
            unsaved=self._run.directory.unsaved,
            lost=step.ended.killed and step.name == "apply",
            elapsed_s=self._monotonic() - self._begun,
        )

    def _resources(self) -> tuple[StateResource, ...] | None:
        try:
            state = self._run.state()
        except DocumentError:
            return None
        return () if state is None else state.resources


def failures_of(step: Step) -> list[Failure]:
    """What stopped a step, each with our hint. What the state's store refused comes in its words, for Terraform shows
    only a number.
    """
    found = [Failure(error, hint_for(error)) for error in step.errors]
    if not step.ok:
        # A refusal is met again at every attempt.
        by_words = {str(refusal): refusal for refusal in step.refusals}
        found += [
            Failure(Diagnostic(Severity.ERROR, "The store of states refuses", words), hint_for_refusal(refusal))
            for words, refusal in by_words.items()
        ]
    return found
