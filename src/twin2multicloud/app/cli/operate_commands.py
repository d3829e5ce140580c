"""The commands around a deployed twin: moving a slot, keys, credentials, policies, devices. Options and help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from twin2multicloud.app.cli.connect import needs_backend
from twin2multicloud.app.cli.deploy_options import (
    DetachOption,
    DirectoryOption,
    KeptTwin,
    OfflineOption,
    OwnerOption,
    PlacementOption,
    ProjectOption,
    SubscriptionOption,
    Target,
    TargetOption,
    YesOption,
    directory_of,
)
from twin2multicloud.app.cli.failures import finish
from twin2multicloud.app.cli.kept import either, in_run
from twin2multicloud.app.cli.options import (
    JsonOption,
    PinOption,
    PricesOption,
    ProvidersOption,
    TwinArgument,
    complete_provider,
    complete_slot,
)


@needs_backend
def move(
    context: typer.Context,
    twin: KeptTwin = None,
    slot: Annotated[
        str | None, typer.Option(metavar="SLOT", help="Which slot goes: L3.hot, L4, …", autocompletion=complete_slot)
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="WHERE",
            help="A cloud or an offer of one, either with /region: azure, azure/westeurope, gcp.firestore.",
            autocompletion=complete_provider,
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the move that was begun.")] = False,
    abort: Annotated[bool, typer.Option("--abort", help="Go back, with all that was written meanwhile.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show how long it takes and what it costs.")] = False,
    items_per_s: Annotated[
        float | None, typer.Option(metavar="N", min=1.0, help="Copy at most so many items a second.")
    ] = None,
    prices: PricesOption = None,
    target: TargetOption = None,
    directory: DirectoryOption = None,
    offline: OfflineOption = False,
    yes: YesOption = False,
    detach: DetachOption = False,
    json_output: JsonOption = False,
) -> None:
    """Move a slot to another cloud with all it holds, while telemetry flows on.

    It is built there, everything is copied and compared, writers wait for moments at their queues while the rest is
    copied, then it is cut over, and what is left at the old place is destroyed once both ends have been found the
    same. A move that breaks off is resumed or aborted; nothing is lost either way.

    \b
    Examples:
      twin2multicloud move --slot L3.hot --to azure --dry-run
      twin2multicloud move --slot L3.hot --to azure/westeurope
      twin2multicloud move --slot L4 --to gcp --target sandbox --yes
      twin2multicloud move --resume
      twin2multicloud move greenhouse --slot L3.hot --to azure --dry-run
    """

    def here() -> int:
        from twin2multicloud.app.cli import move as commands

        request = commands.MoveRequest(
            directory_of(directory, target),
            slot,
            to,
            resume,
            abort,
            dry_run,
            yes,
            prices,
            items_per_s,
            offline,
            json_output,
        )
        return commands.move_in_sandbox(request) if target == "sandbox" else commands.move(request)

    there = in_run(
        "move",
        target,
        offline=offline,
        dry_run=dry_run,
        slots=() if slot is None else (slot,),
        to=to,
        resume=resume,
        abort=abort,
        yes=yes,
        detach=detach,
        json_output=json_output,
    )
    either(
        context,
        json_output,
        twin,
        directory,
        here=here,
        there=there,
        only_here={"--prices": prices, "--items-per-s": items_per_s},
        detach=detach,
    )


@needs_backend
def rotate_keys(
    context: typer.Context,
    twin: KeptTwin = None,
    at_once: Annotated[
        bool, typer.Option("--at-once", help="A key is known to somebody: refuse the old ones immediately.")
    ] = False,
    target: TargetOption = None,
    directory: DirectoryOption = None,
    detach: DetachOption = False,
    json_output: JsonOption = False,
) -> None:
    """Replace the key of every link between clouds while all runs. It takes four minutes, so that nobody is refused.

    \b
    Examples:
      twin2multicloud rotate-keys
      twin2multicloud rotate-keys --target sandbox
      twin2multicloud rotate-keys greenhouse
    """
    there = in_run("rotate-keys", target, at_once=at_once, detach=detach, json_output=json_output)
    either(
        context,
        json_output,
        twin,
        directory,
        here=lambda: _rotate(at_once, target, directory, json_output),
        there=there,
        detach=detach,
    )


def check_credentials(
    context: typer.Context,
    twin: TwinArgument,
    placement: PlacementOption = None,
    pin: PinOption = None,
    providers: ProvidersOption = None,
    owner: OwnerOption = None,
    azure_subscription: SubscriptionOption = None,
    gcp_project: ProjectOption = None,
    directory: DirectoryOption = None,
    json_output: JsonOption = False,
) -> None:
    """Check who deploys at each cloud, and whether that suffices: permissions, services, quotas. Changes nothing.

    \b
    Examples:
      twin2multicloud check-credentials twin.yaml --gcp-project my-project
    """
    from twin2multicloud.app.cli import operate
    from twin2multicloud.app.cli.deploy import Request

    request = Request(
        twin,
        directory_of(directory, None),
        placement=placement,
        pins=tuple(pin or ()),
        providers=tuple(providers or ()),
        owner=owner,
        azure_subscription=azure_subscription,
        gcp_project=gcp_project,
        json_output=json_output,
    )
    finish(context, json_output, lambda: operate.check_credentials(request))


def policies(
    context: typer.Context,
    cloud: Annotated[str, typer.Argument(metavar="CLOUD", help="aws, azure or gcp.", autocompletion=complete_provider)],
    twin: TwinArgument,
    placement: PlacementOption = None,
    pin: PinOption = None,
    providers: ProvidersOption = None,
    azure_subscription: SubscriptionOption = None,
    gcp_project: ProjectOption = None,
    directory: DirectoryOption = None,
) -> None:
    """Print the least that the identity which deploys must be allowed at a cloud, in that cloud's own JSON.

    \b
    Examples:
      twin2multicloud policies aws twin.yaml > policy.json
      twin2multicloud policies azure smart-home --providers azure
    """
    from twin2multicloud.app.cli import operate
    from twin2multicloud.app.cli.deploy import Request

    request = Request(
        twin,
        directory_of(directory, None),
        placement=placement,
        pins=tuple(pin or ()),
        providers=tuple(providers or ()),
        azure_subscription=azure_subscription,
        gcp_project=gcp_project,
        json_output=True,
    )
    finish(context, True, lambda: operate.policies(request, cloud))


def devices(
    context: typer.Context,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where to write a directory for each device.")],
    device: Annotated[
        list[str] | None, typer.Option("--device", metavar="NAME", help="Only this device. Repeatable.")
    ] = None,
    days: Annotated[int, typer.Option(metavar="N", min=1, max=825, help="How long certificates hold.")] = 365,
    directory: DirectoryOption = None,
    offline: OfflineOption = False,
    json_output: JsonOption = False,
) -> None:
    """Write what devices are handed: where they connect, on which topics, with which certificate or key.

    \b
    Examples:
      twin2multicloud devices --out keys --device thermometer-1
    """
    from twin2multicloud.app.cli import operate
    from twin2multicloud.app.cli.deploy import Request

    request = Request(None, directory_of(directory, None), offline=offline, json_output=json_output)
    finish(context, json_output, lambda: operate.devices(request, out.absolute(), tuple(device or ()), days))


def _rotate(at_once: bool, target: Target | None, directory: Path | None, json_output: bool) -> int:
    place = directory_of(directory, target)
    if target == "sandbox":
        from twin2multicloud.app.cli.sandbox import rotate_keys as rotate_in_sandbox
        from twin2multicloud.sandbox.client import SandboxClient
        from twin2multicloud.sandbox.layout import Layout

        return rotate_in_sandbox(SandboxClient(Layout(place)), json_output)
    from twin2multicloud.app.cli import operate
    from twin2multicloud.app.cli.deploy import Request

    return operate.rotate_keys(Request(None, place, json_output=json_output), at_once)


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (move, rotate_keys, devices, check_credentials, policies):
        app.command()(command)
