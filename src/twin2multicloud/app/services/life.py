"""A twin's life: what there is of it at a target, and what may be done with it then.

Nobody sets a state. It follows from the stacks that exist and from the run that is changing them, so that no endpoint
can bring about one that is not true.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from twin2multicloud.app.db.tables.stacks import Stack
from twin2multicloud.app.errors import ConflictError
from twin2multicloud.app.schemas.twins import Life
from twin2multicloud.model.slots import Slot


class Operation(StrEnum):
    """What a run does to a twin."""

    PLAN = "plan"
    DEPLOY = "deploy"
    REDEPLOY = "redeploy"
    MOVE = "move"
    DESTROY = "destroy"
    DRIFT = "drift"
    VERIFY = "verify"
    ROTATE_KEYS = "rotate-keys"


CHANGING: Final = frozenset(
    {Operation.DEPLOY, Operation.REDEPLOY, Operation.MOVE, Operation.DESTROY, Operation.ROTATE_KEYS}
)
"""Operations that need the twin to themselves."""
BUSY: Final[Mapping[Operation, Life]] = {
    Operation.DEPLOY: "deploying",
    Operation.REDEPLOY: "deploying",
    Operation.MOVE: "moving",
    Operation.DESTROY: "destroying",
}
"""What is said of a twin while one of these runs."""
_ALLOWED: Final[Mapping[Life, frozenset[Operation]]] = {
    "draft": frozenset({Operation.PLAN, Operation.DEPLOY}),
    "partial": frozenset(set(Operation) - {Operation.ROTATE_KEYS}),
    "deployed": frozenset(Operation),
}


class Part(NamedTuple):
    """What a stack says of a life."""

    slot: str
    whole: bool


def life_of(stacks: Iterable[Stack | Part], changing: Operation | None) -> Life:
    """What there is, from the stacks of a twin at a target and the run that is changing it, if one is."""
    if changing is not None and changing in BUSY:
        return BUSY[changing]
    found = list(stacks)
    if not found:
        return "draft"
    slots = {stack.slot for stack in found if stack.whole}
    whole = all(stack.whole for stack in found) and slots >= {slot.value for slot in Slot}
    return "deployed" if whole else "partial"


def check_allowed(name: str, life: Life, operation: Operation) -> None:
    """`ConflictError` where an operation makes no sense in a state."""
    allowed: Collection[Operation] = _ALLOWED.get(life, frozenset())
    if operation in allowed:
        return
    if not allowed and operation in (Operation.PLAN, Operation.DRIFT, Operation.VERIFY):
        return  # they only look, also while something is being done
    if life == "draft":
        raise ConflictError(
            f"'{name}' is not deployed there, so there is nothing to {operation.value}; deploy it first"
        )
    if not allowed:
        raise ConflictError(f"'{name}' is {life} right now; wait for that run or cancel it")
    raise ConflictError(f"'{name}' is {life}; deploy it whole before you {operation.value}")
