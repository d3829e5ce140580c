"""Runs."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal

import msgspec

from twin2multicloud.app.client.http import Http
from twin2multicloud.app.client.paging import Listed, every
from twin2multicloud.app.client.twins import Twins
from twin2multicloud.app.errors import NotFoundError
from twin2multicloud.app.schemas.common import Page
from twin2multicloud.app.schemas.events import Severity
from twin2multicloud.app.schemas.runs import Decision, Kind, Revealed, Run, RunInput, RunSummary, Status, TargetState

_PATH: Final = "/api/v1/runs"
_ID: Final = re.compile(r"run_[0-9a-z]{1,28}")


class Runs:
    """`/api/v1/runs`, and those of a twin."""

    def __init__(self, http: Http, twins: Twins) -> None:
        self._http = http
        self._twins = twins

    def list(
        self,
        *,
        twin: str | None = None,
        status: Sequence[Status] = (),
        kind: Sequence[Kind] = (),
        sort: str | None = None,
        limit: int | None = None,
    ) -> Listed[RunSummary]:
        """Runs that may be seen, the newest first; of one twin (its id) if that is given."""
        path = _PATH if twin is None else f"/api/v1/twins/{twin}/runs"
        query: dict[str, Any] = {"status": list(status) or None, "kind": list(kind) or None, "sort": sort}
        return every(self._http, path, Page[RunSummary], limit=limit, **query)

    def find(self, wanted: str, workspace: str | None = None) -> str:
        """The id of a run: given as such, as TWIN/NUMBER, or as TWIN, which is the newest of that twin.

        `NotFoundError` without it.
        """
        if _ID.fullmatch(wanted):
            return wanted
        name, slash, number = wanted.partition("/")
        runs = self.list(twin=self._twins.find(name, workspace), limit=None if slash else 1)
        found = next((run for run in runs if not slash or str(run.number) == number), None)
        if found is None:
            which = f"run {number[:20]}" if slash else "run"
            raise NotFoundError(f"there is no {which} of '{name}'; `twin2multicloud runs list` shows those there are")
        return found.id

    def get(self, run: str) -> Run:
        """A run with its plan and what it came to."""
        return self._http.get(f"{_PATH}/{run}", Run)

    def targets(self) -> Sequence[TargetState]:
        """Where twins can be deployed from this server, and why not where they cannot."""
        return self._http.get("/api/v1/targets", list[TargetState])

    def log(
        self,
        run: str,
        form: Literal["text", "ndjson"] = "text",
        *,
        severity: Severity = "debug",
        stack: str | None = None,
    ) -> Iterator[bytes]:
        """All that it has told until now, piece by piece: a line of each event, for people to read or as JSON.
        `severity` is the least.
        """
        query = {"form": form, "severity": None if severity == "debug" else severity, "stack": stack}
        return self._http.pieces(f"{_PATH}/{run}/log", **query)

    def create(self, twin: str, given: RunInput, idempotency_key: str | None = None) -> Run:
        """Ask for a run. Asked twice with the same key it is the same run; without one, each call has its own, so that
        a request that is repeated after a broken connection asks for one run.
        """
        key = idempotency_key or secrets.token_urlsafe(18)
        return self._http.send("POST", f"/api/v1/twins/{twin}/runs", Run, body=given, idempotency_key=key)

    def decide(self, run: str, *, agreed: bool, plan_digest: str | None = None) -> Run:
        """Agree to its plan, or decline it."""
        return self._http.send(
            "POST", f"{_PATH}/{run}/decision", Run, body=Decision(agreed=agreed, plan_digest=plan_digest)
        )

    def digest_of(self, run: Run) -> str | None:
        """What tells the plan that was seen from others: agreeing to it agrees to no other."""
        if run.plan is None:
            return None
        return hashlib.sha256(msgspec.json.encode(run.plan, order="sorted")).hexdigest()

    def cancel(self, run: str) -> Run:
        """Call it off. Again: nothing."""
        return self._http.send("POST", f"{_PATH}/{run}/cancel", Run)

    def retry(self, run: str) -> Run:
        """Ask for the same again."""
        key = secrets.token_urlsafe(18)
        return self._http.send("POST", f"{_PATH}/{run}/retry", Run, idempotency_key=key)

    def reveal(self, run: str) -> Revealed:
        """What it tells once, as one-time passwords; afterwards it is gone, wherever the answer went."""
        return self._http.send("POST", f"{_PATH}/{run}/reveal", Revealed)
