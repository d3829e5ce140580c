"""The dashboard page as its browser sees it: what `verify` and the demo ask it."""

from __future__ import annotations

import http.client
from typing import Any, Final

import msgspec

from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Slot
from twin2multicloud.sandbox.client import SandboxClient
from twin2multicloud.sandbox.create import SandboxError

_TIMEOUT_S: Final = 10.0


class DashboardClient:
    """Queries through L5, and so over the links to L3 and L4."""

    def __init__(self, client: SandboxClient) -> None:
        self._port = client.config.clouds[client.cloud_of(Slot.VISUALIZATION)].http_port

    def history(self, device: str, start_s: float, end_s: float, limit: int = 100) -> list[list[Any]]:
        """Points of a device in a range of event time."""
        answer = self._query({"kind": "history", "device": device, "start": start_s, "end": end_s, "limit": limit})
        points: list[list[Any]] = answer["points"]
        return points

    def state(self, entity: str) -> dict[str, Any]:
        """A twin's state, {} if it has none."""
        entities: list[dict[str, Any]] = self._query({"kind": "state", "entity": entity})["entities"]
        return entities[0] if entities else {}

    def page(self) -> bytes:
        """The page itself."""
        return self._request("GET", "/dashboard/", None)

    def ask(self, query: dict[str, Any]) -> Any:
        """The answer to a question of a panel (docs/dashboards.md). `UsageError` for one that makes no sense,
        `SandboxError` where whoever has the data does not answer.
        """
        return msgspec.json.decode(self._request("POST", "/dashboard/api/query", msgspec.json.encode(query)))

    def _query(self, query: dict[str, Any]) -> dict[str, Any]:
        value = self.ask(query)
        return value if isinstance(value, dict) else {}

    def _request(self, method: str, path: str, body: bytes | None) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_TIMEOUT_S)
        try:
            connection.request(method, path, body, {"content-type": "application/json"})
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise SandboxError(f"the dashboard does not answer: {error}") from error
        finally:
            connection.close()
        if response.status != 200:
            told = f"the dashboard answered {response.status}: {_problem(content)}"
            raise UsageError(told) if response.status == 400 else SandboxError(told)
        return content


def _problem(content: bytes) -> str:
    """What an answer says went wrong."""
    try:
        return str(msgspec.json.decode(content, type=dict[str, str])["error"])[:500]
    except (msgspec.MsgspecError, KeyError):
        return content[:200].decode("utf-8", "replace")
