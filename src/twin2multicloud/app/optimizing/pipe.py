"""What goes between the backend and a process that optimizes: values, each a pickle after its length."""

from __future__ import annotations

import pickle
import struct
from typing import IO, Any, Final

_LENGTH: Final = struct.Struct(">Q")


class Wanted:
    """The answer of a worker that does not have the book: it must be sent along."""


def send(stream: IO[bytes], value: object) -> None:
    """Write one value."""
    content = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    stream.write(_LENGTH.pack(len(content)) + content)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """Read one value; `EOFError` at the end."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(head)
    content = stream.read(length)
    if len(content) < length:
        raise EOFError
    return pickle.loads(content)  # noqa: S301 - both ends are ours
