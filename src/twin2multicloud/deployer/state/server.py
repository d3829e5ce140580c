"""States over HTTP, as Terraform's `http` backend wants them, for the runs of this process only."""

from __future__ import annotations

import base64
import hashlib
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import quote

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from twin2multicloud.deployer.state.access import Grant, Grants, StateAccess
from twin2multicloud.deployer.state.errors import DocumentError, LockedError, LockLostError, StateError
from twin2multicloud.deployer.state.records import Holder, LockRequest
from twin2multicloud.deployer.state.store import StateStore

if TYPE_CHECKING:
    import uvicorn

MAX_STATE_BYTES: Final = 64 << 20
"""Far above any stack of ours; a body that is longer is cut off before it fills the memory."""
_MAX_LOCK_BYTES: Final = 64 << 10
_START_S: Final = 10.0


class StateServer:
    """The server, in a thread, on a free port of 127.0.0.1. Start it with `with`."""

    def __init__(self, store: StateStore, max_bytes: int = MAX_STATE_BYTES) -> None:
        self.store = store
        self._grants = Grants()
        self._max_bytes = max_bytes
        self._socket = socket.socket()
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def grant(self, stack: str, holder: Holder) -> tuple[Grant, StateAccess]:
        """A run's access to one stack, until `revoke`."""
        grant = self._grants.give(stack, holder)
        host, port = self._socket.getsockname()
        return grant, StateAccess(f"http://{host}:{port}/states/{quote(stack)}", grant.username, grant.password)

    def revoke(self, grant: Grant) -> None:
        """End a run's access."""
        self._grants.take_back(grant)

    def __enter__(self) -> Self:
        import uvicorn  # whoever plans for the sandbox serves no states

        self._socket.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            state_app(self.store, self._grants, self._max_bytes),
            log_level="error",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            loop="asyncio",
            http="httptools",
            ws="none",
            lifespan="off",
            timeout_graceful_shutdown=5,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), name="states", daemon=True)
        self._thread.start()
        pause = threading.Event()
        for _ in range(int(_START_S / 0.01)):
            if self._server.started:
                return self
            if not self._thread.is_alive():
                break
            pause.wait(0.01)
        raise StateError(f"the state server did not start on 127.0.0.1 within {_START_S:.0f} s")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join()
        self._socket.close()


def state_app(store: StateStore, grants: Grants, max_bytes: int = MAX_STATE_BYTES) -> Starlette:
    """The server's app, for whoever serves it beside other things."""

    async def endpoint(request: Request) -> Response:
        grant = grants.of(request.headers.get("authorization", ""))
        if grant is None:
            return Response("unknown name or password", 401, {"www-authenticate": 'Basic realm="states"'})
        if request.path_params["stack"] != grant.stack:
            wrong = f"this run is for {grant.stack} only, not {request.path_params['stack']}"
            return _refuse(grant, 403, StateError(wrong))
        limit = max_bytes if request.method == "POST" else _MAX_LOCK_BYTES
        try:
            body = await _bounded(request, limit)
        except ClientDisconnect:
            return Response(status_code=400)
        if body is None:
            return _refuse(grant, 413, StateError(f"the body is longer than {limit} bytes"))
        if not _digest_fits(request.headers.get("content-md5"), body):
            damaged = "Content-MD5 is not that of the body: it was damaged on its way; try again"
            return _refuse(grant, 400, StateError(damaged))
        answer = _ANSWERS[request.method]
        try:
            return await run_in_threadpool(answer, store, grant, request.query_params.get("ID", ""), body)
        except LockedError as error:
            # Terraform reads who holds the lock from the body.
            grant.refusals.append(error)
            return Response(msgspec.json.encode(error.lock.request), 423, media_type="application/json")
        except DocumentError as error:
            return _refuse(grant, 400, error)
        except StateError as error:
            return _refuse(grant, 409, error)

    return Starlette(routes=[Route("/states/{stack:path}", endpoint, methods=list(_ANSWERS))])


def _get(store: StateStore, grant: Grant, _lock_id: str, _body: bytes) -> Response:
    current = store.current(grant.stack)
    if current is None:
        return Response(status_code=204)
    digest = base64.b64encode(bytes.fromhex(current.md5)).decode()
    content = store.content(grant.stack, current.number)
    return Response(content, headers={"content-md5": digest}, media_type="application/json")


def _post(store: StateStore, grant: Grant, lock_id: str, body: bytes) -> Response:
    store.write(grant.stack, body, lock_id=lock_id, holder=grant.holder)
    return Response(status_code=200)


def _delete(store: StateStore, grant: Grant, lock_id: str, _body: bytes) -> Response:
    store.delete(grant.stack, lock_id=lock_id or None, holder=grant.holder)
    return Response(status_code=200)


def _lock(store: StateStore, grant: Grant, _lock_id: str, body: bytes) -> Response:
    store.lock(grant.stack, _lock_request(body), grant.holder)
    return Response(status_code=200)


def _unlock(store: StateStore, grant: Grant, _lock_id: str, body: bytes) -> Response:
    if not body:
        # `force-unlock` sends nothing: its user has named the lock to Terraform, which has asked whether it is meant.
        store.break_lock(grant.stack)
        return Response(status_code=200)
    with suppress(LockLostError):
        # A lock that somebody else broke is gone already; the write that needed it has been refused.
        store.unlock(grant.stack, _lock_request(body).id)
    return Response(status_code=200)


_ANSWERS: Final[dict[str, Callable[[StateStore, Grant, str, bytes], Response]]] = {
    "GET": _get,
    "POST": _post,
    "DELETE": _delete,
    "LOCK": _lock,
    "UNLOCK": _unlock,
}


def _lock_request(body: bytes) -> LockRequest:
    try:
        request = msgspec.json.decode(body, type=LockRequest)
    except msgspec.DecodeError as error:
        raise DocumentError(f"not the description of a lock: {error}") from error
    if not request.id:
        raise DocumentError("ID: a lock needs one")
    return request


def _refuse(grant: Grant, status: int, why: StateError) -> Response:
    grant.refusals.append(why)
    return Response(str(why), status)


def _digest_fits(header: str | None, body: bytes) -> bool:
    if header is None:
        return True
    try:
        told = base64.b64decode(header, validate=True)
    except ValueError:
        return False
    return told == hashlib.md5(body, usedforsecurity=False).digest()


async def _bounded(request: Request, most: int) -> bytes | None:
    """The body; None as soon as it is longer than `most` bytes."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            return None
    return bytes(body)
