"""The kinds of runs: which stages each has, and which wait for somebody to agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from twin2multicloud.app.services.life import CHANGING, Operation

PLAN: Final = "plan"
APPLY: Final = "apply"
"""The stages. A kind without a plan has just the second: whatever it does needs nobody's agreement."""

CHECK_CONNECTION: Final = "check-connection"
REFRESH_PRICES: Final = "refresh-prices"
BILLS: Final = "bills"


@dataclass(frozen=True)
class Shape:
    """What a kind of run is made of. `changes`: it needs the twin's deployment to itself."""

    stages: tuple[str, ...]
    changes: bool


SHAPES: Final[Mapping[str, Shape]] = {
    **{
        operation.value: Shape((PLAN, APPLY), operation in CHANGING)
        for operation in (Operation.DEPLOY, Operation.REDEPLOY, Operation.DESTROY, Operation.MOVE)
    },
    Operation.PLAN.value: Shape((PLAN,), changes=False),
    Operation.DRIFT.value: Shape((APPLY,), changes=False),
    Operation.VERIFY.value: Shape((APPLY,), changes=False),
    Operation.ROTATE_KEYS.value: Shape((APPLY,), changes=True),
    CHECK_CONNECTION: Shape((APPLY,), changes=False),
    REFRESH_PRICES: Shape((APPLY,), changes=False),
    BILLS: Shape((APPLY,), changes=False),
}
CHORES: Final = frozenset({CHECK_CONNECTION, REFRESH_PRICES, BILLS})
"""What is done here, at no target: it leaves every deployment as it is."""
