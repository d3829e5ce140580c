"""What a twin is deployed from: how things are, where to, and with what. It knows no Flet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from twin2multicloud.app.client.client import Client
from twin2multicloud.app.errors import ForbiddenError
from twin2multicloud.app.schemas.connections import Connection, TwinConnections
from twin2multicloud.app.schemas.operating import StackState
from twin2multicloud.app.schemas.runs import ENDED, Run, RunInput, RunSummary, TwinKind
from twin2multicloud.app.schemas.twins import Target, Twin
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.runs import words
from twin2multicloud.app.ui.runs.plan import Plan
from twin2multicloud.model.slots import Provider, Slot

TARGETS: Final[tuple[Target, ...]] = ("sandbox", "clouds", "rehearsal")
_LOOKED_THROUGH: Final = 50
"""Runs among which the newest plan is looked for."""


@dataclass(frozen=True)
class Facts:
    """How things are at a target. `connections` are those of the workspace, None for somebody who may not see them;
    `plan` is the newest run that only planned this version there, `under_way` the one that has the twin to itself;
    `slot_usd` what each slot costs a month by the prices of now.
    """

    twin: Twin
    target: Target
    stacks: Sequence[StackState]
    moving: str
    chosen: TwinConnections
    connections: Sequence[Connection] | None
    plan: Run | None
    under_way: RunSummary | None
    slot_usd: Mapping[str, float]

    def is_nobodys(self, email: str) -> bool:
        """Whether somebody with an address must name an owner: the twin has none there yet, and the address is none
        that anything could be sent to.
        """
        return self.target != "sandbox" and not self.stacks and "." not in email.rpartition("@")[2]

    @property
    def placed(self) -> bool:
        """Whether every slot has a place."""
        return self.twin.current.placement is not None

    @property
    def providers(self) -> list[Provider]:
        """The clouds that the placement needs."""
        found = {str(each.get("provider")) for each in (self.twin.current.placement or {}).values()}
        return [each for each in Provider if each.value in found]

    def of(self, slot: Slot) -> list[StackState]:
        """What exists of a slot."""
        return [stack for stack in self.stacks if stack.slot == slot.value]

    def place(self, slot: Slot) -> Mapping[str, str]:
        """Where a slot goes: `provider`, `offer`, `region`."""
        found: Mapping[str, str] = (self.twin.current.placement or {}).get(slot.value, {})
        return found

    @property
    def fresh_plan(self) -> Plan | None:
        """What the newest plan says."""
        return Plan.read(self.plan.plan) if self.plan is not None else None

    @property
    def missing(self) -> list[Provider]:
        """Clouds that no connection was chosen for."""
        return [each for each in self.providers if getattr(self.chosen, each.value) is None]


def load(api: Client, twin_id: str, target: Target) -> Facts:
    """How things are."""
    twin = api.twins.get(twin_id)
    status = api.operating.status(twin.id, target)
    runs = list(api.runs.list(twin=twin.id, limit=_LOOKED_THROUGH))
    here = [run for run in runs if run.target == target]
    plan = next((run for run in here if run.kind == "plan" and run.version == twin.number), None)
    changing = next((run for run in here if run.status not in ENDED and run.kind in _CHANGING), None)
    try:
        connections = list(api.connections.list(twin.workspace)) if target == "clouds" else []
    except ForbiddenError:
        connections = None
    return Facts(
        twin,
        target,
        status.stacks,
        status.moving,
        api.connections.of_twin(twin.id),
        connections,
        None if plan is None else api.runs.get(plan.id),
        changing,
        {} if twin.current.placement is None else api.twins.bill(twin.id).slot_usd,
    )


_CHANGING: Final[frozenset[str]] = frozenset({"deploy", "redeploy", "destroy", "move", "rotate-keys"})


@dataclass(frozen=True)
class Options:
    """With what it is deployed, as somebody types it."""

    owner: str = ""
    users: str = ""
    retention: str = ""
    speed: str = ""
    devices: str = ""
    refresh: bool = False

    def changed(self, **fields: object) -> Options:
        """Otherwise."""
        return replace(self, **fields)  # type: ignore[arg-type]  # fields of ours, by name

    def request(self, kind: TwinKind, target: Target, slots: Sequence[Slot] = (), *, nobodys: bool = False) -> Asked:
        """What is asked of the API, or what is wrong with it, field by field. `nobodys`: an owner must be named, since
        nobody else is known.
        """
        if nobodys and not self.owner.strip():
            return Asked(None, {"owner": tr("is needed: who is told about alerts and budgets?")})
        given: dict[str, object] = {"kind": kind, "target": target, "slots": list(slots)}
        if target == "sandbox":
            numbers = {"speed": self.speed, "devices": self.devices}
        else:
            numbers = {"log_retention_days": self.retention}
            given |= {"refresh": self.refresh, "users": self.users.replace(",", " ").split()}
            if self.owner.strip():
                given["owner"] = self.owner.strip()
        given |= {name: text.strip() for name, text in numbers.items() if text.strip()}
        return Asked.read(given)


@dataclass(frozen=True)
class Asked:
    """A request, or its problems by field."""

    request: RunInput | None
    problems: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, given: Mapping[str, object]) -> Asked:
        """From what was given."""
        from pydantic import ValidationError

        try:
            return cls(RunInput.model_validate(given, strict=False))
        except ValidationError as error:
            return cls(None, {str(each["loc"][0]) if each["loc"] else "": each["msg"] for each in error.errors()})


def target_of(word: str, twin: Twin | None = None) -> Target:
    """The target that an address names; otherwise the one where the twin is, or the sandbox."""
    for each in TARGETS:
        if each == word:
            return each
    lives = twin.life if twin is not None else {}
    return next((each for each in TARGETS if lives.get(each, "draft") != "draft"), "sandbox")


def layer_state(facts: Facts, layer: str) -> tuple[int, int]:
    """How many of a layer's slots are there whole, of how many."""
    slots = words.LAYERS[layer]
    there = sum(bool(facts.of(slot)) and all(stack.whole for stack in facts.of(slot)) for slot in slots)
    return there, len(slots)
