"""What there is of a twin by the client, against the API."""

from __future__ import annotations

import pytest

from tests.app.backends import TWIN, Site
from tests.app.deployments import saved
from twin2multicloud.app.client.client import Client
from twin2multicloud.app.errors import ConflictError
from twin2multicloud.app.schemas.twins import TwinInput


def test_states_are_listed(client: Client, sqlite_site: Site) -> None:
    twin = client.twins.create(TwinInput(source=TWIN)).id
    assert client.operating.states(twin) == []
    saved(sqlite_site, twin, "clouds", "L3-hot", 2)
    [state] = client.operating.states(twin)
    assert (state.stack, state.version, state.lock) == ("L3-hot", 2, None)
    assert client.operating.states(twin, "rehearsal") == []


def test_a_twin_without_a_sandbox_has_no_letters_and_no_faults(client: Client) -> None:
    twin = client.twins.create(TwinInput(source=TWIN)).id
    for ask in (
        lambda: client.operating.letters(twin, "aws", 3),
        lambda: client.operating.letter(twin, "no?such"),
        lambda: client.operating.clear_faults(twin),
    ):
        with pytest.raises(ConflictError, match="no sandbox here"):
            ask()
