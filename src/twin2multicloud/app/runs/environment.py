"""What the processes of a run sign in at clouds with: the connections that the run names, or its workspace's own.

Where people sign in, nothing of the server's own accounts is ever used. Locally the person is the server's, and what
signs them in at a terminal does here, too, where no connection is named.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.runs import Run
from twin2multicloud.app.schemas.runs import RunInput
from twin2multicloud.deployer.credentials.environment import VARIABLES

_CREDENTIALS = frozenset(name for names in VARIABLES.values() for name in names)


def environment_of_run(backend: Backend, run: Run, asked: RunInput, scratch: Path) -> Mapping[str, str]:
    """The environment of what the run starts. Files that it names are in `scratch` (0600)."""
    found = dict(os.environ)
    if backend.settings.auth != "local":
        found = {name: text for name, text in found.items() if name not in _CREDENTIALS}
        found["HOME"] = str(scratch)
        found.setdefault("T2M_CACHE", str(backend.settings.data.resolve() / "cache"))
    del run, asked  # connections follow
    return found
