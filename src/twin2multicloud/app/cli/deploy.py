"""`plan`, `deploy`, `destroy`, `status`, `drift`, `export`: what the commands do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from twin2multicloud.app.cli.books import BookChoice
from twin2multicloud.app.cli.check import read_twin
from twin2multicloud.app.cli.deploy_live import make_teller
from twin2multicloud.app.cli.deploy_teller import TerminalTeller
from twin2multicloud.app.cli.slots import chosen_slots
from twin2multicloud.app.cli.terminal import output, print_json
from twin2multicloud.app.deploying.clouds import Clouds, StackStatus
from twin2multicloud.app.deploying.desired import Desired, Wishes, deployed_before, desired
from twin2multicloud.app.deploying.outcome_json import outcome_json
from twin2multicloud.app.deploying.plan_json import plan_json
from twin2multicloud.app.deploying.refusals import NotDoneError
from twin2multicloud.app.deploying.session import home_of
from twin2multicloud.deployer.credentials.environment import credentials_of
from twin2multicloud.deployer.engine.outcome import StackOutcome
from twin2multicloud.deployer.home import Home
from twin2multicloud.model.errors import UsageError


@dataclass(frozen=True)
class Request:
    """What a person asked for. `twin` None: the one that is deployed."""

    twin: str | None
    directory: Path
    slots: tuple[str, ...] = ()
    placement: str | None = None
    pins: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    owner: str | None = None
    users: tuple[str, ...] = ()
    azure_subscription: str | None = None
    gcp_project: str | None = None
    log_retention_days: int | None = None
    prices: str | None = None
    offline: bool = False
    yes: bool = False
    brief: bool = False
    refresh: bool = False
    discard_data: bool = False
    json_output: bool = False
    ask: Callable[[str], str] | None = field(default=None, compare=False)


def plan(request: Request) -> int:
    """Show what deploying would do."""
    clouds, teller = clouds_of(request)
    wanted = desired_of(request, clouds.home)
    with teller:
        plans = clouds.plan(wanted, chosen_slots(request.slots), refresh=request.refresh)
    if request.json_output:
        print_json(plan_json(plans, wanted.prices.usd_per_month))
    elif request.offline:
        teller.say("planned with stand-in providers: nothing of any cloud was asked, nothing was made")
    return 0


def deploy(request: Request) -> int:
    """Deploy, and say how it ended."""
    clouds, teller = clouds_of(request)
    wanted = desired_of(request, clouds.home)
    return _result(
        request,
        teller,
        lambda: clouds.deploy(wanted, chosen_slots(request.slots), yes=request.yes, refresh=request.refresh),
    )


def redeploy(request: Request) -> int:
    """Bring everything to what was deployed last, or to a new definition, whatever others did to it."""
    clouds, teller = clouds_of(request)
    book = BookChoice(request.prices).read()
    wanted = deployed_before(clouds.home, book) if request.twin is None else desired_of(request, clouds.home)
    return _result(
        request, teller, lambda: clouds.deploy(wanted, chosen_slots(request.slots), yes=request.yes, refresh=True)
    )


def export(request: Request, out: Path) -> int:
    """Write the infrastructure code for whoever goes on without us."""
    clouds, teller = clouds_of(request)
    stacks = clouds.export(desired_of(request, clouds.home, authority=False), out)
    if request.json_output:
        print_json({"directory": str(out), "stacks": [stack.name for stack in stacks]})
    else:
        teller.say(f"wrote {len(stacks)} stacks to {out}; its README.md says how to go on")
    return 0


def destroy(request: Request) -> int:
    """Destroy, and say what is left."""
    clouds, teller = clouds_of(request)
    return _result(
        request,
        teller,
        lambda: clouds.destroy(chosen_slots(request.slots), yes=request.yes, discard_data=request.discard_data),
    )


def status(request: Request) -> int:
    """Show what is known of the stacks; exit code 6 if one is not whole."""
    clouds, _ = clouds_of(request)
    stacks = clouds.status()
    whole = all(stack.applied is not None and stack.applied.whole for stack in stacks)
    if request.json_output:
        print_json({"twin": clouds.home.settings().twin, "stacks": [_status_json(stack) for stack in stacks]})
    else:
        with output() as console:
            from twin2multicloud.app.cli.status_view import print_stacks

            print_stacks(console, clouds.home.settings(), stacks)
    return 0 if whole else 6


def drift(request: Request) -> int:
    """Show what others changed; exit code 6 if they did, or where it cannot be told."""
    clouds, teller = clouds_of(request)
    with teller:
        found = clouds.drift()
    clean = all(not each.changes and not each.error for each in found)
    if request.json_output:
        print_json([msgspec.to_builtins(each) for each in found])
    else:
        with output() as console:
            from twin2multicloud.app.cli.status_view import print_drift

            print_drift(console, found)
        if clean:
            teller.say("nobody changed anything")
    return 0 if clean else 6


def clouds_of(request: Request) -> tuple[Clouds, TerminalTeller]:
    """The deployment that is meant, and whom it tells."""
    teller = make_teller(brief=request.brief, quiet=request.json_output, ask=request.ask)
    home = home_of(request.directory, offline=request.offline)
    return Clouds(home, teller, credentials_of, offline=request.offline), teller


def desired_of(request: Request, home: Home, *, nameless: bool = False, authority: bool = True) -> Desired:
    """The twin that is wanted; `UsageError` where none is named. `nameless`: owner and accounts need not be known.
    `authority`: see `desired`.
    """
    from twin2multicloud.app.cli.sandbox import placement_in

    if request.twin is None:
        raise UsageError("which twin? Name its file or a built-in scenario")
    wishes = Wishes(
        placement_in(request.placement) if request.placement else None,
        request.pins,
        request.providers,
        request.owner,
        request.users,
        request.azure_subscription,
        request.gcp_project,
        request.log_retention_days,
    )
    return desired(
        read_twin(request.twin),
        wishes,
        home,
        BookChoice(request.prices).read(),
        offline=request.offline or nameless,
        authority=authority,
    )


def _result(request: Request, teller: TerminalTeller, work: Callable[[], Mapping[str, StackOutcome]]) -> int:
    if not request.json_output:
        with teller:
            work()
        return 0
    document: dict[str, Any] = {"done": True}
    code = 0
    try:
        outcomes = work()
    except NotDoneError as error:
        document, outcomes, code = {"done": False, "problem": str(error)}, error.outcomes, error.exit_code
    print_json({**document, "stacks": {name: outcome_json(found) for name, found in outcomes.items()}})
    return code


def _status_json(stack: StackStatus) -> dict[str, Any]:
    return {
        "stack": stack.name,
        "slot": stack.slot or None,
        "site": stack.site,
        "whole": stack.applied is not None and stack.applied.whole,
        "applied_at": None if stack.applied is None else stack.applied.at,
        "resources": stack.resources,
        "locked": None if stack.lock is None else stack.lock.describe(),
        "outputs": msgspec.to_builtins(stack.outputs),
    }
