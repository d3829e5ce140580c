"""Bills of a twin, and how they compare with what was predicted and metered."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from twin2multicloud.app.client.http import Http
from twin2multicloud.app.schemas.bills import (
    Bill,
    BillFetch,
    BillInput,
    BillSource,
    BillSourceInput,
    SimulatedBillInput,
    Validation,
)
from twin2multicloud.app.schemas.costs import Budget, BudgetInput, WorkspaceBudget
from twin2multicloud.app.schemas.runs import Run
from twin2multicloud.app.schemas.sandboxes import CloudName
from twin2multicloud.app.schemas.twins import Target


class Bills:
    """`/api/v1/twins/{twin}/bills`, `budget` and `validation`, and `budget` of workspaces. What
    does not say workspace takes a twin's id.
    """

    def __init__(self, http: Http) -> None:
        self._http = http

    def kept(self, twin: str, target: Target = "sandbox") -> list[Bill]:
        """Bills that are kept of it, the newest month first."""
        return self._http.get(self._path(twin, "bills"), list[Bill], target=target)

    def read(
        self,
        twin: str,
        content: str,
        *,
        target: Target = "sandbox",
        source: str = "",
        usd_per: Mapping[str, float] | None = None,
    ) -> list[Bill]:
        """Have a billing export in FOCUS read; what was read before of its clouds and months is replaced."""
        given = BillInput(target=target, content=content, source=source, usd_per=dict(usd_per or {}))
        return self._http.send("POST", self._path(twin, "bills"), list[Bill], body=given)

    def fetch(self, twin: str, given: BillFetch, idempotency_key: str | None = None) -> Run:
        """Have a run fetch the newest export of a cloud's bill, or ask the cloud; its events tell how it goes."""
        key = idempotency_key or secrets.token_urlsafe(18)
        return self._http.send("POST", self._path(twin, "bills/fetch"), Run, body=given, idempotency_key=key)

    def sources(self, twin: str) -> list[BillSource]:
        """Where its bills are read from again and again, cloud by cloud."""
        return self._http.get(self._path(twin, "bills/sources"), list[BillSource])

    def set_source(self, twin: str, cloud: CloudName, given: BillSourceInput) -> BillSource:
        """Have a cloud's bills read at once, and every day from then on."""
        return self._http.send("PUT", self._path(twin, f"bills/sources/{cloud}"), BillSource, body=given)

    def remove_source(self, twin: str, cloud: CloudName) -> None:
        """Read that cloud's bills no more."""
        self._http.send("DELETE", self._path(twin, f"bills/sources/{cloud}"), type(None))

    def simulated(self, twin: str, changes: SimulatedBillInput) -> str:
        """The bill in FOCUS that a month like its sandbox's would get, with these changes."""
        return self._http.ask_text(self._path(twin, "bills/simulated"), changes)

    def validation(self, twin: str, target: Target = "sandbox", period: str | None = None) -> Validation:
        """Predicted, metered and billed, meter by meter, with what explains the differences."""
        return self._http.get(self._path(twin, "validation"), Validation, target=target, period=period)

    def budget(self, twin: str) -> Budget:
        """What it may cost in a month; `NotFoundError` where nobody has said so."""
        return self._http.get(self._path(twin, "budget"), Budget)

    def set_budget(self, twin: str, given: BudgetInput) -> Budget:
        """Say what it may cost in a month."""
        return self._http.send("PUT", self._path(twin, "budget"), Budget, body=given)

    def remove_budget(self, twin: str) -> None:
        """Take its budget away."""
        self._http.send("DELETE", self._path(twin, "budget"), type(None))

    def workspace_budget(self, workspace: str) -> WorkspaceBudget:
        """What all twins of a workspace (its id) may cost in a month, and come to; `NotFoundError` without one."""
        return self._http.get(_of_workspace(workspace), WorkspaceBudget)

    def set_workspace_budget(self, workspace: str, given: BudgetInput) -> WorkspaceBudget:
        """Say what all twins of a workspace together may cost in a month."""
        return self._http.send("PUT", _of_workspace(workspace), WorkspaceBudget, body=given)

    def remove_workspace_budget(self, workspace: str) -> None:
        """Take a workspace's budget away."""
        self._http.send("DELETE", _of_workspace(workspace), type(None))

    def _path(self, twin: str, rest: str) -> str:
        return f"/api/v1/twins/{twin}/{rest}"


def _of_workspace(workspace: str) -> str:
    return f"/api/v1/workspaces/{workspace}/budget"
