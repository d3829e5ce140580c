"""Whatever is sent to any endpoint, the answer is one that the API's description tells of, and never a defect."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.app import nasty
from tests.app.authorization_rows import ROWS
from tests.app.backends import site
from tests.app.fuzzing import UNLIMITED, Fuzzer
from tests.app.scenes import Row
from tests.thoroughness import often
from twin2multicloud.app.api.description import operations


@pytest.fixture
def fuzzer(sqlite_file: str, tmp_path: Path) -> Iterator[Fuzzer]:
    with site(tmp_path / "data", sqlite_file, limits=UNLIMITED) as made:
        yield Fuzzer(made)


@pytest.fixture
def either(database_url: str, tmp_path: Path) -> Iterator[Fuzzer]:
    with site(tmp_path / "data", database_url, limits=UNLIMITED) as made:
        yield Fuzzer(made)


@pytest.mark.slow
def test_every_answer_is_one_that_is_described(fuzzer: Fuzzer) -> None:
    for operation in fuzzer.operations().values():
        fuzzer.ask(operation, often(2))


def sound_of(fuzzer: Fuzzer, label: str) -> tuple[Row, str, dict[str, str], Any]:
    """A call that would work: its row, its address, its headers and its body."""
    row = ROWS[label]
    fuzzer.keep_alive()
    made = row.prepare(fuzzer.scene) if row.prepare else {}
    values = {"twin": fuzzer.scene.twin_id, "workspace": fuzzer.site.workspace_id, **row.path, **made}
    body = {**row.body} if isinstance(row.body, dict) else row.body
    if isinstance(body, dict) and body.get("optimization"):
        body["optimization"] = made["optimization"]
    return row, label.partition(" ")[2].format_map(values), dict(row.headers), body


def refused_or_done(fuzzer: Fuzzer, label: str, told: str, address: str, **options: Any) -> None:
    """Send it. What comes back is described, and a problem where it is a refusal."""
    method, _, path = label.partition(" ")
    described = fuzzer.document["paths"][path][method.lower()]["responses"]
    answer = fuzzer.scene.owner.call(method, address, follow_redirects=False, **options)
    assert str(answer.status_code) in described, f"{label}, {told}: {answer.status_code} {answer.text[:300]}"
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json", told
        assert answer.json()["detail"], told
    assert "x-injected" not in answer.headers


@pytest.mark.slow
def test_a_sound_body_with_one_nasty_value(either: Fuzzer) -> None:
    for label, row in ROWS.items():
        if row.body is not None and (either.site.backend.database.is_sqlite or not _knows_no_database(either, label)):
            _, address, headers, body = sound_of(either, label)
            for told, content in nasty.bodies(body, stored=not either.site.backend.database.is_sqlite):
                sent = {**headers, "Content-Type": "application/json"}
                refused_or_done(either, label, told, address, content=content, headers=sent)


@pytest.mark.slow
def test_nasty_addresses(either: Fuzzer) -> None:
    for method, path, operation in operations(either.document):
        label = f"{method.upper()} {path}"
        if not either.site.backend.database.is_sqlite and _knows_no_database(either, label):
            continue
        row, address, headers, body = sound_of(either, label)
        for text in nasty.TEXTS if either.site.backend.database.is_sqlite else nasty.STORED:
            for each in operation.get("parameters", []):
                name = each["name"]
                if each["in"] == "query":
                    rest = {**row.query, **({"follow": "false"} if path.endswith("/stream") else {})}
                    rest.pop(name, None)
                    where = f"{address}?{urlencode(rest)}&{name}={text}"
                    if path.endswith("/stream") and name == "follow":
                        continue
                elif each["in"] == "path" and text:
                    where = path.replace(f"{{{name}}}", text)
                    where = where.format_map(_Anything())
                else:
                    continue
                refused_or_done(either, label, f"{name}={text}", where, headers=headers, json=body)


def _knows_no_database(fuzzer: Fuzzer, label: str) -> bool:
    method, _, path = label.partition(" ")
    return bool({"optimizer", "catalogue"} & set(fuzzer.document["paths"][path][method.lower()]["tags"]))


class _Anything(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "x"


@pytest.mark.slow
def test_nasty_headers(fuzzer: Fuzzer) -> None:
    for method, path, operation in operations(fuzzer.document):
        label = f"{method.upper()} {path}"
        names = {each["name"] for each in operation.get("parameters", []) if each["in"] == "header"}
        if not names:
            continue
        _, address, headers, body = sound_of(fuzzer, label)
        for name in names:
            for value in nasty.HEADERS:
                sent = {**headers, name: value}
                query = {"follow": "false"} if path.endswith("/stream") else {}
                refused_or_done(fuzzer, label, f"{name}: {value!r}", address, headers=sent, json=body, params=query)
