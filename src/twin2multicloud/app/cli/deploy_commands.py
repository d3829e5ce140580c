"""The commands that deploy a twin and look after it: options and help. What they do is imported when they run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from twin2multicloud.app.cli.connect import needs_backend
from twin2multicloud.app.cli.deploy_options import (
    AnyTwin,
    BriefOption,
    DetachOption,
    DirectoryOption,
    KeptTwin,
    KnownTwin,
    OfflineOption,
    OwnerOption,
    PlacementOption,
    ProjectOption,
    RefreshOption,
    RetentionOption,
    SlotOption,
    SubscriptionOption,
    Target,
    TargetOption,
    UserOption,
    YesOption,
    directory_of,
)
from twin2multicloud.app.cli.failures import finish
from twin2multicloud.app.cli.kept import either, in_run
from twin2multicloud.app.cli.options import JsonOption, PinOption, PricesOption, ProvidersOption, TwinArgument


@needs_backend
def plan(
    context: typer.Context,
    twin: KnownTwin,
    slot: SlotOption = None,
    placement: PlacementOption = None,
    pin: PinOption = None,
    providers: ProvidersOption = None,
    owner: OwnerOption = None,
    user: UserOption = None,
    azure_subscription: SubscriptionOption = None,
    gcp_project: ProjectOption = None,
    prices: PricesOption = None,
    target: TargetOption = None,
    directory: DirectoryOption = None,
    offline: OfflineOption = False,
    refresh: RefreshOption = False,
    brief: BriefOption = False,
    json_output: JsonOption = False,
) -> None:
    """Show what deploying would add, change and destroy, slot by slot, with the monthly cost beside it.

    TWIN is one that the backend keeps, or a file or built-in scenario that is deployed from a directory (--dir).

    \b
    Examples:
      twin2multicloud plan smart-home --offline
      twin2multicloud plan twin.yaml --slot L2 --pin L2=azure --owner me@example.com
      twin2multicloud plan twin.yaml --placement placement.json --json
      twin2multicloud plan greenhouse --target sandbox
    """

    def here() -> int:
        from twin2multicloud.app.cli.deploy import Request

        request = Request(
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
        return int(module_of(target).plan(request))

    either(
        context,
        json_output,
        twin,
        directory,
        here=here,
        there=in_run(
            "plan",
            target,
            offline=offline,
            slots=tuple(slot or ()),
            owner=owner,
            users=tuple(user or ()),
            refresh=refresh,
            brief=brief,
            json_output=json_output,
        ),
        only_here={
            "--placement": placement,
            "--pin": pin,
            "--providers": providers,
            "--azure-subscription": azure_subscription,
            "--gcp-project": gcp_project,
            "--prices": prices,
        },
        definition=True,
    )


@needs_backend
def deploy(
    context: typer.Context,
    twin: KnownTwin,
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
    target: TargetOption = None,
    directory: DirectoryOption = None,
    offline: OfflineOption = False,
    refresh: RefreshOption = False,
    brief: BriefOption = False,
    yes: YesOption = False,
    detach: DetachOption = False,
    json_output: JsonOption = False,
) -> None:
    """Build the twin, or some of its slots: show the plan, ask, apply it, connect the clouds.

    What is there already and did not change is not touched. Ctrl-C ends it in order: what was made is kept in the
    state, and `deploy` goes on from there. A kept twin is deployed by a run of its backend, which goes on there.

    \b
    Examples:
      twin2multicloud deploy twin.yaml --owner me@example.com --gcp-project my-project
      twin2multicloud deploy twin.yaml --slot L3 --slot L4
      twin2multicloud deploy smart-home --offline --yes
      twin2multicloud deploy greenhouse --target sandbox
      twin2multicloud deploy greenhouse --server https://twins.example.org --yes --detach
    """

    def here() -> int:
        from twin2multicloud.app.cli.deploy import Request

        request = Request(
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
        return int(module_of(target).deploy(request))

    either(
        context,
        json_output,
        twin,
        directory,
        here=here,
        there=in_run(
            "deploy",
            target,
            offline=offline,
            slots=tuple(slot or ()),
            owner=owner,
            users=tuple(user or ()),
            log_retention_days=log_retention_days,
            refresh=refresh,
            brief=brief,
            yes=yes,
            detach=detach,
            json_output=json_output,
        ),
        only_here={
            "--placement": placement,
            "--pin": pin,
            "--providers": providers,
            "--azure-subscription": azure_subscription,
            "--gcp-project": gcp_project,
            "--prices": prices,
        },
        detach=detach,
        definition=True,
    )


@needs_backend
def redeploy(
    context: typer.Context,
    twin: AnyTwin = None,
    slot: SlotOption = None,
    prices: PricesOption = None,
    target: TargetOption = None,
    directory: DirectoryOption = None,
    offline: OfflineOption = False,
    brief: BriefOption = False,
    yes: YesOption = False,
    detach: DetachOption = False,
    json_output: JsonOption = False,
) -> None:
    """Bring the twin, or some of its slots, to what was deployed last or to a changed definition.

    Unlike `deploy` it looks at every stack, so that what others changed or deleted is put right.

    \b
    Examples:
      twin2multicloud redeploy
      twin2multicloud redeploy twin.yaml --slot L5
      twin2multicloud redeploy greenhouse
    """

    def here() -> int:
        from twin2multicloud.app.cli.deploy import Request

        request = Request(
            twin,
            directory_of(directory, target),
            tuple(slot or ()),
            prices=prices,
            offline=offline,
            yes=yes,
            brief=brief,
            json_output=json_output,
        )
        return int(module_of(target).redeploy(request))

    either(
        context,
        json_output,
        twin,
        directory,
        here=here,
        there=in_run(
            "redeploy",
            target,
            offline=offline,
            slots=tuple(slot or ()),
            brief=brief,
            yes=yes,
            detach=detach,
            json_output=json_output,
        ),
        only_here={"--prices": prices},
        detach=detach,
        definition=True,
    )


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
        directory_of(directory, None),
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


@needs_backend
def destroy(
    context: typer.Context,
    twin: KeptTwin = None,
    slot: SlotOption = None,
    discard_data: Annotated[
        bool, typer.Option("--discard-data", help="Destroy stores with what they hold. There is no way back.")
    ] = False,
    target: TargetOption = None,
    directory: DirectoryOption = None,
    offline: OfflineOption = False,
    brief: BriefOption = False,
    yes: YesOption = False,
    detach: DetachOption = False,
    json_output: JsonOption = False,
) -> None:
    """Destroy what was deployed, or some of its slots, once the twin's name has been typed.

    Stores that hold data are not destroyed unless --discard-data says so. Nothing is reported destroyed that is not.

    \b
    Examples:
      twin2multicloud destroy --slot L5
      twin2multicloud destroy --discard-data
      twin2multicloud destroy greenhouse --target sandbox --discard-data
    """

    def here() -> int:
        from twin2multicloud.app.cli.deploy import Request

        request = Request(
            None,
            directory_of(directory, target),
            tuple(slot or ()),
            offline=offline,
            yes=yes,
            brief=brief,
            discard_data=discard_data,
            json_output=json_output,
        )
        return int(module_of(target).destroy(request))

    either(
        context,
        json_output,
        twin,
        directory,
        here=here,
        there=in_run(
            "destroy",
            target,
            offline=offline,
            slots=tuple(slot or ()),
            discard_data=discard_data,
            brief=brief,
            yes=yes,
            detach=detach,
            json_output=json_output,
        ),
        detach=detach,
    )


def module_of(target: Target | None) -> Any:
    """The module that does what is asked for with what is deployed from a directory, at a target."""
    if target == "sandbox":
        from twin2multicloud.app.cli import deploy_sandbox

        return deploy_sandbox
    from twin2multicloud.app.cli import deploy

    return deploy


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line, in the order of their use."""
    for command in (plan, deploy, redeploy, export, destroy):
        app.command()(command)
