"""Which endpoint a request is for, found by the segments of its path.

FastAPI asks every route in turn, and every router that it includes three times over; of a hundred endpoints that takes
longer than answering. Here a path's segments lead to the one or two routes that can be meant, which then decide as they
always do. Modules of endpoints are loaded, and routes made, when they are first asked for, since a command that works
on files asks for one of them; `Dispatch.load` makes all, for whoever serves and whoever describes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from fastapi import APIRouter, FastAPI, params
from starlette.datastructures import URLPath
from starlette.routing import BaseRoute, Match, NoMatchFound
from starlette.types import Receive, Scope, Send

from twin2multicloud.runtime.struct_types import prepare_structs


@dataclass(frozen=True)
class Told:
    """An endpoint as its module tells of it."""

    path: str
    endpoint: Callable[..., Any]
    given: dict[str, Any]
    websocket: bool = False


class Endpoints(APIRouter):
    """What a module of endpoints tells FastAPI of, kept as it was told until a route of it is needed."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.told: list[Told] = []

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **given: Any) -> None:
        """Keep it."""
        self.told.append(Told(path, endpoint, given))

    def add_api_websocket_route(
        self, path: str, endpoint: Callable[..., Any], name: str | None = None, **given: Any
    ) -> None:
        """Keep it."""
        self.told.append(Told(path, endpoint, {"name": name, **given}, websocket=True))


@dataclass(frozen=True)
class Noun:
    """A module of endpoints that is loaded when something `under` one of these paths is asked for (`*` is any segment);
    below `prefix` in both. All its endpoints take `dependencies` besides their own.
    """

    load: Callable[[], Endpoints]
    under: Sequence[str]
    prefix: str = ""
    dependencies: Sequence[params.Depends] = ()


class _Route:
    """A route that is made once it may be meant."""

    def __init__(self, make: Callable[[], BaseRoute], order: tuple[int, int]) -> None:
        self.order = order
        self._make = make

    @cached_property
    def made(self) -> BaseRoute:
        """The route."""
        return self._make()


@dataclass
class _Place:
    """What is at a path, and below it."""

    here: list[_Route] = field(default_factory=list)
    below: dict[str, _Place] = field(default_factory=dict)
    any: _Place | None = None

    def at(self, segments: Sequence[str]) -> _Place:
        """The place of a template, made if need be."""
        place = self
        for segment in segments:
            if _is_any(segment):
                place.any = place.any or _Place()
                place = place.any
            else:
                place = place.below.setdefault(segment, _Place())
        return place


class Dispatch(BaseRoute):
    """All endpoints of an application, as one route of it. Threads may share it, and so may applications: routes know
    theirs by the request only. `app` lends what all its routes have in common.
    """

    def __init__(self, app: FastAPI, nouns: Sequence[Noun]) -> None:
        self._app = app
        self._waiting = {
            number: (noun, [_segments(noun.prefix + under) for under in noun.under])
            for number, noun in enumerate(nouns)
        }
        self._root = _Place()
        self._lock = threading.RLock()

    def load(self) -> list[BaseRoute]:
        """Load all modules and make every route there is; the routes, in the order of the nouns."""
        for number in list(self._waiting):
            self._load(number)
        return [each.made for each in sorted(_all(self._root), key=_order)]

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As any route: the first that is meant, or else the first that would be by another method."""
        partial: Scope | None = None
        for found in self._meant(scope["path"].removeprefix(scope.get("root_path", ""))):
            match, child = found.made.matches(scope)
            if match is Match.FULL:
                return match, child
            if match is Match.PARTIAL and partial is None:
                partial = child
        return (Match.NONE, {}) if partial is None else (Match.PARTIAL, partial)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have the route answer that was found; FastAPI's put themselves into the scope."""
        await scope["route"].handle(scope, receive, send)

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        """As any route."""
        for route in self.load():
            try:
                return route.url_path_for(name, **path_params)
            except NoMatchFound:
                pass
        raise NoMatchFound(name, path_params)

    def _meant(self, path: str) -> Sequence[_Route]:
        segments = _segments(path)
        if self._waiting:
            for number, (_, templates) in list(self._waiting.items()):
                if any(_leads(template, segments) for template in templates):
                    self._load(number)
        places = [self._root]
        for segment in segments:
            places = [below for place in places for below in (place.below.get(segment), place.any) if below is not None]
        if len(places) == 1:
            return places[0].here
        return sorted((each for place in places for each in place.here), key=_order)

    def _load(self, number: int) -> None:
        with self._lock:
            if number not in self._waiting:
                return
            noun, templates = self._waiting[number]
            router = noun.load()
            prepare_structs()  # what was loaded with it is used by several threads
            for order, told in enumerate(router.told):
                path = noun.prefix + router.prefix + told.path
                segments = _segments(path)
                assert any(_leads(template, segments) for template in templates), (
                    f"{path} is below none of the paths that its module is loaded for: {', '.join(noun.under)}"
                )
                assert ":path}" not in path, f"{path}: a parameter is one segment"
                self._root.at(segments).here.append(_Route(self._maker(noun, router, told, path), (number, order)))
            del self._waiting[number]

    def _maker(self, noun: Noun, router: Endpoints, told: Told, path: str) -> Callable[[], BaseRoute]:
        given = told.given
        dependencies = [*noun.dependencies, *router.dependencies, *(given.get("dependencies") or ())]

        def make() -> BaseRoute:
            with self._lock:
                if told.websocket:
                    self._app.router.add_api_websocket_route(
                        path, told.endpoint, **{**given, "dependencies": dependencies}
                    )
                else:
                    more = {
                        "tags": [*router.tags, *(given.get("tags") or ())],
                        "dependencies": dependencies,
                        "include_in_schema": router.include_in_schema and given.get("include_in_schema", True),
                        "route_class_override": router.route_class,
                    }
                    self._app.router.add_api_route(path, told.endpoint, **{**given, **more})
                return self._app.router.routes.pop()

        return make


def _segments(path: str) -> list[str]:
    return path.split("/")[1:]


def _is_any(segment: str) -> bool:
    return segment == "*" or "{" in segment


def _leads(template: Sequence[str], segments: Sequence[str]) -> bool:
    """Whether a path is at a template, or below it."""
    return len(template) <= len(segments) and all(
        _is_any(ours) or ours == theirs for ours, theirs in zip(template, segments, strict=False)
    )


def _all(place: _Place) -> Iterator[_Route]:
    yield from place.here
    for below in place.below.values():
        yield from _all(below)
    if place.any is not None:
        yield from _all(place.any)


def _order(route: _Route) -> tuple[int, int]:
    return route.order
