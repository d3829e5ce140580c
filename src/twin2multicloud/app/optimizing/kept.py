"""What goes to the optimizer of a twin that is kept, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Kept:
    """What is kept of a twin: its definition, where its slots go, and what people decided. `constraints` are those of
    the proposal that it follows, whole; None: those of its definition, and only what can be deployed.
    """

    source: str
    format: str
    placement: Json | None
    overrides: Mapping[str, str]
    constraints: Json | None = None


@dataclass(frozen=True)
class Proposal:
    """What is cheapest for a twin: the answer as `optimize --json` writes it, and what it answers."""

    result: bytes
    usd_per_month: float
    inputs: Json


@dataclass(frozen=True)
class Priced:
    """What a twin's placement costs by some prices, and what the cheapest one under its constraints would, USD per
    month: `problem` where the former cannot be said, no `optimum` where there is none.
    """

    usd: float | None
    problem: str | None
    optimum_usd: float | None
    optimum: Json | None


@dataclass(frozen=True)
class Change:
    """A change of a twin's placement: where the slots go now, beginning with `placement` (None: as they are). Of the
    decisions so far those in `drop` do not hold any more; `overrides` are new ones.
    """

    placement: Json | None = None
    overrides: Mapping[str, str] = field(default_factory=dict)
    drop: Sequence[str] = ()
    by_hand: bool = False
    """Whether `placement` is somebody's decision, too, and not a proposal."""
    anew: bool = False
    """Whether the slots that nobody decided about are chosen anew, whatever they are now."""


@dataclass(frozen=True)
class Changed:
    """What became of a change: the decision as JSON, and the decisions that hold now (slot → pin)."""

    decision: Json
    overrides: dict[str, str]
