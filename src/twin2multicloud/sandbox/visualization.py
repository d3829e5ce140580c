"""L5 in the sandbox: the live dashboard page, its data over the same signed links as in the clouds, and its people."""

from __future__ import annotations

import asyncio
import http.client
import random
import threading
import time
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from starlette.applications import Starlette

from twin2multicloud.runtime.failures import ErrorKind, ErrorReport, LinkError, RejectedError
from twin2multicloud.runtime.times import normal_time, to_epoch
from twin2multicloud.sandbox.building import CloudParts
from twin2multicloud.sandbox.pages.app import dashboard_app
from twin2multicloud.sandbox.pages.rates import RateLog

_EDGES: Final = {"history": "history", "last": "history", "state": "state"}
_JSON: Final = "application/json"
_LOOK_S: Final = 1.0
_MOST_REFRESHES_PER_S: Final = 10.0


class Visualization:
    """The dashboard's server side."""

    def __init__(self, parts: Callable[[], CloudParts]) -> None:
        """`parts` gives what the cloud consists of at present."""
        self._current = parts
        self._rates = RateLog()
        self._alerts: list[dict[str, Any]] = []
        self._dashboards: list[dict[str, Any]] | None = None
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._look, name="summaries", daemon=True),
            threading.Thread(target=self._people, name="people", daemon=True),
        ]

    @property
    def _parts(self) -> CloudParts:
        return self._current()

    def app(self) -> Starlette:
        """The page."""
        return dashboard_app(self._all_dashboards, self.query, lambda: self._alerts, self._twin)

    def start(self) -> None:
        """Begin to look at the other clouds, and let the workload's people look at the dashboards."""
        for thread in self._threads:
            thread.start()

    def count_people(self) -> None:
        """Tell the meters how many use the dashboards; again whenever counters begin anew."""
        workload = self._parts.blueprint.workload
        self._parts.meters.dashboards.users(int(workload["editors"]), int(workload["viewers"]))

    def stop(self) -> None:
        """End both."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(2.0)

    async def query(self, query: dict[str, Any]) -> dict[str, Any]:
        """Answer a question of a panel, over the link to whoever has the data."""
        if query["kind"] == "rates":
            now = self._parts.clock.now()
            start, end = query.get("start", now - 3600), query.get("end", now + 1)
            return self._rates.answer(_seconds(start), _seconds(end), query.get("limit", 1000))
        return await asyncio.get_running_loop().run_in_executor(None, self.ask, query)

    def ask(self, query: dict[str, Any]) -> dict[str, Any]:
        """One signed query; `LinkError` if there is no answer, `RejectedError` if it makes no sense."""
        edge = _EDGES[query["kind"]]
        if not self._parts.joined(edge):
            source = self._parts.blueprint.by_edge[edge].source
            raise LinkError(f"{source.value} ({source.label}) is not deployed yet", retryable=True)
        told = False

        def tell(error: LinkError, _attempt: int) -> None:
            nonlocal told
            told = True
            self._parts.journal.report([_unanswered(error, edge)])

        try:
            answer = self._parts.client.post(edge, msgspec.json.encode(query), content_type=_JSON, troubled=tell)
        except LinkError as error:
            if error.status == 422:
                raise RejectedError(str(error)) from error  # the question makes no sense
            if not told:
                self._parts.journal.report([_unanswered(error, edge)])
            raise
        value = msgspec.json.decode(answer.body)
        self._parts.meters.dashboards.served(len(answer.body))
        return value if isinstance(value, dict) else {}

    def _all_dashboards(self) -> list[dict[str, Any]]:
        if self._dashboards is None:
            self._dashboards = msgspec.json.decode(self._parts.layout.dashboards_file.read_bytes())
        return self._dashboards

    def _twin(self) -> dict[str, Any]:
        clock = self._parts.clock
        return {"name": self._parts.spec.name, "time": clock.now(), "speed": clock.setting.speed}

    # ── What the other clouds know ──────────────────────────────────────────────────────────────────────────
    def _look(self) -> None:
        while not self._stopping.wait(_LOOK_S):
            config = self._parts.config
            messages = errors = 0
            complete = True
            for cloud in config.clouds.values():
                found = _fetch(cloud.url, config.token)
                if found is None:
                    complete = False
                    continue
                messages += found["messages"] or 0
                errors += found["errors"]
                if found["alerts"] is not None:
                    self._alerts = found["alerts"]
            if complete:
                self._rates.sample(self._parts.clock.now(), messages, errors)

    # ── People ──────────────────────────────────────────────────────────────────────────────────────────────
    def _people(self) -> None:
        """The workload's people: so many refreshes in a month of the twin's time, evenly."""
        workload, assumed = self._parts.blueprint.workload, self._parts.blueprint.assumptions
        per_day = workload["dashboard_refreshes_per_hour"] * workload["dashboard_hours_per_day"]
        if per_day <= 0:
            return
        devices = self._parts.spec.device_names
        chance = random.Random(0)  # noqa: S311  which device is looked at
        due = 1.0
        last = self._parts.clock.now()
        while True:
            speed = max(self._parts.clock.setting.speed, 1e-9)
            pause = max(86_400 / per_day / speed, 1 / _MOST_REFRESHES_PER_S)
            if self._stopping.wait(min(pause, 1.0)):
                return
            now = self._parts.clock.now()
            due += max(now - last, 0.0) * per_day / 86_400
            last = now
            if due >= 1.0:
                due = min(due - 1.0, 1.0)
                self._refresh(devices, chance, int(assumed["history_panels"]), int(assumed["state_panels"]))

    def _refresh(self, devices: Any, chance: random.Random, histories: int, states: int) -> None:
        limit = int(self._parts.blueprint.assumptions["records_per_query"])
        queries: list[dict[str, Any]] = [
            {"kind": "history", "device": chance.choice(devices), "limit": limit} for _ in range(histories)
        ]
        queries += [{"kind": "state", "entity": chance.choice(devices)} for _ in range(states)]
        for query in queries:
            try:
                self.ask(query)
            except (LinkError, RejectedError):
                time.sleep(0.1)  # a person sees a panel without data and waits for the next refresh


def _unanswered(error: LinkError, edge: str) -> ErrorReport:
    return ErrorReport(
        layer="L5",
        severity="warning",
        kind=ErrorKind.READ_FAILED,
        message=f"a dashboard got no answer: {error}",
        component="dashboard",
        link=edge,
    )


def _fetch(url: str, token: str) -> dict[str, Any] | None:
    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.netloc, timeout=2.0)
    try:
        connection.request("GET", "/control/summary", headers={"authorization": f"Bearer {token}"})
        response = connection.getresponse()
        value = msgspec.json.decode(response.read())
        return value if response.status == 200 else None
    except (OSError, http.client.HTTPException, msgspec.DecodeError):
        return None
    finally:
        connection.close()


def _seconds(value: Any) -> float:
    return to_epoch(normal_time(value))
