"""What many bodies share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

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


class Body(BaseModel):
    """A request's body: what is not known is refused, so that no misspelt field is silently ignored."""

    model_config = ConfigDict(extra="forbid")


class Page(BaseModel, Generic[T]):
    """Part of a list. `next` is the `cursor` of the part that follows, None at the end."""

    items: list[T]
    next: str | None = None
