"""The pages before the front end look as it does."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from twin2multicloud.app.ui.theme import DARK, LIGHT, Palette

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
