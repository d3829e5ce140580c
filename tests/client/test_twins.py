"""Twins by the client, against the API."""

from __future__ import annotations

from typing import Any

import pytest

from tests.app.backends import TWIN, Site
from tests.client.conftest import ClientOf
from twin2multicloud.app.client import paging
from twin2multicloud.app.client.client import Client
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    StaleError,
    UnauthenticatedError,
)
from twin2multicloud.app.schemas.twins import TwinInput
from twin2multicloud.model.errors import UsageError


def given(name: str = "greenhouse", note: str = "") -> TwinInput:
    return TwinInput(source=TWIN.replace("name: greenhouse", f"name: {name}"), note=note)


def test_a_twins_life(client: Client) -> None:
    twin = client.twins.create(given(note="first"))
    assert client.twins.find("greenhouse") == twin.id == client.twins.find(twin.id)
    changed = client.twins.revise(twin.id, TwinInput(source=TWIN.replace("count: 3", "count: 4")), twin.version)
    assert (changed.number, changed.devices) == (2, 4)
    assert [each.number for each in client.twins.versions(twin.id)] == [2, 1]
    assert client.twins.version(twin.id, 1).note == "first"
    assert "+  - {type: sensor, count: 4" in client.twins.diff(twin.id, 1).text
    with pytest.raises(StaleError, match="changed meanwhile") as stale:
        client.twins.delete(twin.id, twin.version)
    assert stale.value.details == {"version": changed.version}
    client.twins.delete(twin.id, changed.version)
    assert list(client.twins.list()) == []


def test_lists_are_whole_however_long(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "PART", 3)
    names = [f"twin-{number}" for number in range(7)]
    for name in names:
        client.twins.create(given(name))
    assert [twin.name for twin in client.twins.list()] == names
    assert [twin.name for twin in client.twins.list(limit=2, sort="-name")] == names[:-3:-1]
    assert [twin.name for twin in client.twins.list(search="-3")] == ["twin-3"]


def test_a_part_of_a_list_is_fetched_alone(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        client.twins.create(given(f"twin-{number}"))
    asked: list[object] = []
    get = client.http.get

    def counted(path: str, shape: type[Any], **query: Any) -> Any:
        asked.append(query["cursor"])
        return get(path, shape, **query)

    monkeypatch.setattr(client.http, "get", counted)
    cursor, names = None, []
    while True:
        part = client.twins.list(sort="-name", limit=2).part(cursor)
        names.append([twin.name for twin in part.items])
        if part.next is None:
            break
        cursor = part.next
    assert names == [["twin-4", "twin-3"], ["twin-2", "twin-1"], ["twin-0"]]
    assert len(asked) == 3


def test_errors_are_those_of_the_server(client: Client, client_of: ClientOf, sqlite_site: Site) -> None:
    twin = client.twins.create(given())
    with pytest.raises(ConflictError, match="another name") as taken:
        client.twins.create(given())
    assert taken.value.details == {"twin": twin.id}
    with pytest.raises(InvalidError) as wrong:
        client.twins.create(TwinInput(source=TWIN.replace("count: 3", "count: -3")))
    assert wrong.value.exit_code == 4
    assert [(finding.field, finding.line) for finding in wrong.value.findings] == [("devices[0].count", 8)]
    with pytest.raises(NotFoundError, match="did you mean 'greenhouse'"):
        client.twins.find("greenhouze")
    viewer = client_of(sqlite_site.person("vera", Role.VIEWER))
    with pytest.raises(ForbiddenError):
        viewer.twins.delete(twin.id, twin.version)
    stranger = sqlite_site.person("stan", None)
    with pytest.raises(NotFoundError):
        client_of(stranger).twins.get(twin.id)
    stranger.token = "t2m_wrong"
    with pytest.raises(UnauthenticatedError):
        client_of(stranger).twins.get(twin.id)


def test_a_name_that_two_workspaces_use_takes_an_id(client_of: ClientOf, sqlite_site: Site) -> None:
    person = sqlite_site.person("olga")
    other = sqlite_site.person("rosa", workspace_id=sqlite_site.workspace("rome"))
    client_of(person).twins.create(given())
    twin = client_of(other).twins.create(given())
    sqlite_site.let_in(person.user_id, twin.id, Role.VIEWER)
    with pytest.raises(UsageError, match=twin.id):
        client_of(person).twins.find("greenhouse")
    assert client_of(person).twins.find("greenhouse", twin.workspace) == twin.id
