"""What Alembic runs: on the connection that `migrate` hands over, or on one of its own where a developer calls it."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context

from twin2multicloud.app.db import tables
from twin2multicloud.app.db.base import Base, Json, Sealed, UtcDateTime

assert tables.__all__


def _rendered(kind: str, thing: Any, autogen: Any) -> str | Literal[False]:
    name = None
    if kind == "type" and isinstance(thing, UtcDateTime | Sealed):
        name = type(thing).__name__
    elif kind == "type" and isinstance(thing, type(Json)):
        name = "Json"
    if name is None:
        return False
    autogen.imports.add(f"from twin2multicloud.app.db.base import {name}")
    return name if name == "Json" else f"{name}()"


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_type=True,
    render_item=_rendered,
    include_object=lambda _thing, name, kind, _reflected, _other: (
        not (kind == "table" and name is not None and name.startswith("dbos_"))
    ),
)
with context.begin_transaction():
    context.run_migrations()
