"""The page that the front end starts from, and what it may do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from twin2multicloud.app.ui.web.limits import MESSAGE_MOST_BYTES, PICKED_MOST_BYTES
from twin2multicloud.app.ui.web.paths import SOCKET

NAME: Final = "Twin2MultiCloud"
THEME: Final = (("light", "#f6f7f9"), ("dark", "#0f1218"))
"""The colour behind everything, by colour scheme: that of the pages for signing in, and of start.css."""

_EMPTY: Final = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


def index(base: str, nonce: str) -> str:
    """The page; `base` is the path that the client's files are below, `nonce` what marks styles as ours."""
    colours = "\n".join(
        f'  <meta name="theme-color" content="{colour}" media="(prefers-color-scheme: {scheme})">'
        for scheme, colour in THEME
    )
    return f"""\
<!doctype html>
<html lang="en" data-base="{base}" data-socket="{SOCKET}" data-nonce="{nonce}" \
data-picked="{PICKED_MOST_BYTES}" data-message="{MESSAGE_MOST_BYTES}">
<head>
  <base href="/">
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="description" content="Price, place, deploy and operate digital twins over several clouds.">
{colours}
  <title>{NAME}</title>
  <link rel="icon" type="image/svg+xml" href="{base}icons/icon.svg">
  <link rel="apple-touch-icon" href="{base}icons/apple-touch-180.png">
  <link rel="manifest" href="{base}manifest.json">
  <link rel="stylesheet" href="{base}start.css">
  <script src="{base}start.js" defer></script>
</head>
<body>
  <div id="loading" role="status" aria-label="Loading {NAME}"><div class="wheel"></div><p></p></div>
  <div id="told" role="status" hidden></div>
  <noscript><p>{NAME} needs JavaScript.</p></noscript>
</body>
</html>
"""


def policy(nonce: str, frames: Sequence[str]) -> str:
    """What the page may (Content-Security-Policy): scripts of ours alone and none within the page, WebAssembly, no
    request to any other host. `frames` are origins whose pages may be shown within. Flutter writes styles into the
    page, which it marks by the `nonce`.
    """
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self' 'wasm-unsafe-eval'",
            # The hash is that of nothing: where text can be selected, Flutter adds an empty style, whose rules it then
            # writes by script.
            f"style-src 'self' 'nonce-{nonce}' '{_EMPTY}'",
            # Fonts, too: Flutter fetches them.
            "connect-src 'self'",
            "img-src 'self' data: blob:",
            "manifest-src 'self'",
            " ".join(("frame-src 'self'", *frames)),
            "form-action 'self'",
            "base-uri 'self'",
            "frame-ancestors 'none'",
        )
    )
