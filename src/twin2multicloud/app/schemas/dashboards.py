"""A twin's dashboards, and the questions that their panels ask."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from twin2multicloud.app.schemas.common import Answer, Body, Moment
from twin2multicloud.app.schemas.watching import Watched

_Name = Annotated[str, Field(max_length=256)]
_Names = Annotated[list[_Name], Field(max_length=200)]


class Dashboards(Watched):
    """Dashboards as Grafana's JSON. `live`: what they ask is answered by `POST /twins/{twin}/dashboards/query`.
    `page_url` is the sandbox's page that draws them, `grafana_url` the twin's Grafana in its cloud.
    """

    dashboards: list[dict[str, Any]]
    page_url: str | None = None
    grafana_url: str | None = None


class DashboardQuery(Body):
    """A question of a panel: `history` of a `device` (or `rates` of the whole twin) from `start` to `end`, the newest
    `limit` points of it; the `last` record of each of some `devices`; the `state` of an `entity` or of all twins of a
    `model`, beginning after `after`; `alerts` of some `rules` and `devices`, of all if none are named. Times are the
    twin's, and without them it is its last hour.
    """

    kind: Literal["history", "last", "state", "alerts", "rates"]
    device: _Name = ""
    devices: _Names = Field(default_factory=list)
    fields: _Names = Field(default_factory=list)
    start: Moment | None = None
    end: Moment | None = None
    limit: Annotated[int | None, Field(ge=1, le=10_000)] = None
    entity: _Name = ""
    model: _Name = ""
    after: _Name = ""
    rules: _Names = Field(default_factory=list)


class DashboardEntity(Answer):
    """A twin with its last values and when each was measured."""

    id: str
    model: str
    values: dict[str, Any]
    times: dict[str, str]


class DashboardRecord(Answer):
    """A device's last message."""

    time: str
    data: Any


class DashboardAlert(Answer):
    """An alert that a rule raised, or cleared."""

    seq: int
    id: str
    rule: str
    device: str
    severity: str
    message: str
    time: str
    active: bool


class DashboardAnswer(Answer):
    """What the twin answers, by kind: `points` of history and rates ([time in ms, a value for each of `fields`], the
    oldest first), `last` by device, `entities` of state, `alerts` (the latest first).
    """

    kind: Literal["history", "last", "state", "alerts", "rates"]
    device: str = ""
    fields: list[str] = Field(default_factory=list)
    points: list[list[Any]] = Field(default_factory=list)
    last: dict[str, DashboardRecord] = Field(default_factory=dict)
    entities: list[DashboardEntity] = Field(default_factory=list)
    alerts: list[DashboardAlert] = Field(default_factory=list)
