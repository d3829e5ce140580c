"""The errors that reach a person, each with the exit code the command line ends with.

Everything raised on purpose derives from `Twin2MultiCloudError`; whatever else escapes is a defect of ours
and ends with exit code 70.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar


class Twin2MultiCloudError(Exception):
    """Base of every error that names its cause and its remedy; `details` tell programs more, as plain JSON values."""

    exit_code: ClassVar[int] = 70
    details: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Finding:
    """One thing wrong with an input.

    `field` is the dotted path of the value ("" for the whole document), `problem` one sentence saying what is
    wrong and what is allowed, `value` the offending value as text, `line` and `column` count from 1 where the
    format tells them.
    """

    field: str
    problem: str
    value: str | None = None
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line is not None else ""
        name = f"{self.field}: " if self.field else ""
        return f"{where}{name}{self.problem}"


class InvalidInputError(Twin2MultiCloudError):
    """A workload file, price book or option whose content is not acceptable (exit code 4)."""

    exit_code = 4

    def __init__(self, source: str, findings: Sequence[Finding]) -> None:
        self.source = source
        self.findings = tuple(findings)
        super().__init__("\n".join(f"{source}: {finding}" for finding in self.findings))

    def __reduce__(self) -> tuple[Any, ...]:
        # An error that crosses processes is made anew from its parts; by default that would be its text.
        return type(self), (self.source, self.findings)


class UsageError(Twin2MultiCloudError):
    """A command or call whose arguments do not make sense together (exit code 2)."""

    exit_code = 2


class InfeasibleError(Twin2MultiCloudError):
    """No placement satisfies the constraints (exit code 3)."""

    exit_code = 3


class PriceError(Twin2MultiCloudError):
    """A price that is needed is missing, or the price book is too old (exit code 5)."""

    exit_code = 5
