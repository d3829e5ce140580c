"""Which module answers what: modules are loaded by it when they are asked for (see `dispatch`)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from importlib import import_module
from typing import Final

from fastapi import params

from twin2multicloud.app.api.deps import allow
from twin2multicloud.app.api.dispatch import Endpoints, Noun
from twin2multicloud.app.auth.access import Scope

PREFIX: Final = "/api/v1"


def _endpoints(module: str, name: str) -> Endpoints:
    found = getattr(import_module(f"twin2multicloud.app.api.routes.{module}"), name)
    assert isinstance(found, Endpoints)
    return found


def _api(module: str, *under: str, name: str = "router", dependencies: Sequence[params.Depends] = ()) -> Noun:
    return Noun(partial(_endpoints, module, name), under, PREFIX, dependencies)


def _page(module: str, *under: str, name: str = "router") -> Noun:
    return Noun(partial(_endpoints, module, name), under)


def _twins(*nouns: str) -> Sequence[str]:
    return [f"/twins/*/{noun}" for noun in nouns]


def asking(dependencies: Sequence[params.Depends] = ()) -> tuple[Noun, ...]:
    """What knows no database: it is served alone, too (see `optimizer_app`)."""
    catalogue = ("/workloads", "/definitions", "/offers", "/regions", "/prices")
    optimizing = ("/optimize", "/compare", "/override", "/sensitivity", "/report")
    return (
        _api("catalogue", *catalogue, dependencies=dependencies),
        _api("optimizing", *optimizing, dependencies=dependencies),
    )


_DEPLOYING: Final = (
    _api("me", "/me"),
    _api("twins", "/twins"),
    _api("placements", "/twins/*/placement", name="deciding"),
    _api("restoring", "/twins/*/versions/*/restore"),
    _api("exports", *_twins("export")),
    _api("runs", "/runs", "/targets", *_twins("runs"), "/workspaces/*/connections/*/check"),
    _api("operating", *_twins("status", "health", "outputs", "links", "proof")),
    _api("watching", *_twins("devices", "rates", "rules", "graph", "dashboards", "costs")),
    _api("bills", *_twins("bills", "budget", "validation")),
    _api("workspace_budgets", "/workspaces/*/budget"),
    _api("states", *_twins("states")),
    _api("sandboxes", *_twins("errors", "logs", "dead-letters", "faults", "commands", "meters")),
    _api("alerts", "/alerts", *_twins("alerts")),
    _api("alert_routes", *(f"/workspaces/*/{noun}" for noun in ("alert-routes", "alert-policy", "mute-rules"))),
    _api("workspaces", "/workspaces"),
    _api("keys", "/keys"),
    _api("connections", "/workspaces/*/connections", *_twins("connections")),
    _api("audit", "/audit"),
    _api("run_logs", "/runs/*/log"),
    _api("events", "/events", *_twins("events"), "/runs/*/events"),
)
"""What the deployer alone serves, too. A path is there with all its methods, or not at all."""
_HEALTH: Final = _page("health", "/health")
_METRICS: Final = _page("metrics", "/metrics")
WHOLE: Final = (
    _api("login", "/login"),
    _api("login_device", "/login/device"),
    _api("me", "/logout", name="leaving"),
    _api("placements", *_twins("optimize", "optimizations", "bill", "standing", "advice", "choices", "preview")),
    _api("runs", "/prices/refresh", name="refreshing"),
    _api("users", "/users"),
    _api("members", "/workspaces/*/members", *_twins("members")),
    _api("books", "/prices/books"),
    _api("price_findings", "/prices/findings", "/prices/ages", "/prices/listed-regions"),
    _api("drafts", "/drafts"),
    *_DEPLOYING,
    # They keep nothing, so whoever is known may ask.
    *asking((allow(Scope.READ),)),
    _HEALTH,
    _page("login_pages", "/login"),
    _page("login_device", "/login/device", name="page_router"),
    _page("login_provider", "/login/*"),
    _page("login_saml", "/login/*"),
    _METRICS,
)
"""The whole API."""
DEPLOYER: Final = (*_DEPLOYING, _HEALTH, _METRICS)
"""The deployer alone."""


def first_segments() -> frozenset[str]:
    """What addresses of the API begin with, so that nothing else may be there."""
    return frozenset((noun.prefix + under).split("/")[1] for noun in WHOLE for under in noun.under)
