"""`plan`, `deploy`, `destroy`, `status`, `drift` with `--target sandbox`: the twin on this machine."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from twin2multicloud.app.cli.books import BookChoice
from twin2multicloud.app.cli.check import read_twin
from twin2multicloud.app.cli.deploy import Request
from twin2multicloud.app.cli.deploy_teller import TerminalTeller
from twin2multicloud.app.cli.slots import chosen_slots
from twin2multicloud.app.cli.terminal import print_json
from twin2multicloud.app.deploying.plan_json import plan_json
from twin2multicloud.app.deploying.prices import Prices, price
from twin2multicloud.app.deploying.refusals import DeclinedError, HoldsDataError
from twin2multicloud.app.deploying.sandboxed import sandbox_plan
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import SLOTS

if TYPE_CHECKING:
    from twin2multicloud.app.cli.sandbox import UpRequest
    from twin2multicloud.deployer.plans import StackPlan
    from twin2multicloud.model.placement import Placement
    from twin2multicloud.model.twin.definition import TwinDefinition
    from twin2multicloud.sandbox.layout import Layout


def plan(request: Request) -> int:
    """Show what bringing the twin up here would make."""
    _, _, _, plans, total = _planned(request)
    if request.json_output:
        print_json(plan_json(plans, total))
    else:
        _teller(request).plan(plans, total)
    return 0


def deploy(request: Request) -> int:
    """Bring the twin up here, or some of its slots."""
    from twin2multicloud.app.cli.sandbox import bring_up
    from twin2multicloud.app.deploying.layering import there

    definition, placement, usd, plans, total = _planned(request)
    teller = _teller(request)
    teller.plan(plans, total)
    if not all(each.empty for each in plans.values()) and not request.yes and not teller.agreed("Deploy this?", "yes"):
        raise DeclinedError("not agreed to, so nothing was done")
    slots = chosen_slots(request.slots)
    return bring_up(_up(request), definition, placement, usd, {*there(_layout(request)), *slots} if slots else SLOTS)


def redeploy(request: Request) -> int:
    """Start the sandbox anew, at the definition given; or build some of its slots anew."""
    from twin2multicloud.app.cli.sandbox import bring_up
    from twin2multicloud.app.deploying.layering import redeploy_slots, twin_for
    from twin2multicloud.sandbox.create import stop

    request = replace(request, twin=request.twin or _layout(request).config().twin)
    # Before anything is stopped: a definition that is wrong says so here.
    definition, placement, usd, _, _ = _planned(request)
    layout, slots = _layout(request), chosen_slots(request.slots)
    if slots:
        redeploy_slots(layout, twin_for(layout, definition, placement, slots), slots)
    else:
        stop(layout)
    return bring_up(_up(request), definition, placement, usd)


def destroy(request: Request) -> int:
    """Stop the sandbox and delete all of it, or some of its slots."""
    from twin2multicloud.app.cli.sandbox import down
    from twin2multicloud.app.deploying.layering import destroy_slots, held_text

    layout = _layout(request)
    built = layout.built()
    slots = [slot for slot in built if not request.slots or slot in chosen_slots(request.slots)]
    teller = _teller(request)
    if not slots:
        teller.say("nothing to destroy: nothing exists")
        return 0
    held = "" if request.discard_data else held_text(layout, slots if request.slots else SLOTS)
    if held:
        raise HoldsDataError(f"stores hold data ({held}); --discard-data destroys them with it")
    teller.plan(sandbox_plan(None, layout.blueprint(), None, slots=slots, built=built), 0.0)
    twin = layout.config().twin
    what = ", ".join(slot.value for slot in slots) if request.slots else "all of it"
    if not request.yes and not teller.agreed(f"Destroy {what}? Type the twin's name ({twin})", twin):
        raise DeclinedError("not confirmed, so nothing was destroyed")
    if set(slots) == set(built):
        return down(layout.directory, True, True, request.json_output)
    destroy_slots(layout, slots, discard_data=request.discard_data)
    gone = [slot.value for slot in slots]
    if request.json_output:
        print_json({"destroyed": gone, "deployed": [slot.value for slot in layout.built()]})
    else:
        teller.say(f"destroyed: {', '.join(gone)}")
    return 0


def status(request: Request) -> int:
    """Show the sandbox."""
    from twin2multicloud.app.cli import sandbox
    from twin2multicloud.sandbox.client import SandboxClient

    return sandbox.status(SandboxClient(_layout(request)), request.json_output, False)


def drift(request: Request) -> int:
    """Whether every cloud runs what the sandbox's directory says; exit code 6 if one does not run."""
    from twin2multicloud.sandbox.client import SandboxClient

    whole, _ = SandboxClient(_layout(request)).status()
    away = [process.cloud for process in whole.clouds if process.state == "stopped"]
    if request.json_output:
        print_json([{"stack": name, "changes": [], "error": "it does not run"} for name in away])
    else:
        teller = _teller(request)
        teller.say(f"not running: {', '.join(away)}" if away else "every cloud runs what was deployed")
    return 6 if away else 0


def _planned(request: Request) -> tuple[TwinDefinition, Placement, float | None, dict[str, StackPlan], float]:
    from twin2multicloud.app.cli.sandbox import placement_for
    from twin2multicloud.app.deploying.layering import there
    from twin2multicloud.blueprint.plan import blueprint_of

    layout = _layout(request)
    definition = read_twin(_twin(request))
    placement, usd = placement_for(definition, _up(request), layout)
    wanted = blueprint_of(definition.workload, placement, definition.assumptions)
    before = layout.blueprint() if layout.exists else None
    book = BookChoice(request.prices).read()
    prices: Prices = price(book, wanted, definition.workload, placement, definition.assumptions)
    slots = chosen_slots(request.slots) or SLOTS
    plans = sandbox_plan(wanted, before, prices, slots=slots, built=there(layout))
    return definition, placement, usd, plans, prices.usd_per_month


def _up(request: Request) -> UpRequest:
    from twin2multicloud.app.cli.sandbox import UpRequest

    return UpRequest(
        _twin(request),
        request.placement,
        request.pins,
        request.providers,
        None,
        request.directory,
        request.json_output,
    )


def _twin(request: Request) -> str:
    if request.twin is None:
        raise UsageError("which twin? Name its file or a built-in scenario")
    return request.twin


def _layout(request: Request) -> Layout:
    from twin2multicloud.sandbox.layout import Layout

    return Layout(request.directory)


def _teller(request: Request) -> TerminalTeller:
    return TerminalTeller(brief=request.brief, quiet=request.json_output, ask=request.ask)
