"""Drafts: what somebody is writing before it is a twin, or while they change one."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from twin2multicloud.app.schemas.common import Answer, Body
from twin2multicloud.app.schemas.twins import MOST_CHARACTERS, Files

MOST_DRAFTS: Final = 100
"""Of one person."""

_Line = r"^[^\x00-\x1f\x7f]*$"
_Title = Annotated[str, Field(max_length=100, pattern=_Line, examples=["Greenhouse in Delft"])]
_Step = Annotated[str, Field(max_length=100, pattern=_Line, description="Where in the form its writer is.")]
_Source = Annotated[str, Field(max_length=MOST_CHARACTERS, description="The definition so far, sound or not.")]
_Format = Annotated[Literal["yaml", "json", "toml"] | None, Field(description="None: its first line tells.")]
_Number = Annotated[int | None, Field(ge=1, le=10**9, description="The version of the twin that it is to follow.")]


class DraftInput(Body):
    """A new draft: of a new twin, or of the next version of `twin`, which was at version `twin_number` then."""

    title: _Title = ""
    twin: Annotated[str | None, Field(pattern=r"^twn_[0-9a-z]{1,28}$")] = None
    twin_number: _Number = None
    format: _Format = None
    source: _Source = ""
    files: Files = Field(default_factory=dict)
    step: _Step = ""

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.twin is None) != (self.twin_number is None):
            raise ValueError("twin and twin_number go together: give both for a twin that is changed, none otherwise")
        return self


class DraftPatch(Body):
    """What is different now; the rest stays. `files` are all of them."""

    title: _Title | None = None
    twin_number: _Number = None
    format: _Format = None
    source: _Source | None = None
    files: Files | None = None
    step: _Step | None = None

    @model_validator(mode="after")
    def _not_nothing(self) -> Self:
        """Only what may be null in a draft may be given as null."""
        for name in self.model_fields_set - {"format"}:
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null; leave it out if it stays as it is")
        return self

    def changes(self) -> dict[str, Any]:
        """The fields that were given."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class DraftSummary(Answer):
    """A draft in a list."""

    id: str
    workspace: str
    title: str
    twin: str | None
    twin_number: int | None
    step: str
    version: int = Field(description="What its ETag says.")
    created_at: datetime
    updated_at: datetime


class Draft(DraftSummary):
    """A draft, whole."""

    format: Literal["yaml", "json", "toml"] | None
    source: str
    files: dict[str, str]
