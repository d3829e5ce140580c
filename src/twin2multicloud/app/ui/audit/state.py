"""Which entries of the audit log are looked at: all of it is in the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from twin2multicloud.app.client.client import Client
from twin2multicloud.app.schemas.audit import AuditEntry
from twin2multicloud.app.schemas.common import Page
from twin2multicloud.app.ui import places
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.trail import BEGINNING, Trail

PAGE: Final = 50
PERIODS: Final[Mapping[str, timedelta]] = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=31),
}


@dataclass(frozen=True)
class Look:
    """How somebody looks at the log. `since` and `until` are days (2026-11-26), or `since` one of the periods. `entry`
    is the one whose details are in view.
    """

    action: str = ""
    actor: str = ""
    subject: str = ""
    workspace: str = ""
    since: str = ""
    until: str = ""
    entry: str = ""
    trail: Trail = BEGINNING

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Look:
        """From an address; what makes no sense is left out."""
        since, until = query.get("since", ""), query.get("until", "")
        return cls(
            action=query.get("action", "")[:60],
            actor=query.get("actor", "")[:320],
            subject=query.get("subject", "")[:100],
            workspace=query.get("workspace", "")[:40],
            since=since if since in PERIODS or day(since) is not None else "",
            until=until if day(until) is not None else "",
            entry=query.get("entry", "")[:20],
            trail=Trail.read(query.get("at", "")),
        )

    @property
    def path(self) -> str:
        """Its address."""
        return places.asked(
            places.AUDIT,
            action=self.action,
            actor=self.actor,
            subject=self.subject,
            workspace=self.workspace,
            since=self.since,
            until=self.until,
            at=str(self.trail),
            entry=self.entry,
        )

    @property
    def listed(self) -> Look:
        """Which list it is, whichever entry is in view."""
        return replace(self, entry="")

    @property
    def filtered(self) -> bool:
        """Whether any entries are left out."""
        return bool(self.action or self.actor or self.subject or self.workspace or self.since or self.until)

    def changed(self, **fields: str) -> Look:
        """Otherwise looked at, from the start."""
        return replace(self, trail=BEGINNING, entry="", **fields)

    def turned(self, trail: Trail) -> Look:
        """Another part."""
        return replace(self, trail=trail, entry="")

    def opened(self, entry: int) -> Look:
        """With an entry's details; once more: without."""
        return replace(self, entry="" if self.entry == str(entry) else str(entry))


def load(api: Client, look: Look, now: datetime) -> Page[AuditEntry]:
    """The entries that are looked at, the newest first. Both days are whole ones, in UTC."""
    since = now - PERIODS[look.since] if look.since in PERIODS else day(look.since)
    until = day(look.until)
    return api.audit.list(
        workspace=look.workspace or None,
        action=look.action or None,
        subject=look.subject or None,
        actor=look.actor or None,
        since=None if since is None else _written(since),
        until=None if until is None else _written(until + timedelta(days=1)),
        limit=PAGE,
    ).part(look.trail.cursor)


def day(text: str) -> datetime | None:
    """When a day begins, in UTC; None for what is none."""
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return None


def groups() -> dict[str, str]:
    """What actions are about, by how they begin."""
    return {
        "twin.": tr("twins"),
        "run.": tr("runs"),
        "alert.": tr("alerts"),
        "connection.": tr("connections"),
        "member.": tr("members"),
        "workspace.": tr("workspaces"),
        "user.": tr("people, signing in"),
        "key.": tr("keys"),
        "prices.": tr("prices"),
        "state.": tr("states"),
    }


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
