"""Acquisition by HTTPS (`gcp.run-gateway`), for devices that hold a key of their own.

    POST /devices/{device}/telemetry   one message (any JSON object), or an array of up to 100
    POST /devices/{device}/results     answers to commands, likewise

with `Authorization: Bearer <device key>`. 202 says that the messages are safe in their topic; after telemetry it
brings the commands that wait for the device. Each comes with every answer until the device has sent its result.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol
from urllib.parse import unquote

import msgspec

from twin2multicloud.model.spec import TwinSpec
from twin2multicloud.runtime.adapters.gcp.messages import command_json
from twin2multicloud.runtime.device_keys import DeviceKeys
from twin2multicloud.runtime.envelope import RawMessage, messages_in
from twin2multicloud.runtime.failures import ErrorKind, ErrorReport, StoreError
from twin2multicloud.runtime.ports import Command, Reporter

MOST_MESSAGES: Final = 100
"""Messages in one request."""
BODY_BYTES: Final = 4 * 2**20
_PATH: Final = re.compile(r"/devices/([^/]{1,300})/(telemetry|results)")


class Answer(msgspec.Struct, frozen=True):
    """What goes back over HTTP."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = {}


class Pending(Protocol):
    """Where commands wait."""

    def pending(self, device: str) -> list[Command]:
        """Those of a device, the oldest first."""

    def acknowledge(self, device: str, ids: Sequence[str]) -> None:
        """The device has them."""


class _Result(msgspec.Struct):
    id: str


_RESULT: Final = msgspec.json.Decoder(_Result)


class Gateway:
    """Takes devices' requests. `publish` makes messages safe, `keys` knows the devices' keys, `now` is in seconds."""

    def __init__(
        self,
        spec: TwinSpec,
        *,
        keys: Callable[[], DeviceKeys],
        publish: Callable[[Sequence[RawMessage]], None],
        pending: Pending,
        reporter: Reporter,
        now: Callable[[], float],
        component: str,
    ) -> None:
        self._spec = spec
        self._keys = keys
        self._publish = publish
        self._pending = pending
        self._reporter = reporter
        self._now = now
        self._component = component
        # Devices that understand no commands have none waiting, so nobody looks for them.
        self._commanded = frozenset(kind.name for kind in spec.device_types if kind.commands)

    def __call__(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Handle a request; `headers` in lower case."""
        match = _PATH.fullmatch(path)
        if match is None or method != "POST":
            return error_answer(404, "POST to /devices/{device}/telemetry or /devices/{device}/results")
        device, telemetry = unquote(match[1]), match[2] == "telemetry"
        try:
            return self._who(device, headers) or self._take(device, body, telemetry=telemetry)
        except StoreError as error:
            self._report(ErrorKind.QUOTA if error.quota else ErrorKind.WRITE_FAILED, device, str(error))
            return later("messages cannot be stored at the moment", error.retry_after_s)

    def _who(self, device: str, headers: Mapping[str, str]) -> Answer | None:
        scheme, _, key = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key:
            said = "send the device's key: Authorization: Bearer <key>"
            return error_answer(401, said, {"www-authenticate": "Bearer"})
        if not self._keys().authenticate(device, key.strip().encode(errors="replace")):
            said = "the twin has no such device, or this is not its key"
            self._report(ErrorKind.UNKNOWN_DEVICE, device, f"refused: {said}")
            return error_answer(403, said)
        if headers.get("content-encoding", "identity") != "identity":
            return error_answer(415, "send the body uncompressed")
        return None

    def _take(self, device: str, body: bytes, *, telemetry: bool) -> Answer:
        if len(body) > BODY_BYTES:
            return error_answer(413, f"a request holds at most {BODY_BYTES:,} bytes")
        payloads = messages_in(body)
        if len(payloads) > MOST_MESSAGES:
            return error_answer(413, f"a request holds at most {MOST_MESSAGES} messages, not {len(payloads)}")
        if any(len(payload) > self._spec.message_bytes for payload in payloads):
            return error_answer(413, f"a message holds at most {self._spec.message_bytes:,} bytes")
        kind = "telemetry" if telemetry else "result"
        now = self._now()
        if payloads:
            self._publish([RawMessage(device, payload, now, kind) for payload in payloads])
        commands: list[Command] = []
        of_type = self._spec.type_of(device)
        if not telemetry:
            self._pending.acknowledge(device, [id for payload in payloads if (id := _answered(payload))])
        elif of_type is not None and of_type.name in self._commanded:
            commands = self._pending.pending(device)
        content = b'{"commands":[' + b",".join(map(command_json, commands)) + b"]}"
        return Answer(202, content, {"content-type": "application/json"})

    def _report(self, kind: ErrorKind, device: str, message: str) -> None:
        report = ErrorReport(
            layer="L1", severity="warning", kind=kind, message=message, component=self._component, device=device[:128]
        )
        self._reporter.report([report])


def _answered(payload: bytes) -> str:
    """The id of the command that a result is about; "" if it names none."""
    try:
        return _RESULT.decode(payload).id
    except (msgspec.DecodeError, RecursionError):
        return ""


def error_answer(status: int, message: str, headers: Mapping[str, str] | None = None) -> Answer:
    """An error as JSON."""
    content = msgspec.json.encode({"error": message})
    return Answer(status, content, {"content-type": "application/json", **(headers or {})})


def later(message: str, after_s: float | None) -> Answer:
    """503, with the seconds to wait."""
    return error_answer(503, message, {"retry-after": str(max(1, round(after_s or 1)))})
