"""What is asked for again and again takes a few statements, however many rows there are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event

from tests.app.backends import START, Person, Site
from tests.app.deployments import raised
from twin2multicloud.app.db.database import Database
from twin2multicloud.app.db.tables import Run


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """What a database is asked within the block."""
    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith("BEGIN"):
            found.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def fill(here: Site, owner: Person, name: str) -> dict[str, str]:
    """A twin with a run that is over and an alert."""
    twin = owner.create_twin(name)["id"]
    run = here.run(owner, twin, "failed")
    with here.backend.database.write() as session:
        session.get_one(Run, run).ended_at = START + timedelta(minutes=1)
    raised(here, twin)
    return {"twin": twin, "run": run}


@pytest.fixture
def filled(here: Site, owner: Person) -> dict[str, str]:
    """One twin, and a key whose use was noted."""
    found = fill(here, owner, "first")
    owner.get("me")
    return found


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("twins/{twin}", 9),
        ("runs/{run}", 7),
        ("twins", 8),
        ("runs", 4),
        ("alerts", 4),
        ("twins/{twin}/runs", 5),
        ("twins/{twin}/alerts", 5),
    ],
)
def test_frequent_reads_take_few_statements(
    here: Site, owner: Person, filled: dict[str, str], path: str, most: int
) -> None:
    counts = []
    for more in (0, 3):
        for number in range(more):
            fill(here, owner, f"twin-{number}")
        with statements(here.backend.database) as found:
            owner.get(path.format_map(filled))
        counts.append(len(found))
    assert counts[1] == counts[0], "as many for many rows as for one"
    assert counts[0] <= most, "\n\n".join(found)
