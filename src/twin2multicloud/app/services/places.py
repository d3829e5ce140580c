"""Where the backend keeps what belongs to twins outside its database."""

from __future__ import annotations

from pathlib import Path

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.data_directory import sandbox_directory
from twin2multicloud.sandbox.layout import Layout


def sandbox_layout(backend: Backend, twin_id: str) -> Layout:
    """The directory of a twin's sandbox. It is this machine's: whoever serves elsewhere has sandboxes of its own."""
    return Layout(sandbox_directory(backend.settings.data.resolve(), twin_id))


def runs_folder(backend: Backend) -> Path:
    """Where runs have what they need while they work, a directory each."""
    return backend.settings.data.resolve() / "runs"


def scratch_of(backend: Backend, run_id: str) -> Path:
    """A directory for what a run needs while it works, made if need be."""
    folder = runs_folder(backend) / run_id
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
