"""A scenario: what goes slowly and what goes wrong in the pretended clouds, and how often.

    {"delays":   [{"type": "azurerm_iothub", "verb": "create", "seconds": 5}],
     "failures": [{"type": "aws_lambda_function", "kind": "quota", "after": 3},
                  {"type": "google_*", "name": "cool", "verb": "delete", "error": "boom", "times": 1}]}

A failure's words are its own (`error`, `detail`) or, by `kind`, those of the provider in question (`failures.json`).
"""

from __future__ import annotations

import fcntl
import re
import threading
from collections import Counter
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from twin2multicloud.model.errors import Finding, InvalidInputError

Verb = Literal["configure", "read", "data", "import", "create", "update", "delete"]

Seconds = Annotated[float, msgspec.Meta(ge=0, le=3600)]
Count = Annotated[int, msgspec.Meta(ge=0)]


class Delay(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How long an operation takes. `type` is a pattern such as `aws_*`; without a verb every change is meant."""

    seconds: Seconds
    type: str = "*"
    name: str = ""
    verb: Verb | None = None


class Failure(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """An operation that fails.

    `type` is a pattern; to fail a provider's configuration it is matched with the provider's name. `name` is a regular
    expression searched for in the object's name. The first `after` operations that match go well, then `times` of them
    fail, all of them if it is 0. `leaves` says what a failed creation leaves behind: nothing, or an object that
    Terraform must replace ("tainted").
    """

    type: str = "*"
    name: str = ""
    verb: Verb = "create"
    kind: str = ""
    error: str = ""
    detail: str = ""
    after: Count = 0
    times: Count = 0
    leaves: Literal["nothing", "tainted"] = "nothing"


class Scenario(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Delays and failures, of which for each operation the first that matches counts.

    `on_stop` says what an operation under way does when Terraform is interrupted: go on to its end, or give up with an
    error, as those do that wait for a slow cloud.
    """

    delays: tuple[Delay, ...] = ()
    failures: tuple[Failure, ...] = ()
    on_stop: Literal["finish", "cancel"] = "finish"

    def delay(self, kind: str, name: str, verb: Verb) -> float:
        """How many seconds an operation takes."""
        for rule in self.delays:
            meant = verb in ("create", "update", "delete") if rule.verb is None else rule.verb == verb
            if meant and fnmatchcase(kind, rule.type) and re.search(rule.name, name):
                return rule.seconds
        return 0.0


def read(source: Path | str | bytes) -> Scenario:
    """A scenario from a file or from JSON text; raises `InvalidInputError` naming what is wrong."""
    named = str(source) if isinstance(source, Path) else "scenario"
    try:
        data = source.read_bytes() if isinstance(source, Path) else source
        scenario = msgspec.json.decode(data, type=Scenario)
    except OSError as error:
        raise InvalidInputError(named, [Finding("", f"cannot be read: {error.strerror}")]) from error
    except msgspec.MsgspecError as error:
        raise InvalidInputError(named, [Finding("", f"not a scenario: {error}")]) from error
    for index, delay in enumerate(scenario.delays):
        _check_name(named, f"delays[{index}].name", delay.name)
    for index, failure in enumerate(scenario.failures):
        _check_name(named, f"failures[{index}].name", failure.name)
        if not failure.kind and not failure.error:
            raise InvalidInputError(
                named, [Finding(f"failures[{index}]", "needs a `kind` or its own words in `error`", failure.type)]
            )
    return scenario


def _check_name(source: str, field: str, pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise InvalidInputError(source, [Finding(field, f"not a regular expression: {error}", pattern)]) from error


class Tally:
    """How often each failure's operation was met. With a directory the count is shared by all processes that use it."""

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._counts: Counter[int] = Counter()
        self._lock = threading.Lock()

    def met(self, index: int) -> int:
        """Count one more, and say how many there were before."""
        with self._lock:
            if self._directory is None:
                self._counts[index] += 1
                return self._counts[index] - 1
            self._directory.mkdir(parents=True, exist_ok=True)
            with (self._directory / f"failure-{index}").open("a+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                before = file.seek(0, 2)  # its size: one byte for each
                file.write(b".")
                return before


class Fate:
    """Applies a scenario to the operations of one world."""

    def __init__(self, scenario: Scenario, tally: Tally) -> None:
        self.scenario = scenario
        self._tally = tally

    def failure(self, kind: str, name: str, verb: Verb) -> Failure | None:
        """The failure that an operation meets, or None if it goes well."""
        for index, rule in enumerate(self.scenario.failures):
            if rule.verb != verb or not fnmatchcase(kind, rule.type) or not re.search(rule.name, name):
                continue
            before = self._tally.met(index)
            if before >= rule.after and (rule.times == 0 or before < rule.after + rule.times):
                return rule
        return None
