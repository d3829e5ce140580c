"""Where twins can be deployed from this server."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import get_args

from twin2multicloud.app.schemas.runs import TargetState
from twin2multicloud.app.schemas.twins import Target
from twin2multicloud.deployer.engine.binary import find_core
from twin2multicloud.deployer.engine.errors import NoCoreError


def targets(environ: Mapping[str, str] = os.environ) -> list[TargetState]:
    """Every target, and why it cannot be had if it cannot. A sandbox needs nothing but this machine."""
    reason = ""
    try:
        find_core(environ=environ)
    except NoCoreError as error:
        reason = str(error)
    return [TargetState(target=target, reason="" if target == "sandbox" else reason) for target in get_args(Target)]
