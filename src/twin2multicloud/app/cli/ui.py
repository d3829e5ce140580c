"""What `ui` does."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from twin2multicloud.app.cli import server
from twin2multicloud.app.cli.connect import chosen, client_to
from twin2multicloud.app.cli.failures import Session, say
from twin2multicloud.app.cli.profiles import Profile
from twin2multicloud.model.errors import UsageError


@dataclass(frozen=True)
class UiRequest:
    """What was asked for."""

    path: str | None
    port: int
    open_browser: bool


def ui(session: Session, request: UiRequest) -> int:
    """Serve the front end until a signal, or open one that is served."""
    from twin2multicloud.app.auth.return_to import is_own_path

    if request.path is not None and not is_own_path(request.path):
        raise UsageError(f"PATH: {request.path[:80]!r} is no path such as /twins")
    profile = chosen(session)
    return _here(request) if profile is None else _elsewhere(request, profile)


def _here(request: UiRequest) -> int:
    from twin2multicloud.app.embedded import embedded
    from twin2multicloud.app.serving import served

    settings = server.settings_of(None, None)
    if served(settings.data) is not None:
        with embedded(settings) as client:
            return server.open_browser(client, request.path, not request.open_browser, False)
    return server.serve(
        server.ServeRequest(
            host=None,
            port=request.port,
            data=None,
            config=None,
            workers=1,
            only=None,
            open_browser=request.open_browser,
            path=request.path,
        )
    )


def _elsewhere(request: UiRequest, profile: Profile) -> int:
    from twin2multicloud.app import logs
    from twin2multicloud.app.front_end.alone import serve_alone

    with client_to(profile) as client:
        me = client.login.me()  # a key that does not hold is told of here, not in the browser
    assert profile.key is not None
    logs.configure("text", level=logging.WARNING)

    def ready(origin: str, link: str) -> None:
        say(f"{profile.server}, as {me.name}, is shown at {origin}; Ctrl-C stops it")
        say(f"open this, once: {link}")
        if request.open_browser:
            import webbrowser

            webbrowser.open(link)

    serve_alone(profile.server, profile.key, request.port, request.path, ready)
    say("stopped")
    return 0
