"""The files that a browser runs the front end with: Flutter's client, as flet-web brings it, and ours.

They are served below an address that changes with what is in them, so that browsers keep them and ask for none again,
and never mix those of two versions. Of flet-web's 74 MB the client needs a part: neither Python for browsers nor
symbols, nor fonts of widgets that the front end does not use, which Flutter would load before it paints anything.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Final

from twin2multicloud.app.ui.web.index import NAME, THEME
from twin2multicloud.app.ui.web.paths import PREFIX

_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".wasm": "application/wasm",
    ".otf": "font/otf",
    ".ttf": "font/ttf",
    ".woff2": "font/woff2",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".frag": "application/octet-stream",
    ".bin": "application/octet-stream",
    "": "text/plain; charset=utf-8",
}
_FLUTTER: Final = (
    "main.dart.wasm",
    "canvaskit/skwasm.wasm",
    "assets/fonts/MaterialIcons-Regular.otf",
    "main.dart.mjs",
    "canvaskit/skwasm.js",
    "assets/AssetManifest.bin.json",
    "assets/AssetManifest.bin",
    "assets/shaders/ink_sparkle.frag",
    "assets/shaders/stretch_effect.frag",
    "assets/fonts/roboto.woff2",
    "version.json",
    # Other browsers, which the smaller renderer does not suit.
    "main.dart.js",
    "canvaskit/canvaskit.wasm",
    "canvaskit/canvaskit.js",
    "canvaskit/chromium/canvaskit.wasm",
    "canvaskit/chromium/canvaskit.js",
    "canvaskit/skwasm_heavy.wasm",
    "canvaskit/skwasm_heavy.js",
    "assets/NOTICES",
)
_FIRST: Final = (
    "start.js",
    "start.css",
    "main.dart.mjs",
    "canvaskit/skwasm.js",
    "main.dart.wasm",
    "canvaskit/skwasm.wasm",
    "assets/fonts/MaterialIcons-Regular.otf",
)
_OURS: Final = (
    "start.css",
    "icons/icon.svg",
    "icons/icon-192.png",
    "icons/icon-512.png",
    "icons/maskable-512.png",
    "icons/apple-touch-180.png",
)
_MONO: Final = "assets/fonts/Mono.woff2"
_FALLBACK: Final = re.compile(r"assets/fonts/noto[a-z0-9]*/v[0-9]+/[A-Za-z0-9_.-]+\.(woff2|ttf|otf)")
_FONTS: Final = (
    {"family": "MaterialIcons", "fonts": [{"asset": "fonts/MaterialIcons-Regular.otf"}]},
    {"family": "Roboto", "fonts": [{"asset": "fonts/roboto.woff2"}]},
    # Arrows, boxes, blocks and check marks, which Roboto has not.
    {"family": "Mono", "fonts": [{"asset": "fonts/Mono.woff2"}]},
)


@dataclass(frozen=True)
class File:
    """One file: where it is on disk, or what is in it where we make it."""

    name: str
    source: Path | bytes

    @property
    def media_type(self) -> str:
        """As browsers want to be told."""
        return _TYPES[Path(self.name).suffix]

    def content(self) -> bytes:
        """All of it."""
        return self.source if isinstance(self.source, bytes) else self.source.read_bytes()

    @cached_property
    def digest(self) -> str:
        """A hash of what is in it."""
        return hashlib.sha256(self.content()).hexdigest()[:24]


class ClientFiles:
    """All of them, by name. `web` is flet-web's directory, `assets` ours."""

    def __init__(self, web: Path | None = None, assets: Path | None = None) -> None:
        web = web or Path(str(files("flet_web") / "web"))
        assets = assets or Path(str(files("twin2multicloud.app.ui") / "assets"))
        made = {
            "start.js": _start(web, assets),
            "manifest.json": _manifest(),
            "assets/FontManifest.json": json.dumps(_FONTS).encode(),
        }
        listed = [
            *(File(name, web / name) for name in _FLUTTER),
            *(File(name, content) for name, content in made.items()),
            *(File(name, assets / name) for name in _OURS),
            File(_MONO, assets / "fonts" / "Mono.woff2"),
        ]
        self._files: Mapping[str, File] = {file.name: file for file in listed}

    def __iter__(self) -> Iterator[File]:
        return iter(self._files.values())

    def get(self, name: str) -> File | None:
        """One of them. For letters that no font here has, Flutter asks for one of Google's: it gets ours, which has
        arrows, boxes and check marks.
        """
        return self._files.get(_MONO if _FALLBACK.fullmatch(name) else name)

    @property
    def first(self) -> list[File]:
        """Those that Chromium starts with."""
        return [self._files[name] for name in _FIRST]

    @cached_property
    def version(self) -> str:
        """What their addresses change with."""
        told = "".join(f"{file.name}:{file.digest}\n" for file in self)
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    @property
    def base(self) -> str:
        """The path that they are below."""
        return f"{PREFIX}{self.version}/"


def _start(web: Path, assets: Path) -> bytes:
    """Flutter's loader, what it may load, and ours: one file instead of four."""
    loader = (web / "flutter.js").read_text("utf-8")
    bootstrap = (web / "flutter_bootstrap.js").read_text("utf-8")
    found = re.search(r"^_flutter\.buildConfig = \{.*\};$", bootstrap, re.MULTILINE)
    assert found is not None, "flet-web's flutter_bootstrap.js says what there is to load"
    loader = re.sub(r"^//# sourceMappingURL=.*$", "", loader, flags=re.MULTILINE)
    ours = [(assets / name).read_text("utf-8") for name in ("keyboard.js", "start.js")]
    return "\n".join((loader, found[0], *ours)).encode()


def _manifest() -> bytes:
    """What a phone or a desktop knows of the front end where somebody keeps it as an app."""
    icons = [
        {"src": "icons/icon.svg", "sizes": "any", "type": "image/svg+xml"},
        {"src": "icons/icon-192.png", "sizes": "192x192", "type": "image/png"},
        {"src": "icons/icon-512.png", "sizes": "512x512", "type": "image/png"},
        {"src": "icons/maskable-512.png", "sizes": "512x512", "type": "image/png", "purpose": "maskable"},
    ]
    told = {
        "name": NAME,
        "short_name": NAME,
        "description": "Price, place, deploy and operate digital twins over several clouds",
        "id": "/",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": THEME[0][1],
        "theme_color": THEME[0][1],
        "icons": icons,
    }
    return json.dumps(told).encode()
