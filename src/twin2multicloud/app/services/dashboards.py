"""A twin's dashboards, and answers to what their panels ask."""

from __future__ import annotations

from typing import Any

import msgspec

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.errors import InvalidError, UnavailableError
from twin2multicloud.app.schemas import dashboards as shapes
from twin2multicloud.app.schemas.twins import Target
from twin2multicloud.app.services.definitions import defined
from twin2multicloud.app.services.places import sandbox_layout
from twin2multicloud.app.services.sandboxes import sandbox_of
from twin2multicloud.app.services.watching import ask
from twin2multicloud.model.errors import Finding, UsageError
from twin2multicloud.sandbox.create import SandboxError
from twin2multicloud.sandbox.dashboards import DashboardClient


def dashboards(backend: Backend, twin_id: str, target: Target) -> shapes.Dashboards:
    """All dashboards: those that are deployed in the sandbox, or what the definition says."""
    told = ask(backend, twin_id, target, lambda client: client.dashboard_url())
    return shapes.Dashboards(
        live=told.answer is not None,
        problem=told.problem,
        twin_time=told.twin_time,
        dashboards=_deployed(backend, twin_id) if told.answer is not None else _defined(backend, twin_id),
        page_url=told.answer,
        grafana_url=None if target == "sandbox" else _grafana(backend, twin_id, target),
    )


def query(backend: Backend, twin_id: str, given: shapes.DashboardQuery) -> shapes.DashboardAnswer:
    """Ask as the dashboard does, over the links that lead to whoever has the data; it is metered like that, too.
    `InvalidError` for a question that makes no sense, `UnavailableError` where nobody answers.
    """
    asked = {name: value for name, value in given.model_dump(mode="json").items() if value not in (None, "", [])}
    try:
        answer = DashboardClient(sandbox_of(backend, twin_id)).ask(asked)
    except UsageError as error:
        raise InvalidError(f"query: {error}", findings=[Finding("query", str(error))]) from error
    except (SandboxError, OSError, msgspec.MsgspecError) as error:
        raise UnavailableError(str(error)) from error
    return _answer(given.kind, answer)


def _answer(kind: str, answer: Any) -> shapes.DashboardAnswer:
    if kind == "alerts":
        return shapes.DashboardAnswer.model_validate({"kind": kind, "alerts": answer})
    # There may be thousands of points, and nothing of them is to be checked.
    shown = shapes.DashboardAnswer.model_validate({"kind": kind, **answer, "points": []})
    return shown.model_copy(update={"points": answer.get("points", [])})


def _deployed(backend: Backend, twin_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]]
    found = msgspec.json.decode(
        sandbox_layout(backend, twin_id).dashboards_file.read_bytes(), type=list[dict[str, Any]]
    )
    return found


def _defined(backend: Backend, twin_id: str) -> list[dict[str, Any]]:
    from twin2multicloud.dashboards.build import grafana_dashboards  # with Grafana's SDK
    from twin2multicloud.dashboards.source import ReadSource

    return grafana_dashboards(defined(backend, twin_id).spec, ReadSource("api/query", "api/query"))


def _grafana(backend: Backend, twin_id: str, target: Target) -> str | None:
    from twin2multicloud.app.services.operating import outputs  # with the deployer

    for put_out in outputs(backend, twin_id, target).stacks.values():
        reached = put_out.get("dashboards")
        if isinstance(reached, dict) and isinstance(reached.get("url"), str):
            return str(reached["url"])
    return None
