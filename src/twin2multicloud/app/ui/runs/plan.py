"""What a run would do, as its plan says: read from the API's document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from twin2multicloud.app.ui.runs import words
from twin2multicloud.model.slots import Slot

Action = Literal["add", "change", "replace", "destroy", "keep"]
COUNTED: Final[tuple[Action, ...]] = ("add", "change", "replace", "destroy")
SIGNS: Final[Mapping[str, str]] = {"add": "+", "change": "~", "replace": "±", "destroy": "−", "keep": "·"}
_IN_SLOT: Final = "module.slot."


@dataclass(frozen=True)
class Change:
    """What would be done with a resource. `attributes` are those that differ."""

    address: str
    action: Action
    attributes: Sequence[str]
    usd_per_month: float | None

    @property
    def name(self) -> str:
        """Its address without what all of them begin with."""
        return short(self.address)


@dataclass(frozen=True)
class StackPlan:
    """What would be done with a slot's stack, or with a foundation (`slot` None)."""

    name: str
    slot: Slot | None
    provider: str
    region: str
    untouched: bool
    pending: Sequence[str]
    usd_per_month: float
    changes: Sequence[Change]

    @property
    def label(self) -> str:
        """What it is called."""
        return words.stack(self.name, self.slot, self.provider, self.region)

    def count(self, action: Action) -> int:
        """How many resources that would be done to."""
        return sum(change.action == action for change in self.changes)

    @property
    def deeds(self) -> Sequence[Change]:
        """What would be done, the gravest first."""
        order = {action: number for number, action in enumerate(reversed(COUNTED))}
        return sorted(
            (change for change in self.changes if change.action != "keep"), key=lambda each: order[each.action]
        )

    @property
    def operations(self) -> int:
        """Of resources: what is replaced is destroyed and made."""
        return sum({"keep": 0, "replace": 2}.get(change.action, 1) for change in self.changes)

    @property
    def loses_data(self) -> bool:
        """Whether what a store holds would go with it."""
        return self.slot in words.STORES and bool(self.count("destroy") or self.count("replace"))


@dataclass(frozen=True)
class Plan:
    """A plan. `estimate` is what a new move takes, `change_usd` what it changes a month; `journal`: what is done with a
    move that was begun.
    """

    stacks: Sequence[StackPlan]
    usd_per_month: float
    estimate: Mapping[str, Any] | None = None
    change_usd: float | None = None
    journal: Literal["resume", "abort"] | None = None

    @classmethod
    def read(cls, document: Mapping[str, Any] | None) -> Plan | None:
        """From a run's plan; None for none."""
        if document is None:
            return None
        journal = document.get("move")
        return cls(
            tuple(_stack(each) for each in document.get("stacks", ())),
            float(document.get("usd_per_month") or 0.0),
            document.get("estimate"),
            document.get("change_usd_per_month"),
            "resume" if journal == "resume" else "abort" if journal == "abort" else None,
        )

    def count(self, action: Action) -> int:
        """In all stacks."""
        return sum(stack.count(action) for stack in self.stacks)

    @property
    def nothing(self) -> bool:
        """Whether no resource would be touched."""
        return not any(self.count(action) for action in COUNTED)

    @property
    def losing(self) -> Sequence[StackPlan]:
        """Stores whose data would go."""
        return [stack for stack in self.stacks if stack.loses_data]


def short(address: str) -> str:
    """A resource's address without what all of them begin with."""
    return address.removeprefix(_IN_SLOT)


def _stack(document: Mapping[str, Any]) -> StackPlan:
    slot = document.get("slot")
    return StackPlan(
        name=str(document["stack"]),
        slot=None if slot is None else Slot(slot),
        provider=str(document.get("provider", "")),
        region=str(document.get("region", "")),
        untouched=bool(document.get("untouched")),
        pending=tuple(document.get("pending", ())),
        usd_per_month=float(document.get("usd_per_month") or 0.0),
        changes=tuple(_change(each) for each in document.get("resources", ())),
    )


def _change(document: Mapping[str, Any]) -> Change:
    action = document.get("action", "keep")
    usd = document.get("usd_per_month")
    return Change(
        address=str(document.get("address", "")),
        action=action if action in get_args(Action) else "change",
        attributes=tuple(document.get("attributes", ())),
        usd_per_month=None if usd is None else float(usd),
    )
