"""The commands that look at a deployed twin: options and help. What they do is imported when they run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from twin2multicloud.app.cli.connect import needs_backend
from twin2multicloud.app.cli.deploy_commands import module_of
from twin2multicloud.app.cli.deploy_options import (
    DetachOption,
    DirectoryOption,
    KeptTwin,
    OfflineOption,
    TargetOption,
    directory_of,
)
from twin2multicloud.app.cli.kept import either, in_run
from twin2multicloud.app.cli.options import JsonOption
from twin2multicloud.app.cli.which import target_said

if TYPE_CHECKING:
    from twin2multicloud.app.client.client import Client


@needs_backend
def status(
    context: typer.Context,
    twin: KeptTwin = None,
    target: TargetOption = None,
    directory: DirectoryOption = None,
    offline: OfflineOption = False,
    json_output: JsonOption = False,
) -> None:
    """Show the stacks of a deployment: which are there, since when, where devices and people reach the twin.

    Of a kept twin it shows every place where something of it is, how each layer does, and the run that is changing
    it. Exit code 6 if a stack is not whole, or something does not work.

    \b
    Examples:
      twin2multicloud status
      twin2multicloud status --json | jq '.stacks[] | select(.slot == "L5").outputs'
      twin2multicloud status greenhouse --target sandbox
    """

    def here() -> int:
        from twin2multicloud.app.cli.deploy import Request

        request = Request(None, directory_of(directory, target), offline=offline, json_output=json_output)
        return int(module_of(target).status(request))

    def there(client: Client, name: str) -> int:
        from twin2multicloud.app.cli import kept_status

        return kept_status.status(client, name, target_said(target, offline=offline), json_output)

    either(context, json_output, twin, directory, here=here, there=there, runs=False)


@needs_backend
def drift(
    context: typer.Context,
    twin: KeptTwin = None,
    target: TargetOption = None,
    directory: DirectoryOption = None,
    offline: OfflineOption = False,
    detach: DetachOption = False,
    json_output: JsonOption = False,
) -> None:
    """Show what others changed or deleted since the twin was deployed. Exit code 6 if they did.

    \b
    Examples:
      twin2multicloud drift
      twin2multicloud drift --json
      twin2multicloud drift greenhouse
    """

    def here() -> int:
        from twin2multicloud.app.cli.deploy import Request

        request = Request(None, directory_of(directory, target), offline=offline, json_output=json_output)
        return int(module_of(target).drift(request))

    there = in_run("drift", target, offline=offline, detach=detach, json_output=json_output)
    either(context, json_output, twin, directory, here=here, there=there, detach=detach)


@needs_backend
def prove(
    context: typer.Context,
    twin: KeptTwin = None,
    directory: DirectoryOption = None,
    offline: OfflineOption = False,
    json_output: JsonOption = False,
) -> None:
    """Prove that what is deployed is connected as planned, and that nobody may do more than their handler does.

    It walks what the stacks' states say: functions, triggers, rights, queues, schedules, links, ages of tiers. Exit
    code 6 if anything is not as it should be.

    \b
    Examples:
      twin2multicloud prove
      twin2multicloud prove --json
      twin2multicloud prove greenhouse --offline
    """

    def here() -> int:
        from twin2multicloud.app.cli import operate
        from twin2multicloud.app.cli.deploy import Request

        request = Request(None, directory_of(directory, None), offline=offline, json_output=json_output)
        return operate.prove(request)

    def there(client: Client, name: str) -> int:
        from twin2multicloud.app.cli import kept_status

        return kept_status.prove(client, name, target_said(None, offline=offline), json_output)

    either(context, json_output, twin, directory, here=here, there=there, runs=False)


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (status, drift, prove):
        app.command()(command)
