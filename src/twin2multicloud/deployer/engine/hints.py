"""What a provider's error means, and what a person can do about it.

The patterns are data (`hints.toml`), tried in order; the first that fits counts. Named groups of a pattern become the
hint's facts, and fill the remedy.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Final

from twin2multicloud.deployer.engine.events import Diagnostic
from twin2multicloud.deployer.state.errors import (
    LineageError,
    LockedError,
    LockLostError,
    StaleVersionError,
    StateError,
)


class Kind(StrEnum):
    """The kinds of failures that we know a remedy for."""

    QUOTA = "quota"
    PERMISSION = "permission"
    NAME_TAKEN = "name-taken"
    REGION = "region"
    CREDENTIALS = "credentials"
    THROTTLED = "throttled"
    API_DISABLED = "api-disabled"
    PROVIDER_UNREGISTERED = "provider-unregistered"
    EXISTS = "exists"
    SOFT_DELETED = "soft-deleted"
    LOCKED = "locked"
    LOCK_LOST = "lock-lost"
    STALE_PLAN = "stale-plan"
    DIVERGED = "diverged"
    PLUGIN = "plugin"
    UNREACHABLE = "unreachable"
    PROPAGATING = "propagating"
    DEPENDENCY = "dependency"
    TIMEOUT = "timeout"
    MISSING = "missing"
    UNSAVED = "unsaved"


@dataclass(frozen=True)
class Hint:
    """A remedy. `retry`: the same run may well succeed in a while. `facts` are what the words told, by name."""

    kind: Kind
    remedy: str
    retry: bool = False
    facts: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"→ {self.remedy}"


@dataclass(frozen=True)
class _Rule:
    kind: Kind
    pattern: re.Pattern[str]
    remedy: str
    retry: bool


_DATA: Final = "hints.toml"


def hint_for(diagnostic: Diagnostic) -> Hint | None:
    """The hint for an error; None for one that we know nothing better about than its own words."""
    # Wrapped words are the same words.
    text = " ".join(f"{diagnostic.summary} {diagnostic.detail}".split())
    for rule in _rules():
        match = rule.pattern.search(text)
        if match:
            facts = {name: value.strip(" .,:'\"") for name, value in match.groupdict().items() if value}
            return Hint(rule.kind, _filled(rule.remedy, facts), rule.retry, facts)
    return None


def hint_for_refusal(refusal: StateError) -> Hint | None:
    """The hint for what the store of states refused; a lock's own words have the advice already."""
    match refusal:
        case LockedError():
            return Hint(Kind.LOCKED, "follow the advice above, then try again", retry=True)
        case LockLostError():
            remedy = (
                "somebody broke this run's lock: see to it that nobody else is at work, then deploy or destroy again"
            )
            return Hint(Kind.LOCK_LOST, remedy)
        case LineageError() | StaleVersionError():
            return _diverged()
    return None


def worth_retrying(hints: Iterable[Hint | None]) -> bool:
    """Whether every failure is one that passes by itself."""
    known = list(hints)
    return bool(known) and all(hint is not None and hint.retry for hint in known)


def _filled(remedy: str, facts: dict[str, str]) -> str:
    """`{name|otherwise}` is the fact, or what stands after the bar where the words do not tell it."""
    return re.sub(r"\{(\w+)\|([^}]*)\}", lambda hole: facts.get(hole[1], hole[2]), remedy)


def _diverged() -> Hint:
    rule = next(rule for rule in _rules() if rule.kind is Kind.DIVERGED)
    return Hint(rule.kind, rule.remedy, rule.retry)


@cache
def _rules() -> tuple[_Rule, ...]:
    data = tomllib.loads((files(__package__) / _DATA).read_text(encoding="utf-8"))
    return tuple(
        _Rule(Kind(entry["kind"]), re.compile(pattern, re.IGNORECASE), entry["remedy"], entry.get("retry", False))
        for entry in data["hint"]
        for pattern in entry["patterns"]
    )
