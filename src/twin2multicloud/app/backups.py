"""Backups of an installation: its database, and its master keys where that is asked for."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from sqlalchemy import select
from sqlalchemy.orm import Session

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db import archive
from twin2multicloud.app.db.archive import Archive, ArchiveError, Manifest
from twin2multicloud.app.db.database import Database
from twin2multicloud.app.db.sealing import KeyRing, Sealer
from twin2multicloud.app.db.tables.runs import Run, Stage
from twin2multicloud.app.events.log import EventLog
from twin2multicloud.app.runs.transitions import end_stage, move_on
from twin2multicloud.app.serving import alone
from twin2multicloud.app.settings import Settings
from twin2multicloud.runtime.system_clock import SystemClock

PASSPHRASE_VARIABLE: Final = "T2M_BACKUP_PASSPHRASE"  # noqa: S105  a name
_KEYS: Final = "keys.sealed"
_CONTEXT: Final = b"twin2multicloud backup keys 1"
_LEAST_PASSPHRASE: Final = 12


class _SealedKeys(msgspec.Struct, array_like=True, frozen=True):
    form: int
    salt: bytes
    nonce: bytes
    ciphertext: bytes


@dataclass(frozen=True)
class Outcome:
    """A restored backup. `keys` says where its secrets' keys are: `there` already, `restored`, or `missing`;
    `ended` runs were under way when it was made, and are not gone on with.
    """

    manifest: Manifest
    revision: str
    keys: str
    ended: int


def back_up(settings: Settings, file: Path, *, now: datetime, passphrase: str | None = None) -> Manifest:
    """Write a backup to a file that is not there yet, while servers may run. With a passphrase the master keys come
    along, encrypted by it; without, whoever restores needs the key file, too.
    """
    database = Database(settings.url)
    try:
        ring = KeyRing.of(settings.keys) if settings.keys.exists() else KeyRing("", {})
        if passphrase is not None and not ring.keys:
            raise ArchiveError(f"there are no keys in {settings.keys} that could come along")
        more = {} if passphrase is None else {_KEYS: _sealed(settings.keys.read_bytes(), passphrase)}
        made_at = now.astimezone(UTC).isoformat(timespec="seconds")
        return archive.write(database, file, made_at=made_at, keys=ring.fingerprints(), more=more)
    finally:
        database.close()


def restore(
    settings: Settings,
    file: Path,
    *,
    replace: bool,
    ask_passphrase: Callable[[], str],
    resume_runs: bool = False,
) -> Outcome:
    """Restore a backup into an empty database, or in place of what it holds. Nobody may serve it meanwhile.

    Runs that were under way when it was made are ended, since what they did meanwhile is not in it; `resume_runs`
    leaves them for the next server to go on with.
    """
    with Archive(file) as backup, alone(settings, "restore"):
        keys = _check_keys(settings, backup, ask_passphrase)
        database = Database(settings.url)
        try:
            restored = backup.restore(database, replace=replace)
        finally:
            database.close()
        if isinstance(keys, KeyRing):
            keys.save(settings.keys, new=True)
            told = "restored"
        else:
            told = keys
        ended = 0 if resume_runs else _end_runs(settings)
    return Outcome(restored.manifest, restored.revision, told, ended)


def _check_keys(settings: Settings, backup: Archive, ask_passphrase: Callable[[], str]) -> KeyRing | str:
    """The keys to put beside the database, or where they are."""
    wanted = set(backup.manifest.keys.items())
    there = settings.keys.exists()
    if there and wanted <= set(KeyRing.of(settings.keys).fingerprints().items()):
        return "there"
    sealed = backup.beside(_KEYS)
    if sealed is None:
        return "missing"
    if there:
        raise ArchiveError(
            f"{settings.keys} holds other keys than the backup needs; move it away first, so that those of the backup "
            "can take its place"
        )
    return KeyRing.parse(_opened(sealed, ask_passphrase()), "the backup's key file")


def _sealed(content: bytes, passphrase: str) -> bytes:
    if len(passphrase) < _LEAST_PASSPHRASE:
        raise ArchiveError(f"the passphrase is too short; take {_LEAST_PASSPHRASE} characters or more")
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    ciphertext = AESGCM(_key(passphrase, salt)).encrypt(nonce, content, _CONTEXT)
    return msgspec.msgpack.encode(_SealedKeys(1, salt, nonce, ciphertext))


def _opened(sealed: bytes, passphrase: str) -> bytes:
    try:
        found = msgspec.msgpack.decode(sealed, type=_SealedKeys)
        return AESGCM(_key(passphrase, found.salt)).decrypt(found.nonce, found.ciphertext, _CONTEXT)
    except (InvalidTag, msgspec.DecodeError) as error:
        raise ArchiveError("the backup's keys cannot be opened: this is not their passphrase") from error


def _key(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt, length=32, n=2**15, r=8, p=1).derive(passphrase.encode())


def _end_runs(settings: Settings) -> int:
    clock = SystemClock()
    database = Database(settings.url)
    # Nothing is sealed or opened here, and no key may be made where the old ones are still to be put.
    backend = Backend(settings, database, Sealer(KeyRing("", {})), EventLog(database, clock), clock)
    try:
        return _ended(backend)
    finally:
        database.close()


def _ended(backend: Backend) -> int:
    problem = "it was under way when the backup was made that has been restored; see what there is, then ask again"
    with backend.database.write() as session:
        found = session.scalars(
            select(Run).where(Run.ended_at.is_(None), Run.status != "awaiting-approval").order_by(Run.created_at)
        ).all()
        end_runs(backend, session, found, problem)
    return len(found)


def end_runs(backend: Backend, session: Session, runs: Iterable[Run], problem: str) -> None:
    """End runs that nobody carries out any more, with what is the matter."""
    for run in runs:
        for stage in session.scalars(
            select(Stage).where(Stage.run_id == run.id, Stage.status.in_(("queued", "running")))
        ):
            end_stage(backend, stage, "failed", problem)
        move_on(backend, session, run, "failed", problem, problem=problem)


def passphrase_given() -> str | None:
    """The passphrase in the environment."""
    return os.environ.get(PASSPHRASE_VARIABLE) or None
