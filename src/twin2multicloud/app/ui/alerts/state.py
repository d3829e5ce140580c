"""Which alerts are looked at: all of it is in the address."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal, get_args

from twin2multicloud.app.client.client import Client
from twin2multicloud.app.schemas.alerts import Alert, AlertSeverity
from twin2multicloud.app.schemas.common import Page
from twin2multicloud.app.ui import places
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.store import Store
from twin2multicloud.app.ui.trail import BEGINNING, Trail

PAGE: Final = 50
COUNTED_EVERY_S: Final = 5.0
"""An event tells of an alert when it is new; that it came again is only counted."""
State = Literal["open", "acknowledged", "muted", "all"]
MUTE_MINUTES: Final = (15, 60, 4 * 60, 24 * 60, 7 * 24 * 60)
_MOST_TWINS: Final = 200


@dataclass(frozen=True)
class Look:
    """How somebody looks at alerts. `alert` is the one whose details are in view. With `telling` it is not alerts that
    are in view but who is told of them in a workspace (`place`, their first one without it).
    """

    state: State = "open"
    severity: str = ""
    twin: str = ""
    layer: str = ""
    cloud: str = ""
    alert: str = ""
    trail: Trail = BEGINNING
    telling: bool = False
    place: str = ""

    @classmethod
    def read(cls, query: dict[str, str]) -> Look:
        """From an address; what makes no sense is left out."""
        state, severity = query.get("state", "open"), query.get("severity", "")
        cloud = query.get("cloud", "")
        return cls(
            state=state if state in get_args(State) else "open",  # type: ignore[arg-type]  # it is one of them
            severity=severity if severity in get_args(AlertSeverity) else "",
            twin=query.get("twin", "")[:40],
            layer=query.get("layer", "")[:20],
            cloud=cloud if cloud in ("aws", "azure", "gcp") else "",
            alert=query.get("alert", "")[:40],
            trail=Trail.read(query.get("at", "")),
            telling=query.get("part", "") == "telling",
            place=query.get("workspace", "")[:40],
        )

    @property
    def path(self) -> str:
        """Its address."""
        return places.asked(
            places.ALERTS,
            state="" if self.state == "open" else self.state,
            severity=self.severity,
            twin=self.twin,
            layer=self.layer,
            cloud=self.cloud,
            at=str(self.trail),
            alert=self.alert,
            part="telling" if self.telling else "",
            workspace=self.place,
        )

    @property
    def listed(self) -> Look:
        """Which list it is, whichever of its alerts is in view."""
        return replace(self, alert="")

    @property
    def filtered(self) -> bool:
        """Whether any that are in this state are left out."""
        return bool(self.severity or self.twin or self.layer or self.cloud)

    def changed(self, **fields: object) -> Look:
        """Otherwise looked at, from the start."""
        return replace(self, trail=BEGINNING, alert="", **fields)  # type: ignore[arg-type]  # fields of ours, by name

    def turned(self, trail: Trail) -> Look:
        """Another part."""
        return replace(self, trail=trail, alert="")

    def opened(self, alert: str) -> Look:
        """With an alert's details in view."""
        return replace(self, alert=alert)


def load(api: Client, look: Look) -> Page[Alert]:
    """The part of the alerts that is looked at."""
    severities: list[AlertSeverity] = [look.severity] if look.severity else []  # type: ignore[list-item]  # read above
    return api.alerts.list(
        twin=look.twin or None,
        severity=severities,
        layer=look.layer or None,
        cloud=look.cloud or None,
        acknowledged={"open": False, "acknowledged": True}.get(look.state),
        muted={"open": False, "muted": True}.get(look.state),
        limit=PAGE,
    ).part(look.trail.cursor)


def twin_names(api: Client, chosen: str) -> dict[str, str]:
    """The twins to choose from, by id; the one that is chosen is among them, if it is there."""
    names = {twin.id: twin.name for twin in api.twins.list(sort="name", limit=_MOST_TWINS)}
    if chosen and chosen not in names:
        names[chosen] = api.twins.get(chosen).name
    return names


def is_muted(alert: Alert, now: datetime) -> bool:
    """Whether it is kept quiet now."""
    return alert.muted_until is not None and alert.muted_until > now


def until(text: str, now: datetime) -> datetime | None:
    """A moment that somebody wrote in UTC (2026-12-01 08:00, or the day only); None if it is none, or is not within a
    year from now.
    """
    for form in ("%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d"):
        try:
            found = datetime.strptime(text.strip(), form).replace(tzinfo=now.tzinfo)
        except ValueError:
            continue
        return found if now < found <= now + timedelta(days=365) else None
    return None


class Chosen(Store):
    """Which alerts of the list are ticked, and whether something is being done with them."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: frozenset[str] = frozenset()
        self.busy = False

    def toggle(self, alert: str) -> None:
        """Tick one, or not."""
        self.ids ^= {alert}
        self.changed()

    def put(self, ids: frozenset[str]) -> None:
        """Tick exactly these."""
        self.ids = ids
        self.changed()

    def begin(self) -> None:
        """Something is being done with them."""
        self.busy = True
        self.changed()

    def end(self) -> None:
        """It is done, or failed."""
        self.busy = False
        self.changed()


def device_of(alert: Alert) -> str:
    """The device that an alert is about; "" where it is about something else."""
    found = alert.data.get("device")
    return found if isinstance(found, str) else ""


def whose(alert: Alert) -> str:
    """The twin's name, or that it is of all twins of a workspace."""
    return alert.twin_name or tr("all twins of {workspace}", workspace=alert.workspace_name)


def called(alert: Alert) -> str:
    """What an alert is called among others, of which many may read alike."""
    device = device_of(alert)
    return f"{device}: {alert.message}" if device else alert.message
