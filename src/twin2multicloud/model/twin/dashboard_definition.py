"""What people look at: dashboards as a definition describes them."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from twin2multicloud.model.twin.part import Part
from twin2multicloud.model.workload import Whole

PanelKind = Literal["timeseries", "stat", "gauge", "table", "alarms", "rates", "text", "row"]
OF_NO_TYPE = ("alarms", "rates", "text", "row")
"""Panels that need no device type; alarms may have one."""


class PanelDefinition(Part):
    """A panel of a dashboard: what kind of chart, of which devices and fields. `width` and `height` in grid cells.

    Without `devices` charts show the device that a person picks, tables and alarms all of the type.
    """

    kind: PanelKind = Field(description="What it shows.", examples=["timeseries"])
    title: Annotated[str, Field(max_length=128)] = Field(default="", description="What stands above it.")
    on: str = Field(default="", description="The device type that it is of.", examples=["climate-sensor"])
    devices: tuple[str, ...] | None = Field(
        default=None,
        min_length=1,
        description="These devices, by names or patterns; without them whichever a person picks, or all.",
        examples=[["climate-00*"]],
    )
    fields: tuple[str, ...] = Field(
        default=(), description="The fields that it shows; all that fit if none is named.", examples=[["temperature"]]
    )
    unit: Annotated[str, Field(max_length=64)] | None = Field(
        default=None, description="The unit beside its values; the fields' own if left out.", examples=["°C"]
    )
    text: Annotated[str, Field(max_length=10_000)] = Field(
        default="", description="What a panel of kind text says, in Markdown."
    )
    width: Annotated[Whole, Field(ge=1, le=24, strict=True)] | None = Field(
        default=None, description="Of the 24 columns of a dashboard.", json_schema_extra={"unit": "columns"}
    )
    height: Annotated[Whole, Field(ge=1, le=40, strict=True)] | None = Field(
        default=None, description="In rows of a dashboard.", json_schema_extra={"unit": "rows"}
    )

    @model_validator(mode="after")
    def _has_subject(self) -> Self:
        if self.kind not in OF_NO_TYPE and not self.on:
            raise ValueError("needs the device type it shows; write on: TYPE")
        if self.kind in OF_NO_TYPE and self.fields:
            raise ValueError(f"a panel of kind {self.kind} shows no fields; remove them")
        if self.kind in OF_NO_TYPE and self.kind != "alarms" and self.on:
            raise ValueError(f"a panel of kind {self.kind} is of no device type; remove on")
        if self.devices is not None and not self.on:
            raise ValueError("devices needs their type as well; write on: TYPE")
        if (self.kind == "text") != bool(self.text):
            raise ValueError("text belongs to a panel of kind text, which needs it")
        return self


Period = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,5}[smhdw]$")]


class DashboardDefinition(Part):
    """A dashboard: a title and panels; how often it looks for news, and over which time range."""

    title: Annotated[str, Field(min_length=1, max_length=128)] = Field(
        description="What it is called.", examples=["Home"]
    )
    refresh: Period = Field(default="5s", description="How often it looks for news.", examples=["10s"])
    range: Period = Field(default="15m", description="The time range that it shows.", examples=["1h"])
    panels: tuple[PanelDefinition, ...] = Field(
        min_length=1, max_length=50, description="What it consists of, in order."
    )
