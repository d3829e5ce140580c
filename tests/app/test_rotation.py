"""Rotating the master key while everything goes on, interrupted at any point."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select

from tests.app.backends import START, Person, Site
from twin2multicloud.app.backend import open_backend
from twin2multicloud.app.db.sealed import CONTEXTS, context_of, sealed_columns
from twin2multicloud.app.db.sealing import KeyRing, Sealer, SealError
from twin2multicloud.app.db.tables import AuditEntry, Document, LoginAttempt, StateVersion
from twin2multicloud.app.errors import ConflictError
from twin2multicloud.app.services import rotation
from twin2multicloud.model.errors import UsageError


class Killed(BaseException):
    """The process died."""


def test_every_sealed_column_has_a_context() -> None:
    assert {f"{table.name}.{column.name}" for table, column in sealed_columns()} == set(CONTEXTS)
    assert len(CONTEXTS) >= 5


def test_rows_know_the_context_that_rotation_knows() -> None:
    of_twin: dict[str, Any] = {"twin_id": "twn_1", "target": "clouds"}
    document = {**of_twin, "name": "links", "line": 3}
    assert Document(**document).context == context_of("documents.sealed", **document)
    state = {**of_twin, "stack": "aws-l1", "number": 2}
    assert StateVersion(**state).context == context_of("state_versions.sealed", **state)


def plant(here: Site, twin: str, count: int) -> dict[str, bytes]:
    """Secrets in tables with keys of text, numbers and bytes; by context."""
    planted: dict[str, bytes] = {}
    with here.backend.database.write() as session:
        for number in range(count):
            key: dict[str, Any] = {"twin_id": twin, "target": "clouds", "name": f"journal/{number % 7}", "line": number}
            context = context_of("documents.sealed", **key)
            planted[context] = f"document {number}".encode()
            session.add(Document(**key, sealed=here.backend.sealer.seal(planted[context], context)))
            state = number.to_bytes(32, "big")
            context = context_of("login_attempts.secrets", state_hash=state)
            planted[context] = f"login {number}".encode()
            session.add(
                LoginAttempt(
                    state_hash=state,
                    provider="x",
                    return_to="/",
                    expires_at=START + timedelta(minutes=5),
                    secrets=here.backend.sealer.seal(planted[context], context),
                )
            )
    return planted


def opened(here: Site, sealer: Sealer) -> dict[str, bytes]:
    """All secrets by context, with a sealer of its own."""
    found = {}
    with here.backend.database.read() as session:
        for table, column in sealed_columns():
            keys = list(table.primary_key.columns)
            for row in session.execute(select(*keys, column).where(column.is_not(None))):
                context = CONTEXTS[f"{table.name}.{column.name}"](
                    {key.name: value for key, value in zip(keys, row[:-1], strict=True)}
                )
                found[context] = sealer.open(row[-1], context)
    return found


def rotate(here: Site, **options: Any) -> rotation.Rotation:
    return rotation.rotate(here.backend, sleep=options.pop("sleep", lambda _s: None), **options)


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "BATCH", 3)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(count=st.integers(0, 20), killed=st.lists(st.integers(1, 20), max_size=4))
def test_afterwards_everything_opens_with_the_new_key_alone(
    here: Site, owner: Person, small_batches: None, count: int, killed: list[int]
) -> None:
    with here.backend.database.write() as session:
        for table in (Document, LoginAttempt):
            session.execute(delete(table))
    twin = (owner.get("twins")["items"] or [owner.create_twin()])[0]["id"]
    planted = plant(here, twin, count)
    before = KeyRing.of(here.backend.settings.keys)
    for after in killed:
        calls = iter(range(after))

        def told(_progress: rotation.Progress, calls: Iterator[int] = calls) -> None:
            if next(calls, None) is None:
                raise Killed

        try:
            rotate(here, told=told)
        except Killed:
            assert opened(here, Sealer(KeyRing.of(here.backend.settings.keys))) == planted
    done = rotate(here)
    ring = KeyRing.of(here.backend.settings.keys)
    assert set(ring.keys) == {done.current}
    assert not set(ring.keys.values()) & set(before.keys.values())
    assert opened(here, Sealer(ring)) == planted
    assert set(rotation.keys_in_use(here.backend)) <= {done.current}


def test_what_is_written_meanwhile_survives(here: Site, owner: Person) -> None:
    """Another process that knows only the old key goes on reading and writing, before and after it is dropped."""
    twin = owner.create_twin()["id"]
    plant(here, twin, 5)
    key: dict[str, Any] = {"twin_id": twin, "target": "clouds", "name": "late", "line": 0}
    context = context_of("documents.sealed", **key)
    in_flight = here.backend.sealer.seal(b"sealed before, written after", context)
    with open_backend(here.backend.settings, here.clock) as other:

        def sleep(seconds: float) -> None:
            assert seconds >= 60
            with other.database.write() as session:
                session.execute(insert(Document).values(**key, sealed=in_flight))
                meanwhile = {**key, "name": "meanwhile"}
                sealed = other.sealer.seal(b"meanwhile", context_of("documents.sealed", **meanwhile))
                session.execute(insert(Document).values(**meanwhile, sealed=sealed))

        rotate(here, sleep=sleep)
        late = other.sealer.seal(b"late", "x")
        found = opened(here, other.sealer)
    assert found[context] == b"sealed before, written after"
    ring = KeyRing.of(here.backend.settings.keys)
    assert opened(here, Sealer(ring)) == found
    assert Sealer(ring).open(late, "x") == b"late"


def test_no_key_is_dropped_while_a_secret_needs_it(here: Site, owner: Person) -> None:
    twin = owner.create_twin()["id"]
    plant(here, twin, 2)
    lost = Sealer(KeyRing("k9", {"k9": b"9" * 32})).seal(b"x", "whatever")
    with here.backend.database.write() as session:
        session.execute(insert(Document).values(twin_id=twin, target="clouds", name="lost", line=0, sealed=lost))
    with pytest.raises(ConflictError, match=f"1 secrets cannot be opened.*document/{twin}/clouds/lost/0"):
        rotate(here)
    assert len(KeyRing.of(here.backend.settings.keys).keys) == 2
    with here.backend.database.write() as session:
        session.execute(delete(Document).where(Document.name == "lost"))
    assert rotate(here).dropped == ("k1",)


def test_a_process_with_another_key_file_is_noticed(here: Site, owner: Person, tmp_path: Path) -> None:
    twin = owner.create_twin()["id"]
    copy = tmp_path / "keys.json"
    shutil.copy(here.backend.settings.keys, copy)
    copy.chmod(0o600)
    apart = Sealer(KeyRing.of(copy))
    key: dict[str, Any] = {"twin_id": twin, "target": "clouds", "name": "apart", "line": 0}
    passes: list[None] = []

    def told(_progress: rotation.Progress) -> None:
        passes.append(None)
        if len(passes) == 2 * len(CONTEXTS):  # after the last look at the documents
            with here.backend.database.write() as session:
                sealed = apart.seal(b"x", context_of("documents.sealed", **key))
                session.execute(insert(Document).values(**key, sealed=sealed))

    with pytest.raises(ConflictError, match="still sealed with k1"):
        rotate(here, told=told)
    assert set(KeyRing.of(here.backend.settings.keys).keys) == {"k1", "k2"}


def test_one_rotation_at_a_time_and_all_of_them_noted(here: Site) -> None:
    def again(_seconds: float) -> None:
        with pytest.raises(ConflictError, match="another rotation"):
            rotate(here)

    rotate(here, sleep=again)
    rotate(here)
    with here.backend.database.read() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [(entry.action, entry.subject) for entry in entries] == [
        ("master-key.added", "k2"),
        ("master-key.dropped", "k2"),
        ("master-key.added", "k3"),
        ("master-key.dropped", "k3"),
    ]
    assert (here.backend.settings.keys.stat().st_mode & 0o777) == 0o600


# ── The key file ────────────────────────────────────────────────────────────────────────────────────────────
def test_a_key_is_never_named_like_one_that_was_dropped() -> None:
    ring = KeyRing("", {}).with_new(lambda count: b"1" * count)
    second = ring.with_new(lambda count: b"2" * count).only_current()
    third = second.with_new(lambda count: b"3" * count)
    assert set(third.keys) == {"k2", "k3"}
    assert third.keys["k2"] == b"2" * 32
    old = Sealer(ring).seal(b"x", "y")
    with pytest.raises(SealError, match="k1 is not in the key file"):
        Sealer(third).open(old, "y")


def test_nothing_is_sealed_with_keys_that_are_nowhere(sqlite_site: Site) -> None:
    sealer, file = sqlite_site.backend.sealer, sqlite_site.backend.settings.keys
    sealed = sealer.seal(b"x", "y")
    content = file.read_bytes()
    file.unlink()
    with pytest.raises(UsageError, match="is gone"):
        sealer.seal(b"x", "y")
    file.write_bytes(content)
    file.chmod(0o600)
    assert sealer.open(sealed, "y") == b"x"
