"""What the page of a twin shows: which tab, of which target, and what is chosen there. All of it is in the address."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final, Literal, get_args

from twin2multicloud.app.schemas.keys import ScopeName
from twin2multicloud.app.schemas.people import RoleName
from twin2multicloud.app.schemas.twins import Life, Target, Twin
from twin2multicloud.app.ui import may, places
from twin2multicloud.app.ui.language import tr

TabKey = Literal[
    "overview",
    "devices",
    "rules",
    "graph",
    "cost",
    "errors",
    "dead-letters",
    "dashboards",
    "specification",
    "runs",
]
TABS: Final[tuple[TabKey, ...]] = get_args(TabKey)
ROLES: Final[tuple[RoleName, ...]] = get_args(RoleName)
_TARGETS: Final[tuple[Target, ...]] = get_args(Target)


def tab_name(tab: TabKey) -> str:
    """What a tab is called."""
    return {
        "overview": tr("Overview"),
        "devices": tr("Devices"),
        "rules": tr("Rules"),
        "graph": tr("Graph"),
        "cost": tr("Cost"),
        "errors": tr("Errors"),
        "dead-letters": tr("Dead letters"),
        "dashboards": tr("Dashboards"),
        "specification": tr("Specification"),
        "runs": tr("Runs"),
    }[tab]


def target_name(target: Target) -> str:
    """Where a twin can be deployed, as people say it."""
    return {"sandbox": tr("Sandbox"), "clouds": tr("Clouds"), "rehearsal": tr("Rehearsal")}[target]


@dataclass(frozen=True)
class Look:
    """How somebody looks at a twin: `query` is what the tab itself keeps in the address."""

    twin: str
    tab: TabKey = "overview"
    target: Target | None = None
    query: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, twin: str, tab: str, query: dict[str, str]) -> Look:
        """From an address; what makes no sense is left out."""
        rest = {name: value for name, value in query.items() if name != "target"}
        target = next((each for each in _TARGETS if each == query.get("target")), None)
        known: TabKey = next((each for each in TABS if each == tab), "overview")
        return cls(twin, known, target, rest)

    @property
    def path(self) -> str:
        """Its address."""
        return places.asked(places.twin(self.twin, self.tab), target=self.target, **self.query)

    def at(self, tab: TabKey, **query: str) -> Look:
        """Another tab of the same twin and target."""
        return replace(self, tab=tab, query=query)

    def tabbed(self, tab: str) -> Look:
        """The tab of that name, as `at`."""
        return self.at(next((each for each in TABS if each == tab), "overview"))

    def on(self, target: Target) -> Look:
        """The same of another target."""
        return replace(self, target=target)

    def asking(self, **query: str | None) -> Look:
        """With some of what the tab keeps in the address changed; None or "" takes it out."""
        merged = {**self.query, **{name: value or "" for name, value in query.items()}}
        return replace(self, query={name: value for name, value in merged.items() if value})

    def get(self, name: str, default: str = "") -> str:
        """What the tab keeps in the address under a name."""
        return self.query.get(name, default)


@dataclass(frozen=True)
class Seen:
    """A twin as somebody looks at it: at `target`, where it is or may get. `scopes`: for what they may call the API."""

    twin: Twin
    look: Look
    scopes: frozenset[ScopeName]

    @property
    def target(self) -> Target:
        """The target that was chosen, or the first where there is something; the sandbox of a twin that is nowhere."""
        if self.look.target is not None:
            return self.look.target
        there = self.targets
        return there[0] if there else "sandbox"

    @property
    def targets(self) -> list[Target]:
        """Where there is something of it."""
        return [each for each in _TARGETS if self.twin.life.get(each, "draft") != "draft"]

    @property
    def life(self) -> Life:
        """What there is of it at the target."""
        return self.twin.life.get(self.target, "draft")

    @property
    def runs_in_sandbox(self) -> bool:
        """Whether there is a sandbox to ask."""
        return self.target == "sandbox" and self.life != "draft"

    @property
    def deployed(self) -> bool:
        """Whether there is anything at the target."""
        return self.life != "draft"

    @property
    def may_operate(self) -> bool:
        """Whether whoever looks may change its definition and act on what runs."""
        return self._has("operator") and self.scopes >= {"write", "run"}

    @property
    def owns(self) -> bool:
        """Whether whoever looks may let others in, and delete it."""
        return self._has("owner") and "write" in self.scopes

    def _has(self, needed: RoleName) -> bool:
        held = next((each for each in ROLES if each == self.twin.role), None)
        return held is not None and may.at_least(held, needed)
