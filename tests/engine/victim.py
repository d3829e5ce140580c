"""`python -m tests.engine.victim ROOT CORE PROVISIONER`: an engine that deploys, to be killed in mid-apply."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.engine.rig import CHAIN, rig_at
from twin2multicloud.deployer.engine.binary import find_core


async def main(root: Path, core: str, provisioner: str) -> None:
    """Deploy, and print a line once the slow resource is being made."""
    with rig_at(root, find_core(core)) as rig:
        run = asyncio.create_task(rig.deploy(rig.write(CHAIN % provisioner), "victim"))
        await rig.until_started("terraform_data.slow")
        sys.stdout.write("under way\n")
        sys.stdout.flush()
        await run


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
