"""Problems (RFC 9457)."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from twin2multicloud.app.schemas.common import Shape


class FieldProblem(Shape):
    """What is wrong with one field: its dotted path ("" for the whole), and where in a file, counted from 1."""

    field: str
    problem: str
    value: str | None = None
    line: int | None = None
    column: int | None = None


class Problem(Shape):
    """Why something was not done. `type` is what programs can rely on, `detail` is for people; `exit_code` is what the
    command line ends with.
    """

    type: str = Field(examples=["urn:twin2multicloud:problem:conflict"])
    title: str = Field(examples=["Not as things are"])
    status: int = Field(examples=[409])
    detail: str = Field(examples=["run 14 (deploy) of this twin is under way; wait for it or cancel it"])
    correlation_id: str = Field(examples=["9f2c1ab04d6e8a10"])
    errors: list[FieldProblem] = Field(default=[])
    details: dict[str, Any] = Field(default={})
    exit_code: int = 6
