"""Cursors of lists that are no rows: where a part ended, as text that says nothing to anybody else."""

from __future__ import annotations

import base64
import binascii
from typing import Any, TypeVar

import msgspec

from twin2multicloud.app.errors import InvalidError
from twin2multicloud.model.errors import Finding

T = TypeVar("T")


def encoded(place: Any) -> str:
    """A place as `next` tells it."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def decoded(cursor: str, shape: type[T]) -> T:
    """The place that `next` told; `InvalidError` for what it never told."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(raw, type=shape)
    except (binascii.Error, msgspec.MsgspecError, ValueError) as error:
        raise InvalidError(
            "cursor: this is not what `next` said for this list",
            findings=[Finding("cursor", "is `next` of the part before")],
        ) from error
