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
    answers: list[Any] = []
    with site(tmp_path / "data", database) as here:
        person = here.person("ada", Role.OWNER, admin=True)
        workspace = here.workspace_id
        twin = person.create_twin()["id"]
        for command in re.findall(r"```sh\n(curl .*?)\n```", PAGE, re.S):
            values = {"$URL": URL, "$KEY": person.token, "$WORKSPACE": workspace, "$TWIN": twin}
            for name, value in values.items():
                command = command.replace(name, value)
            assert "$" not in command
            method, address, headers, body = _call(command)
            answer = here.http.request(method, address, headers=headers, content=body)
            answers.append(answer)
            if address.endswith("/workspaces") and answer.status_code == 201:
                workspace = answer.json()["id"]
    assert [each.status_code for each in answers] == [200, 422, 200, 201, 200, 201, 201, 200, 200, 200]
    assert answers[0].json()["email"] == "ada@example.org"
    assert answers[1].headers["content-type"] == "application/problem+json"
    assert answers[1].json()["errors"][0]["field"] == "name"
    assert answers[3].headers["etag"] == '"1"'
    assert answers[4].json()["name"] == "porto"
    assert answers[4].headers["etag"] == '"2"'
    assert answers[5].json()["step"] == "workload"
    told = [json.loads(line[6:]) for line in answers[7].text.splitlines() if line.startswith("data: ")]
    assert any(each["run"] == answers[6].json()["id"] for each in told)
    assert (answers[8].json()["live"], answers[8].json()["total"]) == (False, 3)
    assert answers[9].headers["etag"] == f'W/"{answers[9].json()["hash"]}"'


def test_every_status_of_the_table_is_described() -> None:
    table = PAGE[PAGE.index("| status |") :]
    told = {int(found) for row in re.findall(r"^\| ([0-9, ]+) \|", table, re.M) for found in row.split(", ")}
    assert told == {400, 401, 403, 404, 409, 412, 413, 421, 422, 428, 429, 503}
