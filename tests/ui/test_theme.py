"""Everything can be read in either brightness; the pages before the front end look as it does."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from twin2multicloud.app.ui.theme import DARK, FOCUS, LIGHT, Palette, Tint

_VARIABLE = re.compile(r"--([a-z-]+):\s*(#[0-9a-f]{6})")


def colors(package: str, file: str) -> list[dict[str, str]]:
    """A style sheet's colours: in light, in dark."""
    text = files(package).joinpath("assets", file).read_text()
    light, dark = text.split("prefers-color-scheme: dark", 1)
    return [dict(_VARIABLE.findall(part)) for part in (light, dark)]


def known(palette: Palette) -> dict[str, str]:
    """The front end's colours by the names that style sheets have for them."""
    named = {
        "page": palette.page,
        "bg": palette.page,
        "card": palette.card,
        "sunken": palette.sunken,
        "line": palette.line,
        "focus": FOCUS,
        "text": palette.text,
        "ink": palette.text,
        "muted": palette.muted,
        "accent": palette.accent.strong,
        "accent-soft": palette.accent.soft,
        "on-accent": palette.on_accent,
        "bad": palette.bad.strong,
        "bad-soft": palette.bad.soft,
        "aws": palette.aws.strong,
        "azure": palette.azure.strong,
        "gcp": palette.gcp.strong,
    }
    return {name: color.lower() for name, color in named.items()}


@pytest.mark.parametrize(
    ("package", "file"), [("twin2multicloud.app.api", "login.css"), ("twin2multicloud.app.ui", "start.css")]
)
def test_style_sheets_have_the_colours_of_the_theme(package: str, file: str) -> None:
    for found, palette in zip(colors(package, file), (LIGHT, DARK), strict=True):
        assert found
        assert found == {name: color for name, color in known(palette).items() if name in found}


# ── Contrast, as WCAG 2 has it ────────────────────────────────────────────────────────────────────────────────
TEXT = 4.5
GRAPHICS = 3.0


def luminance(color: str) -> float:
    """How bright it is, from 0 to 1."""
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """From 1 to 21."""
    dark, bright = sorted((luminance(one), luminance(other)))
    return (bright + 0.05) / (dark + 0.05)


def tints(palette: Palette) -> dict[str, Tint]:
    """All colours that mean something."""
    return {name: value for name, value in vars(palette).items() if isinstance(value, Tint)}


def test_contrast_is_as_wcag_counts_it() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.478, abs=0.001)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("surface", ["page", "card", "sunken"])
def test_what_lies_on_a_surface_can_be_read(palette: Palette, surface: str) -> None:
    ground = getattr(palette, surface)
    words = {"text": palette.text, "muted": palette.muted} | {
        name: each.strong for name, each in tints(palette).items()
    }
    shapes = {"edge": palette.edge, "focus": FOCUS} | {f"line {at}": each for at, each in enumerate(palette.charted)}
    assert len(words) > 9
    assert {name: contrast(color, ground) for name, color in words.items() if contrast(color, ground) < TEXT} == {}
    assert {name: contrast(color, ground) for name, color in shapes.items() if contrast(color, ground) < GRAPHICS} == {}


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_what_lies_on_a_colour_can_be_read(palette: Palette) -> None:
    for name, tint in tints(palette).items():
        for color in (tint.strong, palette.text, palette.muted):
            assert contrast(color, tint.soft) >= TEXT, name
    assert contrast(palette.on_accent, palette.accent.strong) >= TEXT
    assert contrast(palette.card, palette.bad.strong) >= TEXT  # what cannot be undone
    for provider in ("aws", "azure", "gcp"):
        assert contrast(palette.cloud(provider).strong, palette.sunken) >= GRAPHICS  # bars
