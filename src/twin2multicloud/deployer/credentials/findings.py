"""What a check of credentials found, and what is to be done about it. Nothing secret is ever part of it."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from twin2multicloud.model.slots import Provider


class Verdict(StrEnum):
    """How it stands."""

    OK = "ok"
    MISSING = "missing"  # a deployment would fail
    UNKNOWN = "unknown"  # it cannot be told; a deployment may go well


class Topic(StrEnum):
    """What was looked at."""

    IDENTITY = "identity"
    PERMISSIONS = "permissions"
    SERVICES = "services"
    QUOTAS = "quotas"


class CredentialFinding(msgspec.Struct, frozen=True, omit_defaults=True):
    """One finding at one cloud. `remedy` says what to do where it is not ok; `names` are what it is about, such as
    permissions.
    """

    provider: Provider
    topic: Topic
    verdict: Verdict
    text: str
    remedy: str = ""
    names: tuple[str, ...] = ()


class Findings:
    """Collects the findings at one cloud."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self.all: list[CredentialFinding] = []

    def ok(self, topic: Topic, text: str, names: Iterable[str] = ()) -> None:
        """This is as it should be."""
        self.all.append(CredentialFinding(self._provider, topic, Verdict.OK, text, "", tuple(names)))

    def missing(self, topic: Topic, text: str, remedy: str, names: Iterable[str] = ()) -> None:
        """This stands in the way."""
        self.all.append(CredentialFinding(self._provider, topic, Verdict.MISSING, text, remedy, tuple(names)))

    def unknown(self, topic: Topic, text: str, remedy: str = "", names: Iterable[str] = ()) -> None:
        """This cannot be told."""
        self.all.append(CredentialFinding(self._provider, topic, Verdict.UNKNOWN, text, remedy, tuple(names)))


def sufficient(findings: Iterable[CredentialFinding]) -> bool:
    """Whether nothing that was found stands in the way."""
    return all(finding.verdict is not Verdict.MISSING for finding in findings)


def listed(names: Iterable[str], most: int = 8) -> str:
    """Names for a sentence: the first few, and how many more."""
    found = list(names)
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return ", ".join(found[:most]) + more


def gist(error: object, most: int = 200) -> str:
    """The first line of what an error says."""
    lines = str(error).strip().splitlines()
    return lines[0][:most] if lines else type(error).__name__
