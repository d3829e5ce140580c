"""The API's description is whole: somebody who knows nothing else of it can use it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from tests.app.authorization_rows import ROWS
from tests.app.backends import site
from twin2multicloud.app.api import examples
from twin2multicloud.app.api.description import operations
from twin2multicloud.app.api.optimizer_app import create_optimizer_app
from twin2multicloud.app.db.database import sqlite_url
from twin2multicloud.app.settings import read_settings

pytestmark = pytest.mark.xdist_group("the API's description")
_MAIN = ("Workspace", "User", "Key", "Connection", "Event", "AuditEntry", "Member")


@pytest.fixture(scope="module")
def document(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Which nobody changes: putting it together takes longer than all else here."""
    directory = tmp_path_factory.mktemp("described")
    shutil.copy(sqlite_template, directory / "app.db")
    with site(directory, sqlite_url(directory / "app.db")) as made:
        found: dict[str, Any] = made.http.get("/api/v1/openapi.json").json()
    return found


def test_every_operation_says_what_it_does_and_has_a_name_of_its_own(document: dict[str, Any]) -> None:
    names = []
    for method, path, operation in operations(document):
        where = f"{method} {path}"
        assert operation["summary"], where
        assert len(operation["description"]) > 10, where
        assert operation["description"].rstrip()[-1] in ".:`)", where
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", operation["operationId"]), where
        assert "default" not in operation["responses"], where
        names.append(operation["operationId"])
    assert len(names) == len(set(names)) > 70
    # Two models of one name would both be called by their modules, in this document and not in a part of it.
    assert not [name for name in document["components"]["schemas"] if "__" in name]


def check_description(document: dict[str, Any]) -> None:
    """Whatever part of the API it is of: tags and refusals are told, and examples are accepted."""
    _check_tags(document)
    _check_refusals(document)
    _checked_examples(document)


def test_every_tag_is_described(document: dict[str, Any]) -> None:
    _check_tags(document)


def _check_tags(document: dict[str, Any]) -> None:
    told = {each["name"] for each in document["tags"]}
    assert all(each["description"] for each in document["tags"])
    assert {tag for *_, operation in operations(document) for tag in operation["tags"]} == told


def test_every_refusal_is_a_problem(document: dict[str, Any]) -> None:
    _check_refusals(document)


def _check_refusals(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        for status, response in operation["responses"].items():
            if status[0] in "45":
                assert list(response["content"]) == ["application/problem+json"], (method, path, status)
                assert response["description"]


def test_who_may_ask_is_told(document: dict[str, Any]) -> None:
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    for method, path, operation in operations(document):
        told, row = operation.get("security"), ROWS[f"{method.upper()} {path}"]
        if row.scope is None:
            assert told is None, path
        else:
            session: dict[str, list[str]] = {"session": []} if method == "get" else {"session": [], "csrf": []}
            assert told == [{"key": []}, session], path


def test_every_body_has_an_example_that_is_accepted_as_one(document: dict[str, Any]) -> None:
    used = _checked_examples(document)
    assert {f"Page_{name}_" for name in _MAIN} <= used
    assert set(examples.RESPONSES) <= used | {name[5:-1] for name in used}


def _checked_examples(document: dict[str, Any]) -> set[str]:
    used: set[str] = set()
    for method, path, operation in operations(document):
        for kind, media in operation.get("requestBody", {}).get("content", {}).items():
            assert "example" in media, (method, path, kind)
            _valid(document, media)
        for status, response in operation["responses"].items():
            for media in response.get("content", {}).values():
                if status[0] == "2" and "example" in media:
                    used.add(media["schema"].get("$ref", "").rpartition("/")[2])
                    _valid(document, media)
    return used


def _valid(document: dict[str, Any], media: dict[str, Any]) -> None:
    schema = {"components": document["components"], **media["schema"]}
    jsonschema_rs.validate(schema, media["example"])


def test_the_optimizer_alone_is_described_as_well() -> None:
    document = create_optimizer_app(read_settings(only="optimizer", optimizer_processes=0)).openapi()
    found = {operation["operationId"] for *_, operation in operations(document)}
    assert {"optimize", "list_offers", "show_meter", "show_metrics"} <= found
    for *_, operation in operations(document):
        assert "default" not in operation["responses"]
        assert "security" not in operation
    check_description(document)
    with_token = read_settings(only="optimizer", optimizer_processes=0, optimizer_token="a-token-of-many-letters")
    document = create_optimizer_app(with_token).openapi()
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    for _, path, operation in operations(document):
        asked = path.startswith("/api/") or path == "/metrics"
        assert operation.get("security") == ([{"token": []}] if asked else None), path
        assert ("401" in operation["responses"]) is asked
        assert "403" not in operation["responses"]
