"""What the checker finds: a defect in what was deployed, where it is and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import msgspec


class Severity(StrEnum):
    """How bad it is."""

    ERROR = "error"  # something does not work, or somebody may do what nobody should
    WARNING = "warning"  # it works, but is not what was planned


class Rule(StrEnum):
    """What every deployment keeps to; a finding names the one that is broken."""

    STACKS = "stacks"  # every planned stack was applied, and no other
    FUNCTIONS = "functions"  # every planned function exists exactly once
    CODE = "code"  # nothing else runs code
    PACKAGE = "package"  # a function runs the package of its role
    SIZE = "size"  # it has the memory and time that were planned, movers run one at a time
    ENVIRONMENT = "environment"  # what it is told can be read, and is what was planned
    NAMES = "names"  # every name it is told belongs to something of this deployment
    LACKING = "lacking"  # what its rights are for is named
    SUPERFLUOUS = "superfluous"  # and nothing else
    TRIGGERS = "triggers"  # what shall start a function does, and nothing else does
    TRIGGER_TARGET = "trigger-target"  # a trigger starts a function that exists
    TRIGGER_SOURCE = "trigger-source"  # and listens to what publishers fill
    TRIGGER_RIGHT = "trigger-right"  # and may do both
    BATCHING = "batching"  # messages are gathered as planned
    HELD = "held"  # held slots start nothing, all others do
    ROUTES = "routes"  # what devices send arrives in the queue that is read
    IDENTITY = "identity"  # every function has an identity of its own, which nobody else can take
    RIGHT_MISSING = "right-missing"  # an identity may do all that its function does
    RIGHT_EXCESS = "right-excess"  # and nothing else
    RIGHT_WIDE = "right-wide"  # on nothing but what it needs it for
    LINKS = "links"  # both ends of a link agree on its keys and its address
    DEAD_LETTERS = "dead-letters"  # what never succeeds ends somewhere
    PUBLIC = "public"  # nothing is public but functions that check signatures
    ENCRYPTION = "encryption"  # what is kept is encrypted, explicitly
    TLS = "tls"  # and travels so, too
    LOGS = "logs"  # functions' logs end after a while
    TAGS = "tags"  # everything says what it belongs to
    ERRORS = "errors"  # what is reported waits in a queue for whoever pulls it
    SHAPE = "shape"  # stores have the keys and settings that the runtime relies on
    TIERS = "tiers"  # objects change tiers and go at the ages of the twin
    SECRETS = "secrets"  # functions' secrets exist and have no value in a state


class Where(NamedTuple):
    """A resource of a stack; `address` is "" for what is of the whole stack."""

    stack: str
    address: str = ""

    def __str__(self) -> str:
        return f"{self.stack}: {self.address}" if self.address else self.stack


@dataclass(frozen=True, order=True)
class Finding:
    """One thing wrong: `what`, in a sentence, and its `remedy`."""

    where: Where
    rule: Rule
    what: str
    remedy: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        return f"{self.severity.value} ({self.rule.value}) {self.where}: {self.what}; {self.remedy}"


class _Row(msgspec.Struct, frozen=True):
    severity: str
    rule: str
    stack: str
    address: str
    what: str
    remedy: str


def as_text(findings: Sequence[Finding]) -> str:
    """For people: a line each, and how many there are."""
    if not findings:
        return "The wiring is as planned: nothing found."
    lines = [str(finding) for finding in findings]
    return "\n".join([*lines, f"{len(findings)} finding{'s' if len(findings) > 1 else ''}."])


def as_json(findings: Iterable[Finding]) -> bytes:
    """For programs: an array of objects with `severity`, `rule`, `stack`, `address`, `what` and `remedy`."""
    rows = [_Row(f.severity.value, f.rule.value, f.where.stack, f.where.address, f.what, f.remedy) for f in findings]
    return msgspec.json.encode(rows)
