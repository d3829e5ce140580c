"""How somebody looks at a run: which part, which lines of its log. All of it is in the address."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from twin2multicloud.app.schemas.events import Severity
from twin2multicloud.app.ui import places
from twin2multicloud.app.ui.runs.lines import Look

View = Literal["progress", "log"]
"""Where there is no room for both."""


@dataclass(frozen=True)
class RunLook:
    """How a run is looked at."""

    run: str
    view: View = "progress"
    log: Look = field(default_factory=Look)

    @classmethod
    def read(cls, run: str, query: dict[str, str]) -> RunLook:
        """From an address; what makes no sense is left out."""
        severity = query.get("severity", "info")
        return cls(
            run,
            "log" if query.get("view") == "log" else "progress",
            Look(
                severity=next((each for each in get_args(Severity) if each == severity), "info"),
                stack=query.get("stack", "")[:200],
                search=query.get("search", "")[:200],
            ),
        )

    @property
    def path(self) -> str:
        """Its address."""
        return places.asked(
            places.run(self.run),
            view="" if self.view == "progress" else self.view,
            severity="" if self.log.severity == "info" else self.log.severity,
            stack=self.log.stack,
            search=self.log.search,
        )

    def showing(self, view: View) -> RunLook:
        """Another part of it."""
        return replace(self, view=view)

    def logging(
        self, *, severity: Severity | None = None, stack: str | None = None, search: str | None = None
    ) -> RunLook:
        """Other lines of its log."""
        look = self.log
        return replace(
            self,
            log=Look(
                severity=look.severity if severity is None else severity,
                stack=look.stack if stack is None else stack,
                search=look.search if search is None else search,
            ),
        )
