"""What OpenAPI tells of the API: who may ask, and every way in which a request can be refused, found in one place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from twin2multicloud.app.api import examples
from twin2multicloud.app.api.deps import KEY
from twin2multicloud.app.api.dispatch import Dispatch
from twin2multicloud.app.api.problems import MEDIA_TYPE, TITLES
from twin2multicloud.app.auth.sessions import SAFE_METHODS

_PROBLEM: Final = {"$ref": "#/components/schemas/Problem"}
_METHODS: Final = ("get", "put", "post", "patch", "delete")
_TAGS: Final = {
    "login": "Signing in, in a browser and from a command line.",
    "me": "Who asks, and signing out.",
    "twins": "Twins: definitions, versions, where their slots go, and what that costs.",
    "drafts": "What somebody is writing before it is a twin, or while they change one; seen by nobody else.",
    "runs": "Planning, deploying, moving and destroying, which take long and tell how they go by events.",
    "operating": "How deployed twins do: health, outputs, links, the proof of their wiring, states of their stacks.",
    "watching": "What twins are like now: devices, history, rates, rules, graph, dashboards. Works for drafts, too.",
    "costs": "What twins really cost: bills of clouds, and how they compare with what was predicted and metered.",
    "sandboxes": "What is on this machine of a twin: errors, logs, dead letters, faults, commands, meters.",
    "alerts": "What goes wrong in twins, folded; acknowledged and muted by whoever looks after them.",
    "people": "People of the installation.",
    "workspaces": "Workspaces, which hold twins, connections and people.",
    "members": "Who has which role in a workspace and for a twin.",
    "keys": "API keys.",
    "connections": "Accounts at clouds.",
    "audit": "Who did what.",
    "events": "What happens, listed and as it happens.",
    "catalogue": "Workloads, offers, regions and prices there are to choose from.",
    "optimizer": "The cheapest placement of a workload, and what about it. Nothing is kept.",
    "health": "Whether the process lives and can work.",
    "metrics": "Figures for Prometheus.",
}
_SESSION_SCHEMES: Final = {
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "t2m_session",
        "description": "A signed-in browser; over https the name is `__Host-t2m_session`.",
    },
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": "X-CSRF-Token",
        "description": "With a session, for whatever changes something: `csrf` of `GET /api/v1/me`.",
    },
}


class DescribedApi(FastAPI):
    """A FastAPI application whose OpenAPI document is completed by what all endpoints share. `sessions`: whether
    browsers may come with theirs; `told_tags` and `told_examples` go before ours.
    """

    def __init__(
        self,
        *,
        sessions: bool,
        told_tags: Mapping[str, str],
        told_examples: Mapping[str, dict[str, Any]],
        **given: Any,
    ) -> None:
        super().__init__(**given)
        self._sessions = sessions
        self._told_tags = {**_TAGS, **told_tags}
        self._told_examples = {**examples.REQUESTS, **told_examples}

    @property
    def routes(self) -> list[BaseRoute]:
        """All of them, each by itself."""
        found: list[BaseRoute] = []
        for route in self.router.routes:
            found += route.load() if isinstance(route, Dispatch) else [route]
        return found

    def openapi(self) -> dict[str, Any]:
        """The document; made once."""
        if self.openapi_schema is None:
            self._complete(super().openapi())
        assert self.openapi_schema is not None
        return self.openapi_schema

    def _complete(self, document: dict[str, Any]) -> None:
        used: set[str] = set()
        for method, path, operation in operations(document):
            used.update(operation["tags"])
            if self._sessions:
                _tell_sessions(method, operation)
            _tell_problems(method, path, operation)
            examples.add(operation, self._told_examples)
        if self._sessions:
            document["components"]["securitySchemes"].update(_SESSION_SCHEMES)
        told = self._told_tags.items()
        document["tags"] = [{"name": name, "description": text} for name, text in told if name in used]


def operation_id(route: APIRoute) -> str:
    """An operation's id: the name of its function, which says what it does and to what."""
    return route.name


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and operation of everything in a document."""
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if method in methods:
                yield method, path, methods[method]


def _tell_sessions(method: str, operation: dict[str, Any]) -> None:
    """Whoever may come with a key may come with a browser's session."""
    if any(KEY in each for each in operation.get("security", [])):
        session: dict[str, list[str]] = {"session": []}
        if method.upper() not in SAFE_METHODS:
            session["csrf"] = []
        operation["security"] = [{KEY: []}, session]


def _tell_problems(method: str, path: str, operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    responses.pop("default", None)
    for status in sorted(_refusals(method, path, operation)):
        own = responses.get(str(status), {})
        responses[str(status)] = {
            "description": own.get("description") or TITLES[status],
            "content": {MEDIA_TYPE: {"schema": _PROBLEM}},
        }


def _refusals(method: str, path: str, operation: Mapping[str, Any]) -> set[int]:
    """How an operation can be refused, by what it takes."""
    parameters = operation.get("parameters", [])
    names = {each["name"] for each in parameters}
    body, named = "requestBody" in operation, [each for way in operation.get("security", []) for each in way]
    known = KEY in named  # a token that all share is nobody's: with it one may do everything
    # Whatever is asked, somebody may ask too often, and something that is needed may not answer.
    found = {429, 503} | {int(status) for status in operation["responses"] if status[:1] == "4"}
    if not path.startswith("/health/") and path != "/metrics":
        found.add(421)
    if parameters or body:
        found.add(422)
    if body:
        found |= {400, 413}
    if "{" in path or (known and (body or names & {"workspace", "twin", "run", "user"})):
        found.add(404)
    if named:
        found.add(401)
    if known:
        found.add(403)
        # Of a twin much can be asked only while something of it is there.
        if method.upper() not in SAFE_METHODS or "twin" in names:
            found.add(409)
    if "if-match" in names:
        found |= {412, 428}
    return found
