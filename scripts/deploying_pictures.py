"""Screenshots of deploying: a plan, a deployment while it runs and at its end, one that fails, a move, the proof."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from pictures.twins import PICTURES, placement_of
from terminal_pictures import Terminal, picture

_COLUMNS: Final = 100
_WIDE: Final = 120
_OFFLINE: Final = "--offline --dir d"
SLOW: Final = {
    "delays": [
        {"type": "azurerm_linux_function_app", "verb": "create", "seconds": 6},
        {"type": "azurerm_function_app_flex_consumption", "verb": "create", "seconds": 6},
        {"type": "aws_grafana_workspace", "verb": "create", "seconds": 4},
        {"type": "google_cloudfunctions2_function", "verb": "create", "seconds": 5},
    ]
}
"""What takes as long as it does in clouds, more or less, so that there is something to be seen."""
_FULL: Final = {"failures": [{"type": "aws_lambda_function", "kind": "quota", "after": 1}]}


def deploying(images: Path) -> None:
    """All of them, into `images`."""
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        offers = PICTURES["built-on-three-clouds.svg"][1]
        (here / "three-clouds.json").write_text(placement_of(offers).model_dump_json())
        _plan(here, images)
        _deploy(here, images)
        _failure(here, images)
        _move(here, images)


def _terminal(here: Path, scenario: dict[str, Any] | None = None) -> Terminal:
    terminal = Terminal(_COLUMNS, 60, here)
    if scenario is not None:
        (here / "scenario.json").write_text(json.dumps(scenario))
    return terminal


def _plan(here: Path, images: Path) -> None:
    with _terminal(here) as terminal:
        terminal.run(f"twin2multicloud plan smart-home --placement three-clouds.json {_OFFLINE} --brief")
        terminal.run(f"twin2multicloud plan smart-home --placement three-clouds.json {_OFFLINE} --slot L5")
        picture("", terminal.coloured(), images / "plan.png", _COLUMNS)


def _deploy(here: Path, images: Path) -> None:
    deploy = f"twin2multicloud deploy smart-home --placement three-clouds.json {_OFFLINE} --brief"
    with _terminal(here, SLOW) as terminal:
        terminal.run("export T2M_STANDIN_SCENARIO=scenario.json")
        terminal.clear()
        terminal.type(deploy)
        terminal.until("Deploy this")
        terminal.type("yes")
        terminal.until(r"L2 .*creating.* [3-5] s *\n")
        picture("", _from(terminal.coloured(), deploy), images / "deploy-live.png", _COLUMNS)
        terminal.prompt()
        terminal.run(f"twin2multicloud prove {_OFFLINE}")
        terminal.run(f"twin2multicloud status {_OFFLINE}")
        shown = _from(terminal.coloured(), "Deploy this?")
        picture("", shown, images / "deployed.png", _COLUMNS)


def _failure(here: Path, images: Path) -> None:
    deploy = "twin2multicloud deploy smart-home --placement three-clouds.json --offline --dir e --brief --yes"
    with _terminal(here, _FULL) as terminal:
        terminal.run("export T2M_STANDIN_SCENARIO=scenario.json")
        terminal.run(deploy)
        picture(deploy, _from(terminal.coloured(), "Plan:"), images / "deploy-failed.png", _COLUMNS)


def _move(here: Path, images: Path) -> None:
    sandbox = "--dir s"
    with Terminal(_WIDE, 60, here) as terminal, _terminal(here) as devices:
        try:
            terminal.run(f"twin2multicloud sandbox up smart-home --placement three-clouds.json {sandbox}")
            devices.type("twin2multicloud simulate smart-home --keys s/connection.json --rate 60 --duration 5m")
            time.sleep(20)  # something to move
            move = f"twin2multicloud move --target sandbox {sandbox} --slot L3.hot --to azure"
            terminal.run(f"{move} --dry-run")
            picture("", _from(terminal.coloured(), move), images / "move-estimate.png", _WIDE)
            terminal.type(move)
            terminal.until(r"Move L3.hot.*\? \[yes\]")
            terminal.type("yes")
            terminal.prompt()
            time.sleep(5)  # telemetry goes on to the new place
            terminal.run(f"twin2multicloud sandbox status {sandbox}")
            picture("", _from(terminal.coloured(), "Move L3.hot"), images / "move.png", _WIDE)
        finally:
            terminal.run(f"twin2multicloud sandbox down {sandbox}")


def _from(lines: list[str], begin: str) -> list[str]:
    """What is shown from the last line on that has these words."""
    at = max(number for number, line in enumerate(lines) if begin in line)
    return lines[at:]
