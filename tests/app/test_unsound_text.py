"""What is no text, no number of 64 bits and no moment of this calendar is refused by name, on both databases."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.app.backends import Person, Site


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ("twins?name=a%00b", "name"),
        ("users?search=%00", "search"),
        ("twins?workspace=%00", "workspace"),
        ("twins/twn_%00", "path"),
        ("twins?%00=x", "query"),
        ("audit?since=0001-01-01T00:00:00%2B14:00", "since"),
        ("audit?until=9999-12-31T23:59:59-14:00", "until"),
    ],
)
def test_addresses(here: Site, owner: Person, address: str, field: str) -> None:
    assert owner.get(address, 422)["errors"][0]["field"] == field


@pytest.mark.parametrize("text", [r"a\u0000b", r"a\ud800b"])
def test_bodies(here: Site, owner: Person, text: str) -> None:
    twin = owner.create_twin()["id"]
    sent = {"If-Match": '"1"', "Content-Type": "application/json"}
    for name in ("optimization", "note"):
        body = f'{{"{name}": "{text}"}}'
        answer = owner.call("PUT", f"twins/{twin}/placement", code=422, content=body, headers=sent)
        assert answer.json()["errors"][0]["field"] == name
    deep = f'{{"workload": {{"devices": ["{text}"]}}}}'
    answer = owner.call("POST", "optimize", code=422, content=deep, headers=sent)
    assert answer.json()["errors"][0]["field"] == "workload.devices.0"
    answer = owner.call("POST", "optimize", code=422, content=f'{{"{text}": 1}}', headers=sent)
    assert "name" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("sort", "value", "key"),
    [
        ("created_at", "2026-11-26T08:00:00", "twn_x"),
        ("created_at", "0001-01-01T00:00:00+14:00", "twn_x"),
        ("name", "a\x00", "twn_x"),
        ("name", "a", "twn_\x00"),
        ("name", "a", 2**63),
    ],
)
def test_cursors_that_somebody_made_up(here: Site, owner: Person, sort: str, value: Any, key: Any) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps([sort, value, key]).encode()).decode().rstrip("=")
    answer = owner.get(f"twins?sort={sort}&cursor={cursor}", 422)
    assert answer["errors"][0]["field"] == "cursor"
