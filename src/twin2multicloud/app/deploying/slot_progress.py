"""How far slots of a sandbox are, told in the words of a deployment: component by component, then slot by slot."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final

from twin2multicloud.app.deploying.teller import Teller
from twin2multicloud.deployer.engine.events import Diagnostic, Phase, Progress, Severity
from twin2multicloud.deployer.engine.outcome import Action as Deed
from twin2multicloud.deployer.engine.outcome import Failure, StackOutcome, Status
from twin2multicloud.deployer.plans import Action, StackPlan

_STEPS: Final[Mapping[Action, tuple[str, ...]]] = {
    Action.ADD: ("create",),
    Action.CHANGE: ("update",),
    Action.REPLACE: ("delete", "create"),
    Action.DESTROY: ("delete",),
}


class SlotProgress:
    """Tells of the slots that are planned. A slot's components come, or go, all at once: when its cloud has done it."""

    def __init__(
        self,
        teller: Teller,
        plans: Mapping[str, StackPlan],
        deed: Deed,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._teller = teller
        self._waiting = dict(plans)
        self._deed = deed
        self._monotonic = monotonic
        self._began = monotonic()

    def begin(self) -> None:
        """It is being done."""
        for plan in self._waiting.values():
            self._tell(plan, Phase.STARTED)

    def follows(self, cloud: str) -> None:
        """A cloud does as it should."""
        for name, plan in list(self._waiting.items()):
            if plan.stack.site.provider.value == cloud:
                del self._waiting[name]
                self._done(plan)

    def end(self) -> None:
        """All is done."""
        for plan in self._waiting.values():
            self._done(plan)
        self._waiting = {}

    def fail(self, why: str) -> None:
        """What has not been done by now was not done."""
        failure = Failure(Diagnostic(Severity.ERROR, why))
        for plan in self._waiting.values():
            self._tell(plan, Phase.ERRORED)
            self._outcome(plan, Status.FAILED, (failure,))
        self._waiting = {}

    def _done(self, plan: StackPlan) -> None:
        self._tell(plan, Phase.COMPLETE)
        self._outcome(plan, Status.DONE)

    def _tell(self, plan: StackPlan, phase: Phase) -> None:
        elapsed_s = 0.0 if phase is Phase.STARTED else self._monotonic() - self._began
        for change in plan.changes:
            for action in _STEPS.get(change.action, ()):
                progress = Progress(change.address, action, phase, elapsed_s, change.type)
                self._teller.event(plan.stack.name, progress)

    def _outcome(self, plan: StackPlan, status: Status, failures: tuple[Failure, ...] = ()) -> None:
        outcome = StackOutcome(
            plan.stack.name, self._deed, status, failures=failures, elapsed_s=self._monotonic() - self._began
        )
        self._teller.outcome({plan.stack.name: outcome})
