"""Where everything is: the address of each view, and what leads there. Nobody else puts addresses together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

TWINS: Final = "/"
NEW: Final = "/new"
ALERTS: Final = "/alerts"
RUNS: Final = "/runs"
CONNECTIONS: Final = "/connections"
PRICES: Final = "/prices"
PEOPLE: Final = "/people"
AUDIT: Final = "/audit"
SETTINGS: Final = "/settings"
MORE: Final = "/more"

OVERVIEW: Final = "overview"


def twin(twin: str, tab: str = OVERVIEW) -> str:
    """A twin's view."""
    return f"/twins/{_part(twin)}/{_part(tab)}"


def of_twin(twin: str) -> str:
    """How the addresses of all views of a twin begin."""
    return f"/twins/{_part(twin)}/"


def draft(draft: str, section: str = "", item: str = "") -> str:
    """A definition that is being written, at a section of it and an item there."""
    return asked(f"{NEW}/{_part(draft)}", at=section, item=item)


def edit(twin: str) -> str:
    """Where the next version of a twin is written."""
    return f"/twins/{_part(twin)}/edit"


def proposal(twin: str) -> str:
    """Where a twin's slots go, and what that costs."""
    return f"/twins/{_part(twin)}/proposal"


def deploy(twin: str) -> str:
    """Where a twin is deployed from."""
    return f"/twins/{_part(twin)}/deploy"


def deploy_to(twin: str, target: str) -> str:
    """The same, with where to."""
    return asked(deploy(twin), target=target)


def runs(twin: str = "") -> str:
    """All runs, or a twin's."""
    return asked(RUNS, twin=twin)


def run(run: str) -> str:
    """A run."""
    return f"/runs/{_part(run)}"


def run_log(run: str) -> str:
    """All that a run told, as a file of the API's."""
    return f"/api/v1/runs/{_part(run)}/log"


def prices(part: str) -> str:
    """A part of the price book's view."""
    return f"{PRICES}/{_part(part)}"


def people(part: str) -> str:
    """A part of the view of people and keys."""
    return f"{PEOPLE}/{_part(part)}"


def asked(path: str, **query: str | None) -> str:
    """An address with what a view is filtered and sorted by; what is empty is left out."""
    given = {name: value for name, value in query.items() if value}
    return f"{path}?{urlencode(given)}" if given else path


@dataclass(frozen=True)
class Place:
    """An address, taken apart."""

    path: str
    query: dict[str, str]

    @classmethod
    def of(cls, route: str) -> Place:
        """From what the address bar says."""
        parts = urlsplit(route)
        return cls(parts.path or "/", dict(parse_qsl(parts.query)))


def _part(text: str) -> str:
    return quote(text, safe="")
