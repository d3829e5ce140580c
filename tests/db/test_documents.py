"""Documents in the database keep the contract of those in a directory."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy import select

from tests.db import opening
from tests.db.opening import TWIN, database, open_documents
from tests.deployer.documents_contract import DocumentsContract, OpenDocuments
from twin2multicloud.app.db.tables import Document


class TestDatabaseDocuments(DocumentsContract):
    @pytest.fixture
    def open_documents(self, twin_url: str) -> OpenDocuments:
        return partial(open_documents, twin_url)

    def test_targets_are_apart_and_nothing_is_in_clear(self, twin_url: str, open_documents: OpenDocuments) -> None:
        here, rehearsed = open_documents(), opening.open_documents(twin_url, "rehearsal")
        here.write("devices/authority.key", b"very-secret")
        rehearsed.append("moves/current.ndjson", b"secret-line")
        assert rehearsed.read("devices/authority.key") is None
        assert here.names() == ["devices/authority.key"]
        with database(twin_url).read() as session:
            rows = session.scalars(select(Document)).all()
        assert {(row.twin_id, row.target, row.line) for row in rows} == {(TWIN, "clouds", 0), (TWIN, "rehearsal", 1)}
        assert not any(b"secret" in row.sealed for row in rows)
