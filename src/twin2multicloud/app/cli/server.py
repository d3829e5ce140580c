"""What `serve` does."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from twin2multicloud.app.backend import Backend, open_backend
from twin2multicloud.app.cli.failures import say
from twin2multicloud.app.client.client import Client
from twin2multicloud.app.settings import Settings, read_settings
from twin2multicloud.model.errors import UsageError


@dataclass(frozen=True)
class ServeRequest:
    """What was asked for."""

    host: str | None
    port: int | None
    data: Path | None
    config: Path | None
    workers: int
    only: Literal["optimizer", "deployer"] | None
    open_browser: bool
    path: str | None = None
    """What the browser opens."""


def settings_of(data: Path | None, config: Path | None, **more: Any) -> Settings:
    """The settings, options first; `UsageError` for a file of settings that is not there."""
    if config is not None:
        if not config.is_file():
            raise UsageError(f"--config: there is no file {config}")
        os.environ["T2M_CONFIG"] = str(config)
    return read_settings(data=data, **more)


def serve(request: ServeRequest) -> int:
    """Serve until a signal."""
    from twin2multicloud.app import logs, serving

    settings = settings_of(request.data, request.config, host=request.host, port=request.port, only=request.only)
    logs.configure(settings.log_format, level=logging.WARNING if settings.log_format == "text" else logging.INFO)
    if settings.only is not None and request.open_browser:
        raise UsageError(f"--open: the {settings.only} alone has no pages for a browser")
    if settings.only == "optimizer":
        if request.workers > 1:
            raise UsageError("--workers: the optimizer has processes of its own; set T2M_OPTIMIZER_PROCESSES")
        serving.serve_optimizer(
            settings, lambda found: say(f"the optimizer listens at {found.origin}; Ctrl-C stops it")
        )
    elif request.workers > 1:
        from twin2multicloud.app.workers import serve_with

        def ready(found: Settings) -> None:
            with open_backend(found) as backend:
                _tell(request, backend, found)

        serve_with(settings, request.workers, ready)
    else:
        serving.serve(settings, lambda backend, found: _tell(request, backend, found))
    say("stopped")
    return 0


def _tell(request: ServeRequest, backend: Backend, settings: Settings) -> None:
    named = "Twin2MultiCloud" if settings.only is None else f"the {settings.only}"
    say(f"{named} listens at {settings.origin}; Ctrl-C stops it")
    say(f"data: {settings.data.resolve()} ({'SQLite' if backend.database.is_sqlite else 'PostgreSQL'})")
    if settings.only is not None:
        keys = f"the key in {settings.data / 'local.key'}" if settings.auth == "local" else "keys of the whole backend"
        say(f"who may ask: whoever has {keys}")
        return
    where = settings.origin
    if settings.auth == "local":
        from twin2multicloud.app.services import local_login

        where = local_login.link(backend, request.path)
        say(f"sign in, once, within minutes: {where}")
    if request.open_browser:
        import webbrowser

        webbrowser.open(where)


def open_browser(client: Client, path: str | None, only_print: bool, json_output: bool) -> int:
    """`open`."""
    import webbrowser

    from twin2multicloud.app.cli.terminal import print_json

    link = client.login.local_link(path)
    if json_output:
        print_json(link.model_dump(mode="json"))
    elif only_print or not webbrowser.open(link.url):
        say("open this in a browser on this machine; it works once, for some minutes:")
        print(link.url)
    else:
        say("a browser opens, signed in")
    return 0
