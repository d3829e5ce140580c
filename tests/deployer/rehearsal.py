"""Rehearsing deployments with stand-in providers: whole commands, without a terminal."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from tests.deployer.placements import placement, twin
from twin2multicloud.app.deploying.clouds import Clouds
from twin2multicloud.app.deploying.desired import Desired, Wishes, desired
from twin2multicloud.app.deploying.variables import SCENARIO
from twin2multicloud.deployer.engine.events import Event
from twin2multicloud.deployer.engine.outcome import StackOutcome
from twin2multicloud.deployer.finishing.progress import StepProgress
from twin2multicloud.deployer.home import Home
from twin2multicloud.deployer.plans import StackPlan
from twin2multicloud.model.slots import Slot
from twin2multicloud.optimizer.pricing.book import load_book
from twin2multicloud.standin import World

SMALL = "smart-home"


@dataclass
class Told:
    """A teller that keeps what it is told, and answers as it was told to."""

    answer: str | None = None
    plans: dict[str, StackPlan] = field(default_factory=dict)
    total_usd: float = 0.0
    outcomes: dict[str, StackOutcome] = field(default_factory=dict)
    events: list[tuple[str, Event]] = field(default_factory=list)
    steps: list[StepProgress] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    revealed: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def plan(self, plans: Mapping[str, StackPlan], total_usd: float) -> None:
        self.plans, self.total_usd = dict(plans), total_usd

    def agreed(self, question: str, expected: str) -> bool:
        self.asked.append(question)
        return self.answer == expected

    def say(self, text: str) -> None:
        self.said.append(text)

    def reveal(self, lines: tuple[str, ...]) -> None:
        self.revealed += lines

    def event(self, stack: str, event: Event) -> None:
        self.events.append((stack, event))

    def step(self, progress: StepProgress) -> None:
        self.steps.append(progress)

    def outcome(self, outcomes: Mapping[str, StackOutcome]) -> None:
        self.outcomes = dict(outcomes)


def copied(ready: Rehearsal, directory: Path) -> Rehearsal:
    """A deployment as another one is, by itself: deploying costs seconds, copying files does not."""
    shutil.copytree(ready.directory, directory, dirs_exist_ok=True, symlinks=True)
    return Rehearsal(directory, ready.offers, ready.name)


class Rehearsal:
    """One twin's deployment in a directory, whose clouds are stand-ins."""

    def __init__(self, directory: Path, offers: tuple[str, ...], name: str = SMALL) -> None:
        self.directory = directory
        self.offers = offers
        self.name = name
        self.home = Home.at(directory / "deployment")
        self.told = Told()
        self._scenario: Path | None = None

    def scenario(self, **rules: Any) -> None:
        """What goes slowly or wrong from now on."""
        self._scenario = self.directory / "scenario.json"
        self._scenario.write_bytes(msgspec.json.encode(rules))

    def no_scenario(self) -> None:
        self._scenario = None

    @property
    def world(self) -> World:
        """What exists in the pretended clouds."""
        return World(self.home.world)

    @property
    def existing(self) -> int:
        """How many objects exist there."""
        return sum(1 for path in self.world.root.rglob("*.json"))

    def wanted(self, **wishes: Any) -> Desired:
        definition, _ = twin(self.name)
        given = Wishes(**{"placement": placement(self.offers), **wishes})
        return desired(definition, given, self.home, load_book(None), offline=True)

    def clouds(self) -> Clouds:
        environ = self.environ()
        self.told = Told(self.told.answer)
        return Clouds(self.home, self.told, lambda _provider: {}, offline=True, environ=environ)

    def environ(self) -> dict[str, str]:
        import os

        found = dict(os.environ)
        found.pop(SCENARIO, None)
        if self._scenario is not None:
            found[SCENARIO] = str(self._scenario)
        return found

    def plan(self, slots: Sequence[Slot] = (), **options: Any) -> dict[str, StackPlan]:
        return self.clouds().plan(self.wanted(), slots, **options)

    def deploy(self, slots: Sequence[Slot] = (), **options: Any) -> dict[str, StackOutcome]:
        return self.clouds().deploy(self.wanted(), slots, **{"yes": True, **options})

    def destroy(self, slots: Sequence[Slot] = (), **options: Any) -> dict[str, StackOutcome]:
        return self.clouds().destroy(slots, **{"yes": True, "discard_data": True, **options})
