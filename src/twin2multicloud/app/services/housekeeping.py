"""Forgetting what is kept for a time only. Several servers may do it at once without harm."""

from __future__ import annotations

import shutil
from contextlib import AbstractContextManager
from datetime import timedelta
from functools import partial
from typing import Final

from sqlalchemy import delete, select

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.people import Session as BrowserSession
from twin2multicloud.app.db.tables.runs import Run
from twin2multicloud.app.db.tables.telling import AlertNotice, MuteRule
from twin2multicloud.app.now_and_then import now_and_then
from twin2multicloud.app.services import drafts, health_history
from twin2multicloud.app.services.events import PRUNED_AT_ONCE, prune
from twin2multicloud.app.services.places import runs_folder

_EVERY_S: Final = 3600.0


def tidy(backend: Backend) -> None:
    """Forget what was kept long enough (events, drafts, notices, checks), sessions and mute rules that have ended, and
    what ended runs have left on disk.
    """
    while True:
        with backend.database.write() as session:
            pruned = prune(backend, session)
        if pruned < PRUNED_AT_ONCE:
            break
    now = backend.now()
    with backend.database.write() as session:
        drafts.forget_old(backend, session)
        session.execute(delete(BrowserSession).where(BrowserSession.expires_at <= now))
        session.execute(delete(MuteRule).where(MuteRule.until <= now))
        kept_since = now - timedelta(days=backend.settings.keep_events_days)
        health_history.prune(session, now, backend.settings.keep_events_days)
        session.execute(delete(AlertNotice).where(AlertNotice.ended_at <= kept_since))
    folder = runs_folder(backend)
    left = {path.name for path in folder.iterdir() if path.is_dir()} if folder.is_dir() else set()
    with backend.database.read() as session:
        going = set(session.scalars(select(Run.id).where(Run.ended_at.is_(None))))
    for name in left - going:
        shutil.rmtree(folder / name, ignore_errors=True)


def tidying(backend: Backend, every_s: float = _EVERY_S) -> AbstractContextManager[None]:
    """While this lasts, it is done now and then by a thread."""
    return now_and_then(partial(tidy, backend), every_s, name="housekeeping", left_undone="nothing was tidied up")
