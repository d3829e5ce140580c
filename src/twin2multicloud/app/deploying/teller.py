"""Whom a deploying command tells what it does, and asks before it does it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from twin2multicloud.deployer.engine.events import Event
from twin2multicloud.deployer.engine.outcome import StackOutcome
from twin2multicloud.deployer.finishing.progress import StepProgress
from twin2multicloud.deployer.plans import StackPlan


class Teller(Protocol):
    """A person at a terminal, a program that reads JSON, or the management backend."""

    def plan(self, plans: Mapping[str, StackPlan], total_usd: float) -> None:
        """This would be done."""

    def agreed(self, question: str, expected: str) -> bool:
        """Whether to go on: the answer has to be `expected`."""

    def say(self, text: str) -> None:
        """Something worth knowing."""

    def reveal(self, lines: tuple[str, ...]) -> None:
        """One-time passwords, each with whose it is: to be told to a person and kept nowhere in clear."""

    def event(self, stack: str, event: Event) -> None:
        """The engine said something about a stack."""

    def step(self, progress: StepProgress) -> None:
        """A step after Terraform did something."""

    def outcome(self, outcomes: Mapping[str, StackOutcome]) -> None:
        """How it ended, stack by stack."""
