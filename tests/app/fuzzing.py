"""Requests that nobody would think of, made from the API's own description, and what is expected of every answer."""

from __future__ import annotations

import itertools
from typing import Any, cast

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, BaseSchema, Case, CheckFunction, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.app.authorization_rows import ROWS
from tests.app.backends import URL, Site
from tests.app.runners import place
from tests.app.scenes import Scene
from twin2multicloud.app.db.tables.people import Role

CHECKS: list[CheckFunction] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
UNLIMITED = {"principal_per_minute": 10**6, "anonymous_per_minute": 10**6, "login_per_minute": 10**6}


class Fuzzer:
    """Somebody who may everything and asks for anything, of things that are there and of things that are not."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.document: dict[str, Any] = site.http.get("/api/v1/openapi.json").json()
        self.schema: BaseSchema = schemathesis.openapi.from_dict(self.document)
        self.statuses: dict[str, set[int]] = {}
        self._numbers = itertools.count(10_000)
        # Runs that are planted get numbers of their own, among those that are asked for.
        site._numbers = itertools.count(10_000)
        self.scene = self._set()

    def operations(self) -> dict[str, APIOperation[Any, Any, Any, Any]]:
        """Every operation by its label ("GET /api/v1/me")."""
        found = list(self.schema.get_all_operations())
        sound = [each.ok() for each in found if isinstance(each, Ok)]
        assert len(sound) == len(found), "some are described wrongly"
        return {each.label: each for each in sound}

    def ask(self, operation: APIOperation[Any, Any, Any, Any], examples: int) -> None:
        """So many valid and so many invalid requests."""
        taken = operation.definition.raw.get("parameters") or operation.definition.raw.get("requestBody")
        for mode in GenerationMode:
            if mode is GenerationMode.NEGATIVE and not taken:
                continue

            @settings(
                max_examples=examples if taken else 1,
                derandomize=True,
                database=None,
                deadline=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(
                case=operation.as_strategy(generation_mode=mode),
                known=st.sampled_from([True, True, True, False]),
                seen=st.sampled_from([True, True, False]),
            )
            def asking(case: Case[Any], known: bool, seen: bool) -> None:
                self._one(case, known, seen)

            asking()

    def _one(self, case: Case[Any], known: bool, seen: bool) -> None:
        row = ROWS[case.operation.label]
        if known:
            self.keep_alive()
            made = row.prepare(self.scene) if row.prepare else {}
            values = {"twin": self.scene.twin_id, "workspace": self.site.workspace_id, **row.path, **made}
            for name in case.path_parameters:
                case.path_parameters[name] = values.get(name, case.path_parameters[name])
            if seen and "If-Match" in row.headers:
                case.headers["If-Match"] = self._etag(case)
        if case.path.endswith("/stream"):
            case.query["follow"] = "false"
        # schemathesis 4.32 cannot read a tuple (prefixItems) within additionalProperties.
        left_out = [response_schema_conformance] if case.path.endswith("/diff") else []
        case.validate_response(self.send(case), checks=CHECKS, excluded_checks=left_out)

    def send(self, case: Case[Any]) -> Any:
        """What is answered to a request, whose bytes go out as they are."""
        given = case.as_transport_kwargs(base_url=URL)
        wanted = {"method", "url", "headers", "params", "json", "data", "files", "cookies"}
        sent = requests.Request(**{name: value for name, value in given.items() if name in wanted}).prepare()
        assert sent.method is not None
        assert sent.url is not None
        headers = {**sent.headers, "Authorization": f"Bearer {self.scene.owner.token}"}
        answer = self.site.http.request(
            sent.method,
            sent.url,
            content=cast("bytes | str | None", sent.body),
            headers=[(_raw(name), _raw(value)) for name, value in headers.items()],
            follow_redirects=False,
        )
        self.statuses.setdefault(case.operation.label, set()).add(answer.status_code)
        return answer

    def _etag(self, case: Case[Any]) -> str:
        for path in (case.formatted_path, f"/api/v1/twins/{self.scene.twin_id}"):
            found = self.scene.owner.call("GET", path).headers.get("etag")
            if found is not None:
                return str(found)
        return '"1"'

    def keep_alive(self) -> None:
        """What a request took away is made again, so that the next one finds something."""
        if self.scene.owner.call("GET", f"/api/v1/twins/{self.scene.twin_id}").status_code != 200:
            self.site.workspace_id = self.site.workspace(f"again-{next(self._numbers)}")
            self.scene = self._set()

    def _set(self) -> Scene:
        site, number = self.site, next(self._numbers)
        people = {role.value: site.person(f"{role.value}-{number}", role, admin=role is Role.OWNER) for role in Role}
        people["viewer"] = site.person(f"the-viewer-{number}", Role.VIEWER)
        other = site.workspace(f"rome-{number}")
        twin = people["owner"].create_twin()["id"]
        place(site, twin)
        stranger = site.person(f"stranger-{number}", workspace_id=other)
        return Scene(site, people, people["owner"], stranger, twin, other)


def _raw(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
