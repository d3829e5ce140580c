"""`move`: a slot goes to another cloud with all it holds, in the clouds or in the sandbox."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from twin2multicloud.app.cli.books import BookChoice
from twin2multicloud.app.cli.deploy_teller import TerminalTeller
from twin2multicloud.app.cli.failures import say
from twin2multicloud.app.cli.move_view import print_estimate, print_report
from twin2multicloud.app.cli.slots import chosen_slots
from twin2multicloud.app.cli.terminal import output, print_json
from twin2multicloud.app.deploying.moves import target_placement
from twin2multicloud.app.deploying.moving import clouds_move, wanted_move
from twin2multicloud.app.deploying.refusals import DeclinedError
from twin2multicloud.app.deploying.session import Session, home_of, session
from twin2multicloud.app.estimate_json import estimate_json
from twin2multicloud.app.figures import blueprint_at
from twin2multicloud.app.moves import estimate_move
from twin2multicloud.deployer.credentials.environment import credentials_of
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.slots import Slot
from twin2multicloud.moving.estimate import SANDBOX, Estimate
from twin2multicloud.moving.steps import Progress, Report, Step
from twin2multicloud.optimizer.pricing.book import PriceBook


@dataclass(frozen=True)
class MoveRequest:
    """What a person asked for: a new move (`slot`, `to`), or to go on with (`resume`) or back from (`abort`) one."""

    directory: Path
    slot: str | None
    to: str | None
    resume: bool
    abort: bool
    dry_run: bool
    yes: bool
    prices: str | None
    items_per_s: float | None
    offline: bool
    json_output: bool
    ask: Callable[[str], str] | None = None


def move(request: MoveRequest) -> int:
    """Move a slot of a twin in the clouds."""
    home = home_of(request.directory, offline=request.offline)
    teller = _teller(request)
    moving = clouds_move(home, teller, offline=request.offline, progress=_told(request))
    with home.changing():
        if request.resume or request.abort:
            act: Callable[[Session], Report] = moving.abort if request.abort else moving.resume
        else:
            slot, to = _asked(request)
            wanted = wanted_move(home, slot, to, _book(request))
            if not _agreed(request, teller, wanted.estimate):
                return 0
            moving.prepare(slot, wanted.placement, wanted.budgets_usd_per_month)
            act = moving.resume
        with session(
            home,
            moving.packages(),
            "move",
            teller.event,
            offline=request.offline,
            credentials=credentials_of,
        ) as at:
            return _done(request, act(at))


def move_in_sandbox(request: MoveRequest) -> int:
    """Move a slot of the twin in the sandbox."""
    import json

    from twin2multicloud.sandbox.client import SandboxClient
    from twin2multicloud.sandbox.layout import Layout
    from twin2multicloud.sandbox.moving.contents import contents
    from twin2multicloud.sandbox.moving.session import SandboxMove

    layout = Layout(request.directory)
    layout.config()  # a directory without a sandbox says so here
    if request.resume or request.abort:
        with SandboxMove(layout, items_per_s=request.items_per_s, progress=_told(request)) as turn:
            return _done(request, turn.abort() if request.abort else turn.resume())
    slot, to = _asked(request)
    book = _book(request)
    there = layout.blueprint()
    before = Placement.model_validate(json.loads(layout.placement_file.read_text("utf-8")))
    placement = target_placement(there, before, slot, to, book)
    after = blueprint_at(there, placement)
    held = contents(SandboxClient(layout), after)
    if not _agreed(request, _teller(request), estimate_move(there, after, slot, held, SANDBOX, book)):
        return 0
    with SandboxMove(layout, items_per_s=request.items_per_s, progress=_told(request)) as turn:
        return _done(request, turn.begin(slot, after, placement.model_dump(mode="json")))


def _asked(request: MoveRequest) -> tuple[Slot, str]:
    if request.slot is None or request.to is None:
        raise UsageError("what moves where? --slot L3.hot --to azure; or --resume, or --abort")
    slots = chosen_slots([request.slot])
    if len(slots) != 1:
        raise UsageError(f"--slot {request.slot}: one slot moves at a time: {', '.join(s.value for s in slots)}")
    return slots[0], request.to


def _agreed(request: MoveRequest, teller: TerminalTeller, found: Estimate) -> bool:
    """Show what a move takes; False if that was all that was wanted."""
    if request.dry_run and request.json_output:
        print_json(estimate_json(found))
        return False
    if not request.json_output:
        with output() as console:
            print_estimate(console, found)
    if request.dry_run:
        return False
    if not request.yes and not teller.agreed(f"Move {found.move}?", "yes"):
        raise DeclinedError("not agreed to, so nothing was moved")
    return True


def _done(request: MoveRequest, report: Report) -> int:
    if request.json_output:
        print_json(_report_json(report))
    else:
        with output() as console:
            print_report(console, report)
    return 0


def _report_json(report: Report) -> Mapping[str, Any]:
    found: Mapping[str, Any] = msgspec.to_builtins(report)
    return found


def _told(request: MoveRequest) -> Callable[[Progress], None]:
    """Steps as they begin and end; of what takes long a line every two seconds."""
    last = 0.0

    def tell(progress: Progress) -> None:
        nonlocal last
        if request.json_output:
            return
        name = f"{'back: ' if progress.back else ''}{_STEPS[progress.step]}"
        if progress.state == "begun":
            last = time.monotonic()
            say(f"  {name}")
        elif progress.state == "failed":
            say(f"  {name} failed")
        elif progress.state == "working" and time.monotonic() - last >= 2.0:
            last = time.monotonic()
            say(f"    {progress.what}: {progress.items:,} items, {progress.bytes / 1e6:,.1f} MB")

    return tell


_STEPS: Mapping[Step, str] = {
    Step.BUILD: "building it at the target",
    Step.COPY: "copying, while all flows",
    Step.HOLD: "holding who writes to it",
    Step.CATCH_UP: "copying what came meanwhile",
    Step.CUT_OVER: "cutting over",
    Step.RELEASE: "letting writers go on",
    Step.VERIFY: "comparing both ends",
    Step.DESTROY: "destroying what is left at the source",
}


def _book(request: MoveRequest) -> PriceBook:
    return BookChoice(request.prices).read()


def _teller(request: MoveRequest) -> TerminalTeller:
    return TerminalTeller(quiet=request.json_output, ask=request.ask)
