"""Bars as inline SVG. Text stays in the surrounding HTML, so that bars stretch while letters keep their size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twin2multicloud.app.report.markup import Html, tag


@dataclass(frozen=True)
class Segment:
    """A part of a bar: its class (colour), its length in the unit of the scale, and what it stands for."""

    class_: str
    length: float
    title: str


def bar(segments: Sequence[Segment], scale: float, label: str) -> Html:
    """A horizontal bar on a scale from 0 to `scale`; `label` says in words what it shows.

    Lengths below zero and what goes beyond the scale are cut off: a drawing, never the figure itself.
    """
    parts: list[Html] = []
    start = 0.0
    for segment in segments:
        length = max(segment.length, 0.0) / scale * 1000 if scale > 0 else 0.0
        length = min(length, 1000.0 - start)
        if length > 0:
            shape = tag(
                "rect",
                tag("title", segment.title),
                class_=f"fill {segment.class_}",
                x=round(start, 2),
                y=0,
                width=round(length, 2),
                height=10,
            )
            parts.append(shape)
            if start > 0:
                # A gap tells neighbours apart without their colours.
                parts.append(tag("rect", class_="cut", x=round(start - 0.75, 2), y=0, width=1.5, height=10))
        start += length
    return tag(
        "svg",
        tag("rect", class_="track", x=0, y=0, width=1000, height=10),
        *parts,
        class_="bar",
        viewBox="0 0 1000 10",
        preserveAspectRatio="none",
        role="img",
        aria_label=label,
    )
