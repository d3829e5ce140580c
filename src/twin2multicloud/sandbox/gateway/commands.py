"""A command as devices receive it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from twin2multicloud.runtime.ports import Command


def _document(command: Command) -> dict[str, Any]:
    document = {"id": command.id, "name": command.name, "payload": command.payload}
    if command.trace:
        document["trace"] = command.trace
    return document


def command_body(command: Command) -> bytes:
    """The payload of a command's message: JSON with `id`, `name`, `payload` and, if there is one, `trace`."""
    return msgspec.json.encode(_document(command))


def commands_body(commands: Sequence[Command]) -> bytes:
    """The answer to a device that asks by HTTPS: JSON with `commands`."""
    return msgspec.json.encode({"commands": [_document(command) for command in commands]})
