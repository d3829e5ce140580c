"""Pictures of a terminal in which somebody minds the money: a change held to a policy, and prices that are fetched."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from terminal_pictures import COLUMNS, Terminal, picture

from price_lists import REGION, replayed

_POLICY: Final = "max_usd_per_month: 25\\nmax_increase_pct: 10\\nallowed_providers: [aws, azure, gcp]\\n"


def costs(images: Path) -> None:
    """`check.png`, and of a list on this machine `prices-refresh.png` and `prices-findings.png`."""
    with tempfile.TemporaryDirectory() as folder, replayed() as url:
        here = Path(folder)
        with Terminal(COLUMNS, 60, here) as terminal:
            terminal.run(f"export T2M_DATA=$PWD/data XDG_CONFIG_HOME=$PWD/config T2M_PRICE_LISTS__AWS={url}")
            terminal.run("twin2multicloud init main.yaml --scenario smart-home")
            terminal.run("sed 's/message_interval_s: 120/message_interval_s: 60/' main.yaml > twin.yaml")
            terminal.run(f"printf '{_POLICY}' > policy.yaml")
            terminal.clear()
            terminal.run("twin2multicloud check twin.yaml --against main.yaml --policy policy.yaml")
            picture("", terminal.coloured(), images / "check.png")
            terminal.run("twin2multicloud twins create twin.yaml")
            terminal.run("twin2multicloud twins optimize smart-home --providers aws --residency EU --take")
            terminal.clear()
            terminal.run(f"twin2multicloud prices refresh --provider aws --region {REGION}")
            told = terminal.coloured()
            listed = next(number for number, line in enumerate(told) if "Checking" in line)
            picture("", [*told[: listed + 1], "…", *told[-4:]], images / "prices-refresh.png")
            terminal.clear()
            terminal.run("twin2multicloud prices findings")
            picture("", terminal.coloured(), images / "prices-findings.png")


if __name__ == "__main__":
    costs(Path(__file__).parents[1] / "docs" / "images")
