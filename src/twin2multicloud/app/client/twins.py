"""Twins."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from twin2multicloud.app.client.http import Http
from twin2multicloud.app.client.paging import Listed, every
from twin2multicloud.app.errors import NotFoundError
from twin2multicloud.app.schemas.common import Page
from twin2multicloud.app.schemas.twins import (
    ExportKind,
    Health,
    Life,
    RestoreInput,
    Target,
    Twin,
    TwinDiff,
    TwinInput,
    TwinSummary,
    TwinVersion,
    TwinVersionSummary,
)
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.names import nearest

if TYPE_CHECKING:
    from twin2multicloud.app.schemas.advice import Advice
    from twin2multicloud.app.schemas.answers import BillResult
    from twin2multicloud.app.schemas.people import RoleName, TwinMember
    from twin2multicloud.app.schemas.placements import (
        Optimization,
        OptimizationSummary,
        PlacementAnswer,
        PlacementInput,
        PlacementPreview,
        ProposalInput,
        SlotChoiceList,
        Standing,
    )

_PATH: Final = "/api/v1/twins"
_ID: Final = re.compile(r"twn_[0-9a-z]{1,28}")


class Twins:
    """`/api/v1/twins`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def list(
        self,
        *,
        workspace: str | None = None,
        name: str | None = None,
        search: str | None = None,
        cloud: str | None = None,
        life: Life | None = None,
        attention: bool | None = None,
        health: Health | None = None,
        sort: str | None = None,
        limit: int | None = None,
    ) -> Listed[TwinSummary]:
        """Twins that may be seen, placed at a cloud at least in part, and of which `life` and `health` are true at any
        target.
        """
        return every(
            self._http,
            _PATH,
            Page[TwinSummary],
            limit=limit,
            workspace=workspace,
            name=name,
            search=search,
            cloud=cloud,
            life=life,
            attention=attention,
            health=health,
            sort=sort,
        )

    def find(self, wanted: str, workspace: str | None = None) -> str:
        """The id of the twin with an id or a name. `NotFoundError` without one; `UsageError` where workspaces have one
        each.
        """
        if _ID.fullmatch(wanted):
            return wanted
        found = list(self.list(name=wanted, workspace=workspace, limit=20))
        if len(found) > 1:
            ids = ", ".join(f"{twin.id} (workspace {twin.workspace})" for twin in found)
            raise UsageError(f"several twins are called '{wanted}': {ids}; give the id")
        if not found:
            guess = nearest(wanted, [twin.name for twin in self.list(workspace=workspace, limit=500)])
            hint = f"; did you mean '{guess}'?" if guess else "; `twin2multicloud twins list` shows those you may see"
            raise NotFoundError(f"there is no twin '{wanted[:100]}'{hint}")
        return found[0].id

    def get(self, twin: str) -> Twin:
        """A twin with its newest version."""
        return self._http.get(f"{_PATH}/{twin}", Twin)

    def create(self, given: TwinInput, workspace: str | None = None) -> Twin:
        """Keep a new twin."""
        return self._http.send("POST", _PATH, Twin, body=given, query={"workspace": workspace})

    def revise(self, twin: str, given: TwinInput, seen: int) -> Twin:
        """Keep a new version; `StaleError` if the twin is not as it was `seen`."""
        return self._http.send("PUT", f"{_PATH}/{twin}", Twin, body=given, seen=seen)

    def delete(self, twin: str, seen: int) -> None:
        """Forget a twin."""
        self._http.send("DELETE", f"{_PATH}/{twin}", type(None), seen=seen)

    def members(self, twin: str, *, sort: str | None = None, limit: int | None = None) -> Iterator[TwinMember]:
        """Everybody who may do something with it, by name (`sort`: `name`, `email`)."""
        from twin2multicloud.app.schemas.people import TwinMember  # which others do not need

        return every(self._http, f"{_PATH}/{twin}/members", Page[TwinMember], limit=limit, sort=sort)

    def let_in(self, twin: str, person: str, role: RoleName) -> TwinMember:
        """Give somebody (an id, e-mail address or `@me`) a role for it alone."""
        from twin2multicloud.app.schemas.people import RoleInput, TwinMember  # as above

        path = f"{_PATH}/{twin}/members/{quote(person, safe='@')}"
        return self._http.send("PUT", path, TwinMember, body=RoleInput(role=role))

    def take_out(self, twin: str, person: str) -> None:
        """Take away the role that somebody has for it alone."""
        self._http.send("DELETE", f"{_PATH}/{twin}/members/{quote(person, safe='@')}", type(None))

    def versions(self, twin: str, limit: int | None = None) -> Iterator[TwinVersionSummary]:
        """Its versions, the newest first."""
        return every(self._http, f"{_PATH}/{twin}/versions", Page[TwinVersionSummary], limit=limit)

    def version(self, twin: str, number: int) -> TwinVersion:
        """One version, whole."""
        return self._http.get(f"{_PATH}/{twin}/versions/{number}", TwinVersion)

    def restore(self, twin: str, number: int, given: RestoreInput, seen: int) -> Twin:
        """Take an earlier version up again as the next one; `StaleError` if the twin is not as it was `seen`."""
        return self._http.send("POST", f"{_PATH}/{twin}/versions/{number}/restore", Twin, body=given, seen=seen)

    def propose(self, twin: str, given: ProposalInput) -> Optimization:
        """Find the cheapest placement and keep it as a proposal. The twin stays as it is."""
        from twin2multicloud.app.schemas.placements import Optimization  # with all that can be asked of the optimizer

        return self._http.send("POST", f"{_PATH}/{twin}/optimize", Optimization, body=given)

    def optimizations(
        self, twin: str, *, sort: str | None = None, limit: int | None = None
    ) -> Iterator[OptimizationSummary]:
        """Its proposals, the newest first (`sort`: `created_at`, `usd_per_month`)."""
        from twin2multicloud.app.schemas.placements import OptimizationSummary  # as above

        return every(self._http, f"{_PATH}/{twin}/optimizations", Page[OptimizationSummary], limit=limit, sort=sort)

    def optimization(self, twin: str, optimization: str) -> Optimization:
        """One proposal, whole."""
        from twin2multicloud.app.schemas.placements import Optimization  # as above

        return self._http.get(f"{_PATH}/{twin}/optimizations/{optimization}", Optimization)

    def bill(self, twin: str) -> BillResult:
        """What its placement costs at the prices of now, line by line."""
        from twin2multicloud.app.schemas.answers import BillResult  # as above

        return self._http.get(f"{_PATH}/{twin}/bill", BillResult)

    def standing(self, twin: str) -> Standing:
        """How its placement stands at the prices of now, and what optimizing it would find. Nothing is kept."""
        from twin2multicloud.app.schemas.placements import Standing  # as above

        return self._http.get(f"{_PATH}/{twin}/standing", Standing)

    def advice(
        self,
        twin: str,
        *,
        target: Target | None = None,
        horizon_months: float | None = None,
        messages: float | None = None,
    ) -> Advice:
        """Which moves of a deployed twin pay. `messages`: as if so many came for each one that its definition says."""
        from twin2multicloud.app.schemas.advice import Advice  # as above

        query = {"target": target, "horizon_months": horizon_months, "messages": messages}
        return self._http.get(f"{_PATH}/{twin}/advice", Advice, **query)

    def choices(self, twin: str, slot: str) -> SlotChoiceList:
        """All that could fill a slot while the others stay as they are, and what that changes; the cheapest first."""
        from twin2multicloud.app.schemas.placements import SlotChoiceList  # as above

        return self._http.get(f"{_PATH}/{twin}/choices", SlotChoiceList, slot=slot)

    def preview(self, twin: str, given: PlacementInput) -> PlacementPreview:
        """What would come of `place`. Nothing is kept."""
        from twin2multicloud.app.schemas.placements import PlacementPreview  # as above

        path = f"{_PATH}/{twin}/preview"
        return self._http.send("POST", path, PlacementPreview, body=given, harmless=True)

    def export(self, twin: str, kind: ExportKind) -> bytes:
        """It as a file. `terraform`: its infrastructure code (zip), for operators; `definition`: its newest version
        with all files (zip); `report`: its placement explained (HTML); `bill`: every line (CSV).
        """
        return self._http.content(f"{_PATH}/{twin}/export", kind=kind)

    def place(self, twin: str, given: PlacementInput, seen: int) -> PlacementAnswer:
        """Decide where its slots go; `StaleError` if the twin is not as it was `seen`."""
        from twin2multicloud.app.schemas.placements import PlacementAnswer  # as above

        return self._http.send("PUT", f"{_PATH}/{twin}/placement", PlacementAnswer, body=given, seen=seen)

    def diff(self, twin: str, before: int, after: int | None = None) -> TwinDiff:
        """What changed between two versions."""
        return self._http.get(f"{_PATH}/{twin}/diff", TwinDiff, before=before, after=after)
