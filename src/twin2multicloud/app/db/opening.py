"""Whether the master keys at hand are those that a database's secrets were sealed with.

Names of keys do not tell: every installation begins with a key called k1. So secrets are opened, some of every column
that holds any. One that was damaged says nothing about its key as long as another one opens with it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Final

from sqlalchemy import Column, Select, Table, select
from sqlalchemy.orm import Session

from twin2multicloud.app.db import revision
from twin2multicloud.app.db.database import Database
from twin2multicloud.app.db.sealed import CONTEXTS, sealed_columns
from twin2multicloud.app.db.sealing import KeyRing, Sealer, SealError

_SAMPLE: Final = 2
"""Secrets of each column that are tried, from either end of it."""
_WHAT: Final[Mapping[str, str]] = {
    "connections": "credentials of connections",
    "documents": "what is known of deployments",
    "login_attempts": "sign-ins under way",
    "state_versions": "states of Terraform",
}
"""What people call the secrets of a table."""


def check_keys(database: Database, file: Path, checked: Collection[str] = ()) -> None:
    """`SealError` where a database holds secrets that the keys in a file cannot open, or where there is no such file;
    `MigrationError` where there is none and the tables are those of another version. Makes nothing.

    `checked` are fingerprints of keys that were checked before; as long as one of them is in the file it is still that
    installation's (a rotation adds a key before it drops another), and the database is not asked.
    """
    if file.exists():
        ring = KeyRing.of(file)
        if not set(checked).isdisjoint(ring.fingerprints().values()):
            return
        refusal = unopened(database, ring, file)
    else:
        if revision.of(database) is not None:
            revision.check(database)  # whose secrets cannot be looked for
        refusal = unopened(database, KeyRing("", {}), file)
    if refusal is not None:
        raise SealError(refusal)


def unopened(database: Database, ring: KeyRing, file: Path) -> str | None:
    """Why a database's secrets cannot be opened with keys of a file (none of them where it is missing), and what to do;
    None where they can, and where its tables are not those of this version.
    """
    if revision.of(database) != revision.head():
        return None
    # By the name of their key: where secrets are that none was opened of, and keys that opened one.
    closed: dict[str, set[str]] = {}
    right: set[str] = set()
    sealer = Sealer(ring)
    with database.read() as session:
        for table, column in sealed_columns():
            for context, sealed in _some(session, table, column):
                key = ""
                try:
                    key = sealer.key_name(sealed)
                    sealer.open(sealed, context)
                except SealError:
                    if key:  # otherwise it is damaged beyond telling whose it was
                        closed.setdefault(key, set()).add(_WHAT.get(table.name, table.name))
                else:
                    right.add(key)
    wrong = sorted(closed.keys() - right)
    if not wrong:
        return None
    held = ", ".join(sorted(set().union(*(closed[key] for key in wrong))))
    if not ring.keys:
        told = f"the key file {file} is missing, and only its keys ({', '.join(wrong)}) open what the database holds"
    else:
        told = (
            f"the keys in {file} are not those that the database was sealed with ({', '.join(wrong)}): the file was "
            "replaced, or is another installation's, and does not open what the database holds"
        )
    return (
        f"{told}: {held}. Put the keys.json back that was kept beside the backup (chmod 600), or restore a backup that "
        "has its keys. If they are lost, so are these secrets: `twin2multicloud db discard-sealed` says which, and "
        "goes on without them once you agree"
    )


def _some(session: Session, table: Table, column: Column[bytes]) -> Iterator[tuple[str, bytes]]:
    """Some secrets of a column and their contexts."""
    keys = list(table.primary_key.columns)
    there: Select[tuple[object, ...]] = select(*keys, column).where(column.is_not(None)).limit(_SAMPLE)
    context = CONTEXTS[f"{table.name}.{column.name}"]
    found = [
        *session.execute(there.order_by(*keys)),
        *session.execute(there.order_by(*(key.desc() for key in keys))),
    ]
    for *values, sealed in found:
        yield context({key.name: value for key, value in zip(keys, values, strict=True)}), sealed
