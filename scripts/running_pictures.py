"""Pictures of a terminal in which somebody asks how a twin does that runs: its health, what it costs, who is told."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from terminal_pictures import Terminal, picture

if TYPE_CHECKING:
    from front_end_installation import Installation

_COLUMNS: Final = 154
"""As many as the longest of these tables takes without breaking words."""
_TOP: Final = 30
_END: Final = 12
"""How many lines are pictured of what is longer than both."""
_ASKED: Final = {
    "health": "twin2multicloud twins health garden-lane --history",
    "validate": "twin2multicloud validate garden-lane",
    "alert-routes": "twin2multicloud alerts routes list",
}
"""Picture: command."""


def running(there: Installation, images: Path) -> None:
    """`health.png`, `validate.png`, `alert-routes.png` of an installation's server."""
    with tempfile.TemporaryDirectory() as folder, Terminal(_COLUMNS, 60, Path(folder)) as terminal:
        terminal.run(f"export XDG_CONFIG_HOME=$PWD/config T2M_SERVER={there.client.http.url} T2M_API_KEY={there.key}")
        for name, command in _ASKED.items():
            terminal.clear()
            terminal.run(command)
            told = terminal.coloured()
            if len(told) > _TOP + _END:
                told = [*told[:_TOP], "…", *told[-_END:]]
            picture("", told, images / f"{name}.png", _COLUMNS)
