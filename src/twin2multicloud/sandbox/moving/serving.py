"""What a cloud's control API has for a move: its stores (`sandbox.moving.calls`), and what no port shows.

GET  /control/move/waiting             messages in each queue, and functions that have not ended yet; DELETE drops those
                                       of some queues
GET  /control/move/commands            commands that wait for devices; POST adds some, DELETE drops some
GET  /control/move/notices             alerts and answers of L2; POST adds some, DELETE drops all
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from twin2multicloud.moving.move import StoreKind
from twin2multicloud.runtime.failures import RejectedError, StoreError
from twin2multicloud.runtime.ports import Command
from twin2multicloud.sandbox.building import CloudParts
from twin2multicloud.sandbox.devices import CommandDesk
from twin2multicloud.sandbox.journal import Notices
from twin2multicloud.sandbox.moving.calls import CALLS, MOST_BYTES, PATH
from twin2multicloud.sandbox.server import bounded, control_route

if TYPE_CHECKING:
    from twin2multicloud.sandbox.cloud import CloudServer


def move_routes(server: CloudServer) -> list[Route]:
    """All of them."""
    token = server.parts.config.token

    async def waiting(_: Request, __: Any) -> Any:
        return {"queues": server.parts.queues.depths(), "busy": server.busy}

    async def drop_waiting(request: Request, _: Any) -> Any:
        names = request.query_params.getlist("queue")
        return {"dropped": sum([await _off(server.parts.queues.queue(name).purge) for name in names])}

    async def commands(_: Request, __: Any) -> Any:
        desk = server.parts.waiting_commands
        return await _off(desk.waiting) if desk is not None else []

    async def add_commands(_: Request, body: Any) -> Any:
        await _off(_desk(server.parts).send, msgspec.convert(body, list[Command]))
        return {}

    async def drop_commands(_: Request, body: Any) -> Any:
        await _off(_desk(server.parts).done, msgspec.convert(body, list[Command]))
        return {}

    async def notices(request: Request, _: Any) -> Any:
        after = (int(request.query_params.get(name, "0")) for name in ("alert", "result"))
        return await _off(server.parts.journal.notices, *after)

    async def add_notices(_: Request, body: Any) -> Any:
        await _off(server.parts.journal.adopt, msgspec.convert(body, Notices))
        return {}

    async def drop_notices(_: Request, __: Any) -> Any:
        await _off(server.parts.journal.forget_notices)
        return {}

    return [
        control_route("/control/move/waiting", "GET", token, waiting),
        control_route("/control/move/waiting", "DELETE", token, drop_waiting),
        control_route("/control/move/commands", "GET", token, commands),
        control_route("/control/move/commands", "POST", token, add_commands),
        control_route("/control/move/commands", "DELETE", token, drop_commands),
        control_route("/control/move/notices", "GET", token, notices),
        control_route("/control/move/notices", "POST", token, add_notices),
        control_route("/control/move/notices", "DELETE", token, drop_notices),
        _store_route(lambda: server.parts, token),
    ]


def _desk(parts: CloudParts) -> CommandDesk:
    if parts.waiting_commands is None:
        raise StoreError(f"no command of a device waits in {parts.provider.value}, for L1 is not there")
    return parts.waiting_commands


async def _off(function: Callable[..., Any], *arguments: Any) -> Any:
    """Run what may block away from the event loop."""
    return await asyncio.get_running_loop().run_in_executor(None, function, *arguments)


def _store_route(current: Callable[[], CloudParts], token: str) -> Route:
    """The route by which the stores of both ends are reached. There are none unless a slot moves."""

    async def endpoint(request: Request) -> Response:
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
            return _answer(401, {"error": "the control API wants the sandbox's token"})
        body = await bounded(request, MOST_BYTES)
        if body is None:
            return _answer(413, {"error": f"at most {MOST_BYTES} bytes"})
        where = request.path_params
        work = asyncio.get_running_loop().run_in_executor(
            None, _call, current(), where["kind"], where["owner"], where["method"], body
        )
        return await work

    return Route(PATH + "/{kind}/{owner}/{method}", endpoint, methods=["POST"])


def _call(parts: CloudParts, kind: str, owner: str, method: str, body: bytes) -> Response:
    port = parts.ports.get(f"{kind}/{owner}")
    named = next((k for k in StoreKind if k.value.replace(" ", "-") == kind), None)
    if port is None or named is None or method not in CALLS[named]:
        # It may be there as soon as the documents are read: whoever asks comes again.
        return _answer(503, {"error": f"{parts.provider.value} has no store {kind}/{owner} with '{method[:40]}' now"})
    if parts.faults.outage:
        return _answer(503, {"error": "outage"})
    try:
        arguments = msgspec.json.decode(body, type=CALLS[named][method][0])
        return _answer(200, _invoke(parts, named, port, method, arguments))
    except StoreError as error:
        return _answer(503, {"error": str(error), "quota": error.quota})
    except KeyError as error:
        return _answer(404, {"error": str(error.args[0]) if error.args else "not found"})
    except (RejectedError, msgspec.DecodeError) as error:
        return _answer(422, {"error": str(error)})


def _invoke(parts: CloudParts, kind: StoreKind, port: Any, method: str, arguments: tuple[Any, ...]) -> Any:
    if kind is StoreKind.STATES:
        if method == "load":
            return list(port.load(arguments[0]).items())
        return port.save(dict(arguments[0]))
    if kind is StoreKind.HOT and method == "history":
        *where, newest_first = arguments
        return port.history(*where, newest_first=newest_first)
    answer = getattr(port, method)(*arguments)
    if kind is StoreKind.HOT and method == "put":
        parts.count_written(arguments[0])
    return answer


def _answer(status: int, value: Any) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
