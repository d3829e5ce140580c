"""A whole deployment through runs, rehearsed: there, gone; and no secret of it in clear in the database."""

from __future__ import annotations

import base64
import re
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import make_url

from tests.deployer.placements import THREE_CLOUDS, placement
from tests.kill.bench import Bench
from tests.kill.rehearsed import pretended
from twin2multicloud.app.services.homes import home_of_twin
from twin2multicloud.deployer.finishing.secrets import DEVICE_KEYS
from twin2multicloud.deployer.home import Home

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("killed workers")]
_SECRET = re.compile(r"(primary|secondary)_\w*(key|string)|connection_string|password|\w*secret(_value)?|private_key")
_LONG = 16


def dumped(url: str) -> bytes:
    """All that is in a database, as a backup has it."""
    found = make_url(url)
    command = [_pg_dump(), f"--host={found.query['host']}", f"--username={found.username}", str(found.database)]
    return subprocess.run(command, check=True, capture_output=True, timeout=60).stdout


def _pg_dump() -> str:
    beside = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_dump"))
    return str(beside[-1]) if beside else str(shutil.which("pg_dump"))


def secrets_of(home: Home) -> set[bytes]:
    """What the states of a deployment have under names of secrets."""
    with home.store() as store:
        contents = [msgspec.json.decode(store.content(stack)) for stack in store.stacks()]
    return {text.encode() for content in contents for text in _secrets_in(content)}


def _secrets_in(value: Any, name: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _secrets_in(each, key)
    elif isinstance(value, list):
        for each in value:
            yield from _secrets_in(each, name)
    elif isinstance(value, str) and len(value) >= _LONG and _SECRET.fullmatch(name):
        yield value


def check_sealed(dump: bytes, found: set[bytes]) -> None:
    """None of them is there, however it may be written."""
    for secret in found:
        for written in (secret, secret.hex().encode(), base64.b64encode(secret), base64.urlsafe_b64encode(secret)):
            assert written not in dump, f"{secret[:4]!r}… is in clear"


def test_a_whole_rehearsal(on_postgres: Bench, migrated_postgres_url: str) -> None:
    bench = on_postgres
    bench.serve().ready()
    twin = bench.twin("house")
    bench.place(twin, placement(THREE_CLOUDS).model_dump(mode="json"))
    world = pretended(bench, twin)
    home = home_of_twin(bench.site.backend, twin, "rehearsal")

    bench.ended(bench.ask(twin, "deploy", target="rehearsal"))
    assert world.existing == world.known > 0
    assert bench.owner.get(f"twins/{twin}")["life"] == {"rehearsal": "deployed"}
    # What the steps after Terraform would keep beside the states.
    canary = secrets.token_bytes(32)
    home.kept.write(DEVICE_KEYS, canary)
    home.documents.write("devices/authority.key", base64.b64encode(canary))
    found = secrets_of(home)
    assert len(found) > 3
    dump = dumped(migrated_postgres_url)
    assert b"run.succeeded" in dump
    check_sealed(dump, {*found, canary})

    bench.ended(bench.ask(twin, "destroy", target="rehearsal"))
    assert world.existing == 0
    assert bench.owner.get(f"twins/{twin}")["life"] == {}
    check_sealed(dumped(migrated_postgres_url), {*found, canary})
