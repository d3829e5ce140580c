"""What `sandbox inject` does, and what `twins inject` has in common with it."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from twin2multicloud.app.cli.failures import say
from twin2multicloud.app.cli.terminal import print_json
from twin2multicloud.model.errors import UsageError

if TYPE_CHECKING:
    from twin2multicloud.sandbox.client import SandboxClient


@dataclass(frozen=True)
class FaultRequest:
    """The arguments of `inject`."""

    fault: str
    target: str
    rate: float
    seconds: float
    duration: float | None


CLEAR: Final = "clear"
"""What is given in place of a fault to switch all off."""


def inject(client: SandboxClient, request: FaultRequest, json_output: bool) -> int:
    """`sandbox inject`: switch a fault on, or all off."""
    where = _inject(client, request)
    return told(request, where, "sandbox inject clear", json_output)


def told(request: FaultRequest, where: Sequence[str], ending: str, json_output: bool) -> int:
    """Say what is on now, and where; `ending` is the command that ends it."""
    if json_output:
        print_json({"fault": request.fault, "target": request.target, "clouds": list(where)})
    elif request.fault == CLEAR:
        say("no fault is on any more")
    else:
        ends = f"for {request.duration:g} s" if request.duration else f"until `{ending}`"
        lasting = request.fault == "kill" or (request.fault == "clock-jump" and not request.target)
        ends = "" if lasting else f", {ends}"
        say(f"{request.fault}{f' on {request.target}' if request.target else ''} in {', '.join(where)}{ends}")
    return 0


def _inject(client: SandboxClient, request: FaultRequest) -> tuple[str, ...]:
    from twin2multicloud.sandbox.faults import LINK_KINDS, STORE_KINDS, STORES, Fault, FaultKind

    clouds = tuple(client.config.clouds)
    _check_times(request)
    if request.fault == CLEAR:
        client.clear_faults()
        return clouds
    if request.fault in ("kill", "clock-jump", "outage") and request.target and request.target not in clouds:
        raise UsageError(f"target: '{request.target}' is no cloud of this sandbox; it has {', '.join(clouds)}")
    if request.fault == "kill":
        if not request.target:
            raise UsageError(f"kill: name the cloud: {', '.join(clouds)}")
        client.kill(request.target, request.seconds)
        return (request.target,)
    if request.duration is not None and request.fault in ("kill", "clock-jump"):
        raise UsageError(f"--for: {request.fault} does not end by itself")
    if request.fault == "clock-jump":
        client.set_clock(jump=request.seconds, cloud=request.target)
        return (request.target,) if request.target else clouds
    try:
        kind = FaultKind(request.fault)
    except ValueError as error:
        known = ", ".join([*FaultKind, "kill", "clock-jump", CLEAR])
        raise UsageError(f"'{request.fault[:40]}' is no fault; there are {known}") from error
    until = None if request.duration is None else time.time() + request.duration
    if kind is FaultKind.OUTAGE:
        return client.inject(Fault(kind, until=until), (request.target,) if request.target else ())
    fault = Fault(kind, request.target, request.rate, request.seconds, until=until)
    fault.check()
    links = [link.edge for link in client.blueprint.links if link.apart or not link.push]
    if kind in LINK_KINDS and request.target and request.target not in links:
        raise UsageError(f"target: '{request.target[:40]}' is no link of this sandbox; it has {', '.join(links)}")
    if kind in STORE_KINDS and request.target not in STORES:
        raise UsageError(f"{kind}: name the store: {', '.join(STORES)}")
    return client.inject(fault)


def _check_times(request: FaultRequest) -> None:
    from twin2multicloud.sandbox.faults import MOST_JUMP_S

    if not math.isfinite(request.seconds):
        raise UsageError(f"--seconds: {request.seconds:g} is no duration")
    if request.fault == "kill" and not 0 <= request.seconds <= 3600:
        raise UsageError(f"--seconds: {request.seconds:g} is out of range; a killed cloud stays away for 0 to 3600 s")
    if request.fault == "clock-jump" and abs(request.seconds) > MOST_JUMP_S:
        raise UsageError(f"--seconds: {request.seconds:g} is out of range; a clock jumps by at most a hundred years")
    if request.duration is not None and not 0 < request.duration <= 86_400:
        raise UsageError(f"--for: {request.duration:g} is out of range; write more than 0 and at most 86400 seconds")
