"""What all parts of a twin's definition have in common, and the bounds that several share."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from twin2multicloud.model.workload import Whole

MAX_DEVICES = 1_000_000
"""As many as one Azure IoT hub takes."""

MAX_ENTITIES = 1_000_000
"""Together with as many devices: the 2,000,000 twins that Azure Digital Twins takes."""

Text = Annotated[str, Field(max_length=512)]
Flag = Annotated[bool, Field(strict=True)]
Count = Annotated[Whole, Field(ge=1, le=MAX_DEVICES, strict=True)]
First = Annotated[Whole, Field(ge=0, le=100_000_000, strict=True)]
Version = Annotated[Whole, Field(ge=1, le=999_999_999, strict=True)]
Dtdl = str | dict[str, Any] | list[Any]


class Part(BaseModel):
    """Base of all parts: immutable, nothing unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid")
