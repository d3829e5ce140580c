"""Drafts by the client, against the API."""

from __future__ import annotations

import pytest

from tests.app.backends import TWIN, Site
from tests.client.conftest import ClientOf
from twin2multicloud.app.errors import StaleError
from twin2multicloud.app.schemas.drafts import DraftInput, DraftPatch
from twin2multicloud.app.schemas.twins import TwinInput


def test_two_browsers_save_the_same_draft_and_nothing_is_lost(client_of: ClientOf, sqlite_site: Site) -> None:
    person = sqlite_site.person("olga")
    one, other = client_of(person), client_of(person)
    seen = one.drafts.create(DraftInput(title="House", source="name: house\n", files={"a.py": "1"}, step="workload"))
    assert other.drafts.get(seen.id) == seen
    first = one.drafts.save(seen, DraftPatch(source="name: house-1\n"))
    mine = DraftPatch(source="name: house-2\n", step="devices")
    with pytest.raises(StaleError) as stale:
        other.drafts.save(seen, mine)
    assert stale.value.details == {"version": first.version}
    kept = other.drafts.keep_both(seen, mine, "House (2)")
    assert (kept.title, kept.source, kept.files, kept.step) == (
        "House (2)",
        "name: house-2\n",
        {"a.py": "1"},
        "devices",
    )
    assert {each.title: one.drafts.get(each.id).source for each in one.drafts.list()} == {
        "House": "name: house-1\n",
        "House (2)": "name: house-2\n",
    }
    again = other.drafts.save(other.drafts.get(seen.id), DraftPatch(title="Home"))
    assert (again.title, again.source) == ("Home", "name: house-1\n")


def test_from_a_draft_to_a_twin_and_to_its_next_version(client_of: ClientOf, sqlite_site: Site) -> None:
    client = client_of(sqlite_site.person("olga"))
    draft = client.drafts.create(DraftInput(title="Greenhouse", source=TWIN))
    twin = client.twins.create(TwinInput(source=draft.source, files=draft.files), draft.workspace)
    client.drafts.delete(draft)
    change = client.drafts.create(
        DraftInput(title=twin.name, twin=twin.id, twin_number=twin.number, source=twin.current.source)
    )
    assert [each.id for each in client.drafts.list(twin=twin.id)] == [change.id]
    change = client.drafts.save(change, DraftPatch(source=TWIN.replace("count: 3", "count: 5")))
    assert client.twins.revise(twin.id, TwinInput(source=change.source), twin.version).devices == 5
