"""Operating a twin: how it does, its states, what went wrong, and alerts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from twin2multicloud.app.client.http import Http
from twin2multicloud.app.client.paging import Listed, every
from twin2multicloud.app.errors import InvalidError, NotFoundError
from twin2multicloud.app.schemas.alerts import Alert, AlertSeverity, Mute
from twin2multicloud.app.schemas.common import Page
from twin2multicloud.app.schemas.health_history import HealthHistory
from twin2multicloud.app.schemas.operating import (
    Links,
    Outputs,
    Proof,
    Rollback,
    StateSummary,
    StateVersion,
    TwinStatus,
    Unlock,
)
from twin2multicloud.app.schemas.sandboxes import (
    CloudName,
    CommandInput,
    CommandSent,
    DeadLetter,
    FaultInput,
    FaultSet,
    Letters,
    LettersDone,
    LettersTarget,
    Logs,
    Meters,
    TwinError,
    WholeDeadLetter,
)
from twin2multicloud.app.schemas.twins import Target

_ALERTS: Final = "/api/v1/alerts"
_ID: Final = re.compile(r"alr_[0-9a-z]{1,28}")


class Alerts:
    """`/api/v1/alerts`, and those of a twin."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def list(
        self,
        *,
        twin: str | None = None,
        severity: Sequence[AlertSeverity] = (),
        layer: str | None = None,
        cloud: str | None = None,
        acknowledged: bool | None = None,
        muted: bool | None = None,
        sort: str | None = None,
        limit: int | None = None,
    ) -> Listed[Alert]:
        """Alerts that may be seen, what came last first; of one twin (its id) if that is given. `layer` may be
        all of L3; `sort`: `last_at`, `first_at`, `count`.
        """
        query: dict[str, Any] = {
            "twin": twin,
            "severity": list(severity) or None,
            "layer": layer,
            "cloud": cloud,
            "acknowledged": acknowledged,
            "muted": muted,
            "sort": sort,
        }
        return every(self._http, _ALERTS, Page[Alert], limit=limit, **query)

    def get(self, alert: str) -> Alert:
        """One of them."""
        return self._http.get(f"{_ALERTS}/{alert}", Alert)

    def find(self, wanted: str) -> str:
        """The id of an alert, which may be shortened to where it is still unique (without its alr_, too).

        `NotFoundError` without it, `InvalidError` for one that several begin with.
        """
        if len(wanted) == len("alr_") + 20 and _ID.fullmatch(wanted):
            return wanted
        begin = wanted.removeprefix("alr_")
        found = [alert.id for alert in self.list() if begin and alert.id.startswith(f"alr_{begin}")]
        if not found:
            raise NotFoundError(
                f"there is no alert {wanted[:40]!r}; `twin2multicloud alerts list` shows those there are"
            )
        if len(found) > 1:
            raise InvalidError(f"{len(found)} alerts begin with {wanted[:40]!r}; write more of it")
        return found[0]

    def acknowledge(self, alert: str) -> Alert:
        """Say that you look after it. Again: nothing."""
        return self._http.send("POST", f"{_ALERTS}/{alert}/acknowledge", Alert)

    def mute(self, alert: str, *, minutes: int | None = None, until: datetime | None = None) -> Alert:
        """Keep it quiet: one of both says how long."""
        return self._http.send("POST", f"{_ALERTS}/{alert}/mute", Alert, body=Mute(minutes=minutes, until=until))

    def unmute(self, alert: str) -> Alert:
        """Let it be told again."""
        return self._http.send("POST", f"{_ALERTS}/{alert}/unmute", Alert)


class Operating:
    """What is under `/api/v1/twins/{twin}` of a deployed twin; each method takes the twin's id."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def status(self, twin: str, target: Target = "sandbox") -> TwinStatus:
        """Its stacks and how each layer does."""
        return self._http.get(self._path(twin, "status"), TwinStatus, target=target)

    def health_history(
        self, twin: str, target: Target = "sandbox", *, subject: str | None = None, limit: int = 100
    ) -> HealthHistory:
        """What its checks found, how available each was, and what changed; of those whose subject begins so."""
        path = self._path(twin, "health/history")
        return self._http.get(path, HealthHistory, target=target, subject=subject, limit=limit)

    def outputs(self, twin: str, target: Target = "clouds") -> Outputs:
        """What its stacks put out, secrets masked."""
        return self._http.get(self._path(twin, "outputs"), Outputs, target=target)

    def links(self, twin: str, target: Target = "sandbox") -> Links:
        """Both ends of all links."""
        return self._http.get(self._path(twin, "links"), Links, target=target)

    def proof(self, twin: str, target: Target = "clouds") -> Proof:
        """What is wrong with how it is wired."""
        return self._http.get(self._path(twin, "proof"), Proof, target=target)

    def states(self, twin: str, target: Target = "clouds") -> Sequence[StateSummary]:
        """The states of its stacks, and who works on them."""
        return self._http.get(self._path(twin, "states"), list[StateSummary], target=target)

    def versions(
        self,
        twin: str,
        stack: str,
        target: Target = "clouds",
        *,
        sort: str | None = None,
        limit: int | None = None,
    ) -> Iterator[StateVersion]:
        """The versions of a stack's state, the newest first, or with `sort="number"` the oldest."""
        path = self._path(twin, f"states/{stack}")
        return every(self._http, path, Page[StateVersion], limit=limit, target=target, sort=sort)

    def roll_back(self, twin: str, stack: str, version: int, target: Target = "clouds") -> StateVersion:
        """Take an earlier version up again."""
        path, query = self._path(twin, f"states/{stack}/rollback"), {"target": target}
        return self._http.send("POST", path, StateVersion, body=Rollback(version=version), query=query)

    def unlock(self, twin: str, stack: str, lock: str, target: Target = "clouds", *, force: bool = False) -> None:
        """Break the lock of a run that is dead; with `force` any."""
        path, query = self._path(twin, f"states/{stack}/unlock"), {"target": target}
        self._http.send("POST", path, type(None), body=Unlock(lock=lock, force=force), query=query)

    def errors(self, twin: str, limit: int | None = None) -> Iterator[TwinError]:
        """What went wrong in its sandbox, what came last first."""
        return every(self._http, self._path(twin, "errors"), Page[TwinError], limit=limit)

    def logs(self, twin: str, cloud: str | None = None, lines: int = 100) -> Logs:
        """The last lines of its sandbox's logs."""
        return self._http.get(self._path(twin, "logs"), Logs, cloud=cloud, lines=lines)

    def letters(
        self, twin: str, cloud: CloudName | None = None, limit: int = 200, *, target: LettersTarget = "sandbox"
    ) -> Sequence[DeadLetter]:
        """Messages that were set aside, cloud by cloud, at most so many (500)."""
        path = self._path(twin, "dead-letters")
        return self._http.get(path, list[DeadLetter], target=target, cloud=cloud, limit=limit)

    def letter(self, twin: str, letter: str, *, target: LettersTarget = "sandbox") -> WholeDeadLetter:
        """One of them with what it holds; its id may be shortened to where it is still unique."""
        path = self._path(twin, f"dead-letters/{quote(letter, safe='')}")
        return self._http.get(path, WholeDeadLetter, target=target)

    def replay(self, twin: str, letters: Letters, *, target: LettersTarget = "sandbox") -> LettersDone:
        """Put dead letters back where they came from."""
        path = self._path(twin, "dead-letters/replay")
        return self._http.send("POST", path, LettersDone, body=letters, query={"target": target})

    def drop(self, twin: str, letters: Letters, *, target: LettersTarget = "sandbox") -> LettersDone:
        """Throw dead letters away."""
        path = self._path(twin, "dead-letters/drop")
        return self._http.send("POST", path, LettersDone, body=letters, query={"target": target})

    def inject(self, twin: str, fault: FaultInput) -> FaultSet:
        """Have something go wrong in its sandbox."""
        return self._http.send("POST", self._path(twin, "faults"), FaultSet, body=fault)

    def clear_faults(self, twin: str) -> None:
        """Switch all faults of its sandbox off."""
        self._http.send("DELETE", self._path(twin, "faults"), type(None))

    def command(self, twin: str, command: CommandInput) -> CommandSent:
        """Send a command to a device."""
        return self._http.send("POST", self._path(twin, "commands"), CommandSent, body=command)

    def meters(self, twin: str) -> Meters:
        """What its sandbox has counted, and a month of that beside what was predicted."""
        return self._http.get(self._path(twin, "meters"), Meters)

    def _path(self, twin: str, rest: str) -> str:
        return f"/api/v1/twins/{twin}/{rest}"
