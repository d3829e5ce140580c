"""What a twin's definition says, for pages that look at it again and again."""

from __future__ import annotations

from sqlalchemy import select

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.twins import Twin, TwinVersion
from twin2multicloud.app.services import twins
from twin2multicloud.app.specs import Defined
from twin2multicloud.model.spec import TwinSpec


def defined(backend: Backend, twin_id: str) -> Defined:
    """The newest version of a twin. Reading a large definition takes a while, so none is read twice."""
    with backend.database.read() as session:
        number = session.scalars(select(Twin.number).where(Twin.id == twin_id)).one()

    def compiled() -> TwinSpec:
        from twin2multicloud.model.twin.compile import compile_twin  # with all that a definition may hold

        with backend.database.read() as session:
            version = session.get_one(TwinVersion, (twin_id, number))
        return compile_twin(twins.definition_of(version))

    return backend.specs.of(twin_id, number, compiled)
