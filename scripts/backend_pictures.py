"""Screenshots of a twin that the backend keeps: it is deployed while somebody watches, and its status."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Final

from deploying_pictures import SLOW
from terminal_pictures import Terminal, picture

_COLUMNS: Final = 110


def backend(images: Path) -> None:
    """`kept-deploy.png` and `kept-status.png`, without a server."""
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        (here / "scenario.json").write_text(json.dumps(SLOW))
        with Terminal(_COLUMNS, 60, here) as terminal:
            terminal.run("export T2M_STANDIN_SCENARIO=$PWD/scenario.json XDG_CONFIG_HOME=$PWD/config")
            terminal.run("twin2multicloud init twin.yaml --scenario smart-home")
            terminal.run("sed -i 's/^name: .*/name: greenhouse/' twin.yaml")
            terminal.run("twin2multicloud twins create twin.yaml")
            terminal.run("twin2multicloud twins optimize greenhouse --take")
            terminal.run("twin2multicloud twins place greenhouse L1=aws L2=azure L3.hot=gcp L5=aws")
            terminal.clear()
            terminal.type("twin2multicloud deploy greenhouse --offline --owner ann@example.org --brief")
            terminal.until("Carry out run")
            terminal.type("yes")
            terminal.until(r"L2 .*creating.* [3-5] s *\n", 300)
            picture("", terminal.coloured(), images / "kept-deploy.png", _COLUMNS)
            terminal.prompt(300)
            try:
                terminal.run("twin2multicloud deploy greenhouse --target sandbox --yes --brief", 300)
                terminal.clear()
                terminal.run("twin2multicloud status greenhouse --target sandbox")
                picture("", terminal.coloured(), images / "kept-status.png", _COLUMNS)
            finally:
                terminal.run("twin2multicloud destroy greenhouse --target sandbox --discard-data --yes", 300)
