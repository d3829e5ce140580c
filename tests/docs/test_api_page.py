"""The examples of the API's page, run in order."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

from tests.app.backends import URL, site
from tests.app.conftest import migrated
from twin2multicloud.app.db.database import sqlite_url
from twin2multicloud.app.db.tables.people import Role

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text()


def _call(command: str) -> tuple[str, str, dict[str, str], str | None]:
    """Method, address, headers and body of a call of curl."""
    words = iter(shlex.split(command)[1:])
    method, address, headers, body = "", "", {}, None
    for word in words:
        if word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word == "-X":
            method = next(words)
        elif word == "-d":
            body = next(words)
        elif not word.startswith("-"):
            address = word
    return method or ("GET" if body is None else "POST"), address, headers, body


def test_the_examples_do_what_the_page_says(tmp_path: Path) -> None:
    database = sqlite_url(tmp_path / "app.db")
    migrated(database)
    answers: dict[tuple[str, str, int], Any] = {}
    with site(tmp_path / "data", database) as here:
        person = here.person("ada", Role.OWNER, admin=True)
        workspace = here.workspace_id
        twin = person.create_twin()["id"]
        run = here.run(person, twin)
        for command in re.findall(r"```sh\n(curl .*?)\n```", PAGE, re.S):
            values = {"$URL": URL, "$KEY": person.token, "$WORKSPACE": workspace, "$TWIN": twin, "$RUN": run}
            for name, value in values.items():
                command = command.replace(name, value)
            command = command.replace("\\\n", " ")
            assert "$" not in command
            method, address, headers, body = _call(command)
            answer = here.http.request(method, address, headers=headers, content=body)
            path = (
                address.removeprefix(f"{URL}/api/v1/")
                .partition("?")[0]
                .replace(twin, "T")
                .replace(workspace, "W")
                .replace(run, "R")
            )
            answers[method, path, answer.status_code] = answer
            if address.endswith("/workspaces") and answer.status_code == 201:
                workspace = answer.json()["id"]
    assert answers["GET", "me", 200].json()["email"] == "ada@example.org"
    refused = answers["POST", "workspaces", 422]
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["errors"][0]["field"] == "name"
    assert answers["POST", "workspaces", 201].headers["etag"] == '"1"'
    changed = answers["PATCH", "workspaces/W", 200]
    assert (changed.json()["name"], changed.headers["etag"]) == ("porto", '"2"')
    assert answers["GET", "definitions/fields", 200].json()["items"][0]["path"] == "name"
    assert answers["POST", "drafts", 201].json()["step"] == "workload"
    refresh = answers["POST", "prices/refresh", 201].json()
    stream = answers["GET", "events/stream", 200].text
    told = [json.loads(line[6:]) for line in stream.splitlines() if line.startswith("data: ")]
    assert any(each["run"] == refresh["id"] for each in told)
    saved = answers["GET", "runs/R/log", 200].headers["content-disposition"]
    assert saved.startswith('attachment; filename="greenhouse-run-')
    assert [each["id"] for each in answers["GET", "twins", 200].json()["items"]] == [twin]
    devices = answers["GET", "twins/T/devices", 200].json()
    assert (devices["live"], devices["total"]) == (False, 3)
    book = answers["GET", "prices/book", 200]
    assert book.headers["etag"] == f'W/"{book.json()["hash"]}"'
    assert ("GET", "workspaces", 200) in answers
    assert len(answers) == len(re.findall(r"```sh\n(curl .*?)\n```", PAGE, re.S))


def test_every_status_of_the_table_is_described() -> None:
    table = PAGE[PAGE.index("| status |") :]
    told = {int(found) for row in re.findall(r"^\| ([0-9, ]+) \|", table, re.M) for found in row.split(", ")}
    assert told == {400, 401, 403, 404, 409, 412, 413, 421, 422, 428, 429, 503}
