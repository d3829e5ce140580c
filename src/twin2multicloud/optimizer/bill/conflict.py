"""Why nothing satisfies the constraints: a smallest conflicting set, and what dropping each constraint would cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from twin2multicloud.model.errors import InfeasibleError
from twin2multicloud.optimizer.bill.restrictions import Restriction

Best = Callable[[Sequence[Restriction]], float | None]
"""USD per month of the optimum under some restrictions, None where nothing satisfies them."""


@dataclass(frozen=True)
class Relaxation:
    """Dropping one constraint: the optimum it would allow, None if still nothing."""

    constraint: str
    usd_per_month: float | None


class NoPlacementError(InfeasibleError):
    """No placement satisfies the constraints.

    `conflict` names constraints that cannot hold together although any of them fewer could (empty when the
    workload itself fits no offer of some slot); `relaxations` price dropping each constraint alone.
    """

    def __init__(self, conflict: Sequence[str], relaxations: Sequence[Relaxation], reasons: Sequence[str]) -> None:
        self.conflict = tuple(conflict)
        self.relaxations = tuple(relaxations)
        self.reasons = tuple(reasons)
        self.details = {
            "conflict": list(self.conflict),
            "relaxations": [
                {"constraint": relaxation.constraint, "usd_per_month": relaxation.usd_per_month}
                for relaxation in self.relaxations
            ],
            "reasons": list(dict.fromkeys(self.reasons)),
        }
        super().__init__(self._text())

    def __reduce__(self) -> tuple[Any, ...]:
        # An error that crosses processes is made anew from its parts; by default that would be its text.
        return type(self), (self.conflict, self.relaxations, self.reasons)

    def _text(self) -> str:
        if not self.conflict:
            lines = ["no placement exists for this workload, whatever the constraints:"]
            lines += [f"  {reason}" for reason in self.reasons]
            return "\n".join(lines)
        verb = "cannot hold together" if len(self.conflict) > 1 else "cannot be satisfied"
        lines = [f"no placement satisfies the constraints; {' + '.join(self.conflict)} {verb}"]
        for relaxation in self.relaxations:
            usd = relaxation.usd_per_month
            found = "still nothing" if usd is None else f"${usd:,.2f} / month"
            lines.append(f"  without “{relaxation.constraint}”: {found}")
        lines += [f"  note: {reason}" for reason in self.reasons]
        return "\n".join(lines)


def explain_conflict(parts: Sequence[Restriction], best: Best, reasons: Sequence[str]) -> NoPlacementError:
    """The error for restrictions under which `best` finds nothing."""
    if best([]) is None:
        return NoPlacementError((), (), reasons)
    conflict = list(parts)
    for part in parts:
        fewer = [other for other in conflict if other is not part]
        if best(fewer) is None:
            conflict = fewer
    relaxations = [Relaxation(part.name, best([other for other in parts if other is not part])) for part in parts]
    return NoPlacementError([part.name for part in conflict], relaxations, reasons)
