"""The commands that deploy a twin and look after it: options and help. What they do is imported when they run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from twin2multicloud.app.cli.failures import finish
from twin2multicloud.app.cli.options import (
    JsonOption,
    PricesOption,
    TwinArgument,
    complete_pin,
    complete_provider,
    complete_slot,
    complete_workload,
)
from twin2multicloud.app.cli.sandbox_options import DEFAULT_DIRECTORY as SANDBOX_DIRECTORY

DEFAULT_DIRECTORY = ".twin2multicloud/deployment"

Target = Literal["clouds", "sandbox"]

SlotOption = Annotated[
    list[str] | None,
    typer.Option(
        "--slot",
        metavar="SLOT",
        help="Only this slot (L1, L2, L3.hot, …; L3 = its three tiers). Repeatable.",
        autocompletion=complete_slot,
    ),
]
PlacementOption = Annotated[
    str | None, typer.Option(metavar="FILE", help="A placement in JSON, such as `optimize --json` prints.")
]
PinOption = Annotated[
    list[str] | None,
    typer.Option(metavar="SLOT=WHAT", help="What fills a slot; the rest is optimized.", autocompletion=complete_pin),
]
ProvidersOption = Annotated[
    list[str] | None,
    typer.Option(metavar="CLOUD,…", help="Clouds that may be used.", autocompletion=complete_provider),
]
OwnerOption = Annotated[
    str | None, typer.Option(metavar="EMAIL", help="Who gets budget warnings and alarms.", envvar="T2M_OWNER")
]
UserOption = Annotated[
    list[str] | None, typer.Option("--user", metavar="EMAIL", help="Who may look at dashboards. Repeatable.")
]
SubscriptionOption = Annotated[
    str | None, typer.Option("--azure-subscription", metavar="ID", help="Azure's subscription to deploy into.")
]
ProjectOption = Annotated[
    str | None, typer.Option("--gcp-project", metavar="ID", help="Google Cloud's project to deploy into.")
]
RetentionOption = Annotated[
    int | None,
    typer.Option("--log-retention-days", metavar="N", min=1, max=3653, help="How long logs are kept; 30 at first."),
]
DirectoryOption = Annotated[
    Path | None,
    typer.Option(
        "--dir",
        metavar="DIR",
        help=f"Where the deployment is kept: {DEFAULT_DIRECTORY}, or the sandbox's {SANDBOX_DIRECTORY}.",
        show_default=False,
    ),
]
TargetOption = Annotated[
    Target,
    typer.Option("--target", help="clouds: AWS, Azure and Google Cloud; sandbox: the twin on this machine."),
]
OfflineOption = Annotated[
    bool,
    typer.Option(
        "--offline", help="Rehearse with stand-in providers: the whole of it, without any account, nothing is made."
    ),
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Agree beforehand; nothing is asked.")]
BriefOption = Annotated[bool, typer.Option("--brief", help="A line per stack, without its resources.")]
RefreshOption = Annotated[
    bool,
    typer.Option("--refresh", help="Look at stacks whose inputs did not change, too; others may have changed them."),
]


def plan(
    context: typer.Context,
    twin: TwinArgument,
    slot: SlotOption = None,
    placement: PlacementOption = None,
    pin: PinOption = None,
    providers: ProvidersOption = None,
    owner: OwnerOption = None,
    user: UserOption = None,
    azure_subscription: SubscriptionOption = None,
    gcp_project: ProjectOption = None,
    prices: PricesOption = None,
    target: TargetOption = "clouds",
    directory: DirectoryOption = None,
    offline: OfflineOption = False,
    refresh: RefreshOption = False,
    brief: BriefOption = False,
    json_output: JsonOption = False,
) -> None:
    """Show what deploying would add, change and destroy, slot by slot, with the monthly cost beside it.

    \b
    Examples:
      twin2multicloud plan smart-home --offline
      twin2multicloud plan twin.yaml --slot L2 --pin L2=azure --owner me@example.com
      twin2multicloud plan twin.yaml --placement placement.json --json
    """
    from twin2multicloud.app.cli import deploy as commands

    request = commands.Request(
        twin,
        directory_of(directory, target),
        tuple(slot or ()),
        placement,
        tuple(pin or ()),
        tuple(providers or ()),
        owner,
        tuple(user or ()),
        azure_subscription,
        gcp_project,
        prices=prices,
        offline=offline,
        refresh=refresh,
        brief=brief,
        json_output=json_output,
    )
    finish(context, json_output, lambda: _of(target).plan(request))


def deploy(
    context: typer.Context,
    twin: TwinArgument,
    slot: SlotOption = None,
    placement: PlacementOption = None,
    pin: PinOption = None,
    providers: ProvidersOption = None,
    owner: OwnerOption = None,
    user: UserOption = None,
    azure_subscription: SubscriptionOption = None,
    gcp_project: ProjectOption = None,
    log_retention_days: RetentionOption = None,
    prices: PricesOption = None,
    target: TargetOption = "clouds",
    directory: DirectoryOption = None,
    offline: OfflineOption = False,
    refresh: RefreshOption = False,
    brief: BriefOption = False,
    yes: YesOption = False,
    json_output: JsonOption = False,
) -> None:
    """Build the twin, or some of its slots: show the plan, ask, apply it, connect the clouds.

    What is there already and did not change is not touched. Ctrl-C ends it in order: what was made is kept in the
    state, and `deploy` goes on from there.

    \b
    Examples:
      twin2multicloud deploy twin.yaml --owner me@example.com --gcp-project my-project
      twin2multicloud deploy twin.yaml --slot L3 --slot L4
      twin2multicloud deploy smart-home --offline --yes
    """
    from twin2multicloud.app.cli import deploy as commands

    request = commands.Request(
        twin,
        directory_of(directory, target),
        tuple(slot or ()),
        placement,
        tuple(pin or ()),
        tuple(providers or ()),
        owner,
        tuple(user or ()),
        azure_subscription,
        gcp_project,
        log_retention_days,
        prices,
        offline,
        yes,
        brief,
        refresh,
        json_output=json_output,
    )
    finish(context, json_output, lambda: _of(target).deploy(request))


def redeploy(
    context: typer.Context,
    twin: Annotated[
        str | None,
        typer.Argument(
            metavar="[TWIN]",
            help="A twin's file or a built-in scenario's name; left out: the twin as it was deployed last.",
            autocompletion=complete_workload,
        ),
    ] = None,
    slot: SlotOption = None,
    prices: PricesOption = None,
    target: TargetOption = "clouds",
    directory: DirectoryOption = None,
    offline: OfflineOption = False,
    brief: BriefOption = False,
    yes: YesOption = False,
    json_output: JsonOption = False,
) -> None:
    """Bring the twin, or some of its slots, to what was deployed last or to a changed definition.

    Unlike `deploy` it looks at every stack, so that what others changed or deleted is put right.

    \b
    Examples:
      twin2multicloud redeploy
      twin2multicloud redeploy twin.yaml --slot L5
    """
    from twin2multicloud.app.cli import deploy as commands

    request = commands.Request(
        twin,
        directory_of(directory, target),
        tuple(slot or ()),
        prices=prices,
        offline=offline,
        yes=yes,
        brief=brief,
        json_output=json_output,
    )
    finish(context, json_output, lambda: _of(target).redeploy(request))


def export(
    context: typer.Context,
    twin: TwinArgument,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where to write it; empty, or not there yet.")],
    placement: PlacementOption = None,
    pin: PinOption = None,
    providers: ProvidersOption = None,
    owner: OwnerOption = None,
    azure_subscription: SubscriptionOption = None,
    gcp_project: ProjectOption = None,
    directory: DirectoryOption = None,
    offline: OfflineOption = False,
    json_output: JsonOption = False,
) -> None:
    """Write the infrastructure code, with scripts and a README, to go on without this program.

    \b
    Examples:
      twin2multicloud export twin.yaml --out infrastructure --offline
    """
    from twin2multicloud.app.cli import deploy as commands

    request = commands.Request(
        twin,
        directory_of(directory, "clouds"),
        placement=placement,
        pins=tuple(pin or ()),
        providers=tuple(providers or ()),
        owner=owner,
        azure_subscription=azure_subscription,
        gcp_project=gcp_project,
        offline=offline,
        json_output=json_output,
    )
    finish(context, json_output, lambda: commands.export(request, out.absolute()))


def destroy(
    context: typer.Context,
    slot: SlotOption = None,
    discard_data: Annotated[
        bool, typer.Option("--discard-data", help="Destroy stores with what they hold. There is no way back.")
    ] = False,
    target: TargetOption = "clouds",
    directory: DirectoryOption = None,
    offline: OfflineOption = False,
    brief: BriefOption = False,
    yes: YesOption = False,
    json_output: JsonOption = False,
) -> None:
    """Destroy what was deployed, or some of its slots, once the twin's name has been typed.

    Stores that hold data are not destroyed unless --discard-data says so. Nothing is reported destroyed that is not.

    \b
    Examples:
      twin2multicloud destroy --slot L5
      twin2multicloud destroy --discard-data
    """
    from twin2multicloud.app.cli import deploy as commands

    request = commands.Request(
        None,
        directory_of(directory, target),
        tuple(slot or ()),
        offline=offline,
        yes=yes,
        brief=brief,
        discard_data=discard_data,
        json_output=json_output,
    )
    finish(context, json_output, lambda: _of(target).destroy(request))


def status(
    context: typer.Context,
    target: TargetOption = "clouds",
    directory: DirectoryOption = None,
    offline: OfflineOption = False,
    json_output: JsonOption = False,
) -> None:
    """Show the stacks of a deployment: which are there, since when, where devices and people reach the twin.

    \b
    Examples:
      twin2multicloud status
      twin2multicloud status --json | jq '.stacks[] | select(.slot == "L5").outputs'
    """
    from twin2multicloud.app.cli import deploy as commands

    request = commands.Request(None, directory_of(directory, target), offline=offline, json_output=json_output)
    finish(context, json_output, lambda: _of(target).status(request))


def drift(
    context: typer.Context,
    target: TargetOption = "clouds",
    directory: DirectoryOption = None,
    offline: OfflineOption = False,
    json_output: JsonOption = False,
) -> None:
    """Show what others changed or deleted since the twin was deployed. Exit code 6 if they did.

    \b
    Examples:
      twin2multicloud drift
      twin2multicloud drift --json
    """
    from twin2multicloud.app.cli import deploy as commands

    request = commands.Request(None, directory_of(directory, target), offline=offline, json_output=json_output)
    finish(context, json_output, lambda: _of(target).drift(request))


def _of(target: Target) -> Any:
    """The module that does what is asked for, at a target."""
    if target == "sandbox":
        from twin2multicloud.app.cli import deploy_sandbox

        return deploy_sandbox
    from twin2multicloud.app.cli import deploy

    return deploy


def directory_of(directory: Path | None, target: Target) -> Path:
    """Where the deployment, or the sandbox, is kept."""
    default = SANDBOX_DIRECTORY if target == "sandbox" else DEFAULT_DIRECTORY
    return (directory or Path(default)).absolute()


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line, in the order of their use."""
    for command in (plan, deploy, redeploy, status, drift, export, destroy):
        app.command()(command)
