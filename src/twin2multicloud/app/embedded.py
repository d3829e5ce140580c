"""The backend without a server: in this process, over the embedded database, for whoever owns its files.

Where somebody serves the same data directory, that server is used, so that there is one writer of runs and one stream
of events.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.client.client import Client
from twin2multicloud.app.client.http import Http
from twin2multicloud.app.data_directory import KEY_FILE, LOCK_FILE
from twin2multicloud.app.serving import InThread, open_app, served
from twin2multicloud.app.settings import Settings
from twin2multicloud.held import HeldFile
from twin2multicloud.model.errors import UsageError


@contextmanager
def embedded(settings: Settings, *, quiet: bool = True, runs: bool = False) -> Iterator[Client]:
    """A client of the backend over the data that the settings name. `quiet`: its log goes nowhere. `runs`: those that
    are queued are carried out as long as this lasts, unless another process does so already.

    Raises `UsageError` where people sign in to this installation: whoever is at its files is nobody of theirs.
    """
    if settings.auth != "local":
        raise UsageError(
            "the settings say auth = 'login': people sign in to this installation. Serve it (`twin2multicloud serve`) "
            "and sign in (`twin2multicloud login --server URL`)"
        )
    other = served(settings.data)
    if other is not None:
        with Client(Http(other.url, key=_key(settings.data / KEY_FILE))) as client:
            yield client
        return
    if quiet:
        logging.getLogger("twin2multicloud").addHandler(logging.NullHandler())
    # One command asks one question at a time: a process of its own would be begun for each, for nothing.
    settings = settings.model_copy(update={"optimizer_processes": 0})
    with (
        # Of what is served it may be a part; whoever is at the files has all of it.
        open_app(settings.model_copy(update={"only": None})) as (backend, app),
        # Sockets' paths must be short, which a data directory's need not be.
        tempfile.TemporaryDirectory(prefix="t2m-") as directory,
        _runs(backend) if runs else nullcontext(),
        InThread(app, Path(directory)) as thread,
        Client(Http(settings.origin, key=_key(settings.data / KEY_FILE), socket=str(thread.socket))) as client,
    ):
        yield client


@contextmanager
def _runs(backend: Backend) -> Iterator[None]:
    from twin2multicloud.app.runs.running import carrying_out_runs

    with ExitStack() as stack:
        held = HeldFile.take(backend.settings.data / LOCK_FILE)
        if held is not None:
            stack.enter_context(held)
            stack.enter_context(carrying_out_runs(backend))
        yield


def _key(file: Path) -> str:
    """The local user's, for whoever may read its file."""
    try:
        return file.read_text().strip()
    except OSError as error:
        raise UsageError(
            f"{file} cannot be read ({error.strerror}): it is for the account that serves. As somebody else give "
            "--server and a key"
        ) from error
