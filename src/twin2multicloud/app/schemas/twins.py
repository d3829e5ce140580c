"""Twins, their versions, and what they look like from outside."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field

from twin2multicloud.app.archives import is_inside
from twin2multicloud.app.schemas.alerts import AlertSeverity
from twin2multicloud.app.schemas.common import Answer, Body, Note
from twin2multicloud.model.slots import Provider

Target = Literal["sandbox", "clouds", "rehearsal"]
"""Where a twin is deployed: on this machine, in its clouds, or in clouds that stand-in providers pretend."""
ExportKind = Literal["terraform", "definition", "report", "bill"]
"""What of a twin can be taken along as a file."""
Life = Literal["draft", "deploying", "deployed", "partial", "moving", "destroying"]
"""What there is of a twin at a target: nothing, all seven slots whole, or something else; or what is being done."""

MOST_CHARACTERS: Final = 1_048_576
"""Of a definition."""


def _inside(path: str) -> str:
    if not is_inside(path):
        raise ValueError("is not a path within the definition's directory; use names and / only")
    return path


Files = Annotated[
    dict[
        Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00\\]+$"), AfterValidator(_inside)],
        Annotated[str, Field(max_length=262_144)],
    ],
    Field(max_length=200, description="The files that the definition names (processors, interfaces), path → text."),
]
Source = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MOST_CHARACTERS,
        description="The definition as YAML, JSON or TOML text; docs/twin.md says what it holds.",
        examples=["name: greenhouse\nworkload: {message_interval_s: 10, message_size_bytes: 150}\n…"],
    ),
]


class TwinInput(Body):
    """A definition to be kept. Without `format` its first line tells which it is."""

    source: Source
    format: Literal["yaml", "json", "toml"] | None = None
    files: Files = Field(default_factory=dict)
    note: Note = ""


class RestoreInput(Body):
    """How a version is taken up again: with where its layers were placed then and who decided that, or with its
    definition alone, at today's placement.
    """

    placement: Annotated[bool, Field(description="Whether its placement and overrides come back, too.")] = True
    note: Note = ""


Health = Literal["ok", "degraded", "down", "unknown"]
"""`degraded`: it works in part. `unknown`: nothing tells."""


class SlotHealth(Answer):
    """How a slot did when it was looked at last, and since when it is so as far as that was seen."""

    slot: str
    cloud: str
    health: Health
    since: datetime


class TwinHealth(Answer):
    """How a twin did at a target when it was looked at last."""

    health: Health = Field(description="The worst of all layers.")
    seen_at: datetime
    layers: list[SlotHealth]


class TwinSummary(Answer):
    """A twin in a list. `usd_per_month` is predicted for the newest version; None before it was optimized.
    `usd_metered` is a month at the rate that its sandbox metered; None where nothing was.
    """

    id: str
    workspace: str
    name: str
    description: str
    number: int = Field(description="Its newest version.")
    version: int = Field(description="What its ETag says.")
    devices: int
    clouds: list[Provider]
    usd_per_month: float | None
    life: dict[Target, Life] = Field(description="Of every target where there is or was something.")
    attention: bool = Field(description="Whether its last changing run failed or something is not whole.")
    health: dict[Target, TwinHealth] = Field(
        description="Of every target that is looked at: sandboxes, every few seconds."
    )
    alerts: dict[AlertSeverity, int] = Field(
        description="How many alerts wait for somebody: not over, not acknowledged, not muted."
    )
    usd_metered: float | None
    created_at: datetime
    updated_at: datetime


class TwinVersionSummary(Answer):
    """A version in a list."""

    number: int
    note: str
    devices: int
    usd_per_month: float | None
    created_by: str
    created_at: datetime


class TwinVersion(TwinVersionSummary):
    """A version, whole."""

    format: str
    source: str
    files: dict[str, str]
    placement: dict[str, Any] | None
    overrides: dict[str, Any]
    optimization: str | None


class Twin(TwinSummary):
    """A twin with its newest version."""

    role: str = Field(description="The role of whoever asks.")
    current: TwinVersion


class TwinDiff(Answer):
    """What changed between two versions: `text` is a unified diff, `slots` the placements that differ."""

    before: int
    after: int
    text: str
    slots: dict[str, tuple[str | None, str | None]]
    usd_per_month: tuple[float | None, float | None]
