"""A command line gets a key of somebody who agrees in a browser (RFC 8628): nobody types a password or a key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import quote

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from twin2multicloud.app.auth.access import Principal, Scope, the_workspace, user_principal
from twin2multicloud.app.auth.key_form import new_key
from twin2multicloud.app.auth.tokens import token_hash
from twin2multicloud.app.auth.user_codes import read_user_code, shown, user_code
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.people import DeviceLogin, Role, User
from twin2multicloud.app.errors import ForbiddenError, NotFoundError, TooManyError
from twin2multicloud.app.schemas import login as shapes
from twin2multicloud.app.schemas.keys import KeyInput, NewKey
from twin2multicloud.app.services import audit, keys

LASTS: Final = timedelta(minutes=10)
PAGE: Final = "/login/device"
_INTERVAL_S: Final = 5
_SLOWER_BY_S: Final = 5
_MOST: Final = 10_000


@dataclass(frozen=True)
class Waiting:
    """Why there is no key: `error` is as RFC 8628 has it."""

    error: str
    text: str
    interval_s: int = _INTERVAL_S


def begin(backend: Backend, session: Session, given: shapes.DeviceRequest, address: str) -> shapes.DeviceStarted:
    """Keep what a command line asks for. `TooManyError` if very many wait already."""
    now = backend.now()
    session.execute(delete(DeviceLogin).where(DeviceLogin.expires_at <= now))
    if (session.scalar(select(func.count()).select_from(DeviceLogin)) or 0) >= _MOST:
        raise TooManyError("very many command lines wait to be let in", details={"retry_after_s": 60})
    device_code, code = backend.make_token(), user_code(backend.make_token())
    while _find(session, code) is not None:
        code = user_code(backend.make_token())
    session.add(
        DeviceLogin(
            device_hash=token_hash(device_code),
            user_code_hash=_code_hash(code),
            client_name=given.client_name,
            scopes=sorted(set(given.scopes)),
            lasts_days=given.days,
            from_address=address[:60],
            denied=False,
            interval_s=_INTERVAL_S,
            created_at=now,
            expires_at=now + LASTS,
        )
    )
    page = f"{backend.settings.origin}{PAGE}"
    return shapes.DeviceStarted(
        device_code=device_code,
        user_code=code,
        verification_uri=page,
        verification_uri_complete=f"{page}?code={quote(code)}",
        expires_in=int(LASTS.total_seconds()),
        interval=_INTERVAL_S,
    )


def waiting(backend: Backend, session: Session, code: str, *, lock: bool = False) -> DeviceLogin:
    """The command line that shows this code and waits; `NotFoundError` if none does."""
    found = _find(session, code, lock=lock)
    if found is None or found.expires_at <= backend.now() or found.denied or found.approved_by is not None:
        raise NotFoundError("no command line waits with this code: it was mistyped, used already, or is too old")
    return found


def answer(backend: Backend, session: Session, principal: Principal, given: shapes.DeviceAnswer) -> None:
    """Agree to what a command line asks for, or decline: somebody in a browser does that, not another key.
    `ForbiddenError` where the key could do more than whoever agrees can.
    """
    if not principal.session:
        raise ForbiddenError("somebody has to agree in a browser; a key makes further keys with POST /api/v1/keys")
    found = waiting(backend, session, given.user_code, lock=True)
    action = "device-login.allowed" if given.allow else "device-login.denied"
    audit.note(backend, session, principal, action, found.client_name, address=found.from_address, scopes=found.scopes)
    if not given.allow:
        found.denied = True
        return
    if Scope.ADMIN.value in found.scopes:
        principal.check_admin()
    if given.workspace is not None:
        the_workspace(session, principal, given.workspace, Role.VIEWER)
    found.approved_by, found.workspace_id = principal.user_id, given.workspace


def poll(backend: Backend, session: Session, device_code: str) -> NewKey | Waiting:
    """The key once somebody agreed, and only once; otherwise what to wait for. It is made now, so that nothing but
    its hash is ever kept.
    """
    now = backend.now()
    # Locked, so that of two who ask at once one gets the key and the other finds nothing.
    found = session.get(DeviceLogin, token_hash(device_code), with_for_update=True)
    if found is None or found.expires_at <= now:
        return Waiting("expired_token", "this login is over; begin again")
    if found.denied:
        session.delete(found)
        return Waiting("access_denied", "it was declined in the browser")
    early = found.polled_at is not None and now < found.polled_at + timedelta(seconds=found.interval_s)
    found.polled_at = now
    if early:
        found.interval_s += _SLOWER_BY_S
        return Waiting("slow_down", "you ask too often", found.interval_s)
    if found.approved_by is None:
        return Waiting("authorization_pending", "nobody has agreed in the browser yet", found.interval_s)
    user = session.get(User, found.approved_by)
    session.delete(found)
    if user is None or user.disabled:
        return Waiting("expired_token", "this login is over; begin again")
    return _make_key(backend, session, user, found)


def _make_key(backend: Backend, session: Session, user: User, asked: DeviceLogin) -> NewKey:
    given = KeyInput(
        name=asked.client_name,
        scopes=[Scope(scope).value for scope in asked.scopes],
        workspace=asked.workspace_id,
        days=asked.lasts_days,
    )
    token = new_key()
    key = keys.create(backend, session, user_principal(user, session=True), given, token)
    return NewKey(**keys.shape(key).model_dump(), token=token)


def _find(session: Session, code: str, *, lock: bool = False) -> DeviceLogin | None:
    letters = read_user_code(code)
    if letters is None:
        return None
    query = select(DeviceLogin).where(DeviceLogin.user_code_hash == _code_hash(shown(letters)))
    return session.scalar(query.with_for_update() if lock else query)


def _code_hash(code: str) -> bytes:
    return token_hash(f"user code/{code}")
