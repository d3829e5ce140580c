"""What many bodies share."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Generic, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from twin2multicloud.model.errors import Finding, InvalidInputError

T = TypeVar("T")

ShortName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=60,
        pattern=r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$",
        examples=["berlin"],
    ),
]
Note = Annotated[str, Field(max_length=2_000, pattern=r"^[^\x00]*$")]


def _of_this_calendar(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("is before the year 1 or after the year 9999 in UTC") from error


Moment = Annotated[AwareDatetime, AfterValidator(_of_this_calendar)]
"""A moment with its zone, in UTC."""

_UNSOUND: Final = re.compile("[\x00\ud800-\udfff]")


def _unsound(given: dict[Any, Any]) -> list[Finding]:
    """Where there are NUL bytes or halves of surrogates, at any depth."""
    found: list[Finding] = []
    waiting: list[tuple[str, Any]] = [("", given)]
    while waiting and len(found) < 20:
        where, value = waiting.pop()
        if isinstance(value, str):
            if _UNSOUND.search(value):
                found.append(Finding(where, "has a NUL byte or half of a surrogate pair, which is no text"))
        elif isinstance(value, dict):
            if any(isinstance(name, str) and _UNSOUND.search(name) for name in value):
                found.append(Finding(where, "has a name with a NUL byte or half of a surrogate pair"))
            waiting += [(f"{where}.{name}" if where else str(name), each) for name, each in value.items()]
        elif isinstance(value, list):
            waiting += [(f"{where}.{number}", each) for number, each in enumerate(value)]
    return found


class Shape(BaseModel):
    """What is answered. It is worked out when it is first used, since a process uses a few of a hundred."""

    model_config = ConfigDict(defer_build=True)


class Answer(Shape):
    """What is answered, of which nothing is left out and to which nothing is added."""

    model_config = ConfigDict(extra="forbid")


class Body(BaseModel):
    """A request's body: what is not known is refused, so that no misspelt field is silently ignored."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _text_is_text(cls, given: Any) -> Any:
        """What not every database, and no UTF-8, can hold is refused wherever it stands."""
        findings = _unsound(given) if isinstance(given, dict) else []
        if findings:
            raise InvalidInputError("request", findings)
        return given


class Page(Shape, Generic[T]):
    """Part of a list. `next` is the `cursor` of the part that follows, None at the end."""

    items: list[T]
    next: str | None = None
