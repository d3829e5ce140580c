"""A program that knows nothing but the deployer's description takes a twin all the way, from nothing and back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.app.runners import PLACEMENT
from tests.cli.serving import PROCESSOR, TWIN, Place

pytestmark = pytest.mark.slow


class Program:
    """Calls operations by the names that the description gives them."""

    def __init__(self, http: httpx2.Client) -> None:
        self.http = http
        self._operations = {
            operation["operationId"]: (method, path, operation)
            for path, methods in self.http.get("/api/v1/openapi.json").json()["paths"].items()
            for method, operation in methods.items()
        }

    def __call__(self, name: str, body: Any = None, seen: str | None = None, **given: str) -> httpx2.Response:
        """The answer, which must be one that the description promises."""
        method, path, operation = self._operations[name]
        query = {key: value for key, value in given.items() if f"{{{key}}}" not in path}
        headers = {} if seen is None else {"If-Match": seen}
        answer = self.http.request(method, path.format_map(given), json=body, params=query, headers=headers)
        assert str(answer.status_code) in operation["responses"], answer.text
        assert answer.status_code < 400, answer.text
        return answer

    def events(self, after: int, **given: str) -> Iterator[dict[str, Any]]:
        """What happens with a twin after an event, as it happens."""
        path = self._operations["stream_twin_events"][1].format_map(given)
        with self.http.stream("GET", path, params={"after": after, "kind": "run."}) as stream:
            for line in stream.iter_lines():
                if line.startswith("data: ") and "kind" in (event := json.loads(line[6:])):
                    yield event


def test_from_nothing_to_a_twin_and_back(tmp_path: Path) -> None:
    place = Place(tmp_path)
    with (
        place.served("--only", "deployer") as url,
        httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {place.key}"}, timeout=30) as http,
    ):
        ask = Program(http)
        cold = {"offer": "azure.blob-cool", "provider": "azure", "region": "westeurope"}
        archived = {**cold, "offer": "azure.blob-archive"}
        placement = {**PLACEMENT, "L3.cool": cold, "L3.archive": archived}
        files = {"code/sensor.py": PROCESSOR}
        made = ask("create_twin", {"source": TWIN, "files": files})
        twin, seen = made.json()["id"], made.headers["etag"]
        ask("place_twin", {"placement": placement}, seen, twin=twin)
        last = 0
        for kind, life in (("deploy", "deployed"), ("destroy", "draft")):
            asked = {"kind": kind, "target": "sandbox"}
            run = ask("create_run", asked, twin=twin).json()["id"]
            statuses = []
            for event in ask.events(last, twin=twin):
                last = event["id"]
                if event["run"] != run:
                    continue
                statuses.append(event["kind"].removeprefix("run."))
                if statuses[-1] == "awaiting-approval":
                    plan = ask("show_run", run=run).json()["plan"]
                    assert {stack["slot"] for stack in plan["stacks"]} == set(PLACEMENT)
                    ask("decide_run", {"agreed": True}, run=run)
                if statuses[-1] in ("succeeded", "failed"):
                    break
            assert statuses[-3:] == ["awaiting-approval", "applying", "succeeded"]
            shown = ask("show_twin", twin=twin)
            assert shown.json()["life"].get("sandbox", "draft") == life
            if kind == "deploy":
                assert ask("show_status", twin=twin, target="sandbox").json()["clouds"][0]["uptime_s"] >= 0
                assert ask("show_outputs", twin=twin, target="sandbox").json()["stacks"] == {}
                assert ask("list_links", twin=twin, target="sandbox").json()["links"] != []
        assert 'runs{status="succeeded"} 2.0' in ask("show_metrics").text
        ask("delete_twin", seen=shown.headers["etag"], twin=twin)
        assert ask("list_twins").json()["items"] == []
        assert ask("show_readiness").json() == {"status": "ok"}
    log = (tmp_path / "server.log").read_text()
    assert "the deployer listens at" in log
    assert "sign in" not in log
