"""A fault that is being chosen: which there are, what each can be put on, and what else it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, get_args

from twin2multicloud.app.schemas.sandboxes import FaultInput
from twin2multicloud.app.ui.components import badges
from twin2multicloud.app.ui.language import tr

Kind = Literal[
    "delay",
    "drop",
    "lose-answer",
    "duplicate",
    "error",
    "throttle",
    "refuse-writes",
    "disk-full",
    "outage",
    "kill",
    "clock-jump",
]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
_ON_LINKS: Final = ("delay", "drop", "lose-answer", "duplicate", "error", "throttle")
_ON_STORES: Final = ("refuse-writes", "disk-full")
_STORES: Final = ("hot", "cool", "archive", "graph", "queues")
_TIMED: Final = ("delay", "throttle", "kill", "clock-jump")
_LASTING: Final = ("kill", "clock-jump")
_DAY_S: Final = 86_400.0


def kind_name(kind: Kind) -> str:
    """What a fault does, as people say it."""
    return {
        "delay": tr("Delay requests on a link"),
        "drop": tr("Drop requests on a link"),
        "lose-answer": tr("Lose answers on a link"),
        "duplicate": tr("Send requests on a link twice"),
        "error": tr("Answer requests on a link with 500"),
        "throttle": tr("Answer requests on a link with 429"),
        "refuse-writes": tr("Refuse writes to a store"),
        "disk-full": tr("Fill a store's disk"),
        "outage": tr("Take a cloud's services away"),
        "kill": tr("Kill a cloud's process"),
        "clock-jump": tr("Let a clock jump"),
    }[kind]


@dataclass(frozen=True)
class Choice:
    """What somebody has chosen so far; numbers as they were typed."""

    kind: Kind = "delay"
    target: str = ""
    percent: str = "100"
    seconds: str = "2"
    duration_s: str = "60"

    @property
    def on_links(self) -> bool:
        """Whether it happens to requests, or to a share of them."""
        return self.kind in _ON_LINKS

    @property
    def timed(self) -> bool:
        """Whether it takes a number of seconds."""
        return self.kind in _TIMED

    @property
    def ends(self) -> bool:
        """Whether it can end by itself."""
        return self.kind not in _LASTING

    def targets(self, edges: Sequence[tuple[str, str]], clouds: Sequence[str]) -> dict[str, str]:
        """What it can be put on; `edges` are links' ids and names."""
        if self.on_links:
            return {"": tr("all links"), **dict(edges)}
        if self.kind in _ON_STORES:
            return {"": tr("all stores"), **{each: each for each in _STORES}}
        named = {each: badges.CLOUDS[each] for each in clouds}
        if self.kind == "kill":
            return named
        return {"": tr("the whole twin") if self.kind == "clock-jump" else tr("all clouds"), **named}

    def of(self, kind: str, clouds: Sequence[str]) -> Choice:
        """Another fault, on the first thing that it can be put on."""
        chosen = next((each for each in KINDS if each == kind), self.kind)
        target = clouds[0] if chosen == "kill" and clouds else ""
        seconds = "3600" if chosen == "clock-jump" else "10" if chosen == "kill" else "2"
        return replace(self, kind=chosen, target=target, seconds=seconds)

    def typed(self, **changes: str) -> Choice:
        """With some fields typed otherwise."""
        return replace(self, **changes)  # type: ignore[arg-type]  # texts all of them

    def problems(self) -> dict[str, str]:
        """What is wrong with what was typed."""
        found: dict[str, str] = {}
        percent, seconds = _number(self.percent), _number(self.seconds)
        if self.on_links and (percent is None or not 0 < percent <= 100):
            found["percent"] = tr("is above 0 and at most 100")
        if self.timed and seconds is None:
            found["seconds"] = tr("is a number")
        elif self.timed and self.kind != "clock-jump" and not 0 <= (seconds or 0) <= 3_600:
            found["seconds"] = tr("is 0 to 3,600")
        duration = _number(self.duration_s)
        if self.ends and self.duration_s.strip() and (duration is None or not 0 < duration <= _DAY_S):
            found["duration_s"] = tr("is above 0 and at most 86,400; empty: until you switch it off")
        return found

    def wanted(self) -> FaultInput:
        """As the API takes it; only of a choice without problems."""
        ends = self.ends and self.duration_s.strip()
        return FaultInput(
            kind=self.kind,
            target=self.target,
            rate=float(self.percent) / 100 if self.on_links else 1.0,
            seconds=float(self.seconds) if self.timed else 2.0,
            duration_s=float(self.duration_s) if ends else None,
        )


def _number(typed: str) -> float | None:
    try:
        return float(typed)
    except ValueError:
        return None
