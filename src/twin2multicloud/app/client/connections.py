"""Accounts at clouds. Credentials are sent, and never come back."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter, ValidationError

from twin2multicloud.app.client.http import Http
from twin2multicloud.app.client.paging import every
from twin2multicloud.app.errors import NotFoundError
from twin2multicloud.app.schemas.common import Page
from twin2multicloud.app.schemas.connections import Connection, ConnectionInput, TwinConnections
from twin2multicloud.model.errors import Finding, InvalidInputError

if TYPE_CHECKING:
    from twin2multicloud.app.schemas.runs import Run

_INPUT: Final[TypeAdapter[Any]] = TypeAdapter(ConnectionInput)


def checked(document: object, source: str) -> dict[str, Any]:
    """A connection as it is sent; `InvalidInputError` names what is wrong, without the secrets that were given."""
    try:
        _INPUT.validate_python(document)
    except ValidationError as error:
        findings = [
            Finding(".".join(str(part) for part in each["loc"][1:]), each["msg"].removeprefix("Value error, "))
            for each in error.errors(include_url=False, include_input=False)
        ]
        raise InvalidInputError(source, findings) from None
    assert isinstance(document, dict)
    return document


class Connections:
    """`/api/v1/workspaces/{workspace}/connections`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def list(
        self, workspace: str, provider: str | None = None, *, sort: str | None = None, limit: int | None = None
    ) -> Iterator[Connection]:
        """All of a workspace, by name (`sort`: `name`, `created_at`, `updated_at`)."""
        return every(self._http, _path(workspace), Page[Connection], limit=limit, provider=provider, sort=sort)

    def get(self, workspace: str, connection: str) -> Connection:
        """One of them."""
        return self._http.get(f"{_path(workspace)}/{connection}", Connection)

    def find(self, workspace: str, wanted: str) -> Connection:
        """The one with an id or a name; `NotFoundError` without it."""
        if wanted.startswith("con_"):
            return self.get(workspace, wanted)
        found = next((each for each in self.list(workspace) if each.name == wanted), None)
        if found is None:
            raise NotFoundError(
                f"there is no connection '{wanted[:60]}'; `twin2multicloud connections list` shows those there are"
            )
        return found

    def create(self, workspace: str, given: Mapping[str, Any]) -> Connection:
        """Keep an account (see `checked`)."""
        return self._http.send("POST", _path(workspace), Connection, body=given)

    def replace(self, there: Connection, given: Mapping[str, Any]) -> Connection:
        """Replace all of it, credentials too; `StaleError` if it was changed meanwhile."""
        path = f"{_path(there.workspace)}/{there.id}"
        return self._http.send("PUT", path, Connection, body=given, seen=there.version)

    def change(
        self, there: Connection, *, name: str | None = None, config: Mapping[str, Any] | None = None
    ) -> Connection:
        """Give it another name or configuration, which is taken as a whole; its credentials stay. `StaleError` if it
        was changed meanwhile.
        """
        changes = {"name": name, "config": config}
        body = {"provider": there.provider.value, **{key: value for key, value in changes.items() if value is not None}}
        path = f"{_path(there.workspace)}/{there.id}"
        return self._http.send("PATCH", path, Connection, body=body, seen=there.version)

    def rename(self, there: Connection, name: str) -> Connection:
        """Give it another name."""
        return self.change(there, name=name)

    def check(self, there: Connection, twin: str | None = None, idempotency_key: str | None = None) -> Run:
        """Have a run look whether its credentials sign in and, for a twin (its id), whether they suffice. What it finds
        is in the run's result, and afterwards in `check` of the connection.
        """
        from twin2multicloud.app.schemas.runs import CheckInput, Run  # which others do not need

        return self._http.send(
            "POST",
            f"{_path(there.workspace)}/{there.id}/check",
            Run,
            body=CheckInput(twin=twin),
            idempotency_key=idempotency_key or secrets.token_urlsafe(18),
        )

    def delete(self, there: Connection) -> None:
        """Forget one that no deployed twin uses."""
        self._http.send("DELETE", f"{_path(there.workspace)}/{there.id}", type(None), seen=there.version)

    def of_twin(self, twin: str) -> TwinConnections:
        """Which were chosen for a twin."""
        return self._http.get(f"/api/v1/twins/{twin}/connections", TwinConnections)

    def choose(self, twin: str, given: TwinConnections, seen: int) -> TwinConnections:
        """Choose what a twin is deployed with; `seen` is the twin's version."""
        return self._http.send("PUT", f"/api/v1/twins/{twin}/connections", TwinConnections, body=given, seen=seen)


def _path(workspace: str) -> str:
    return f"/api/v1/workspaces/{workspace}/connections"
