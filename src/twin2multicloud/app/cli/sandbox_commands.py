"""The command group `sandbox`: options and help. What the commands do is imported when they run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twin2multicloud.app.cli.cost_commands import bill
from twin2multicloud.app.cli.failures import finish
from twin2multicloud.app.cli.groups import QuickGroup
from twin2multicloud.app.cli.letter_commands import dead_letters
from twin2multicloud.app.cli.options import JsonOption, PinOption, ProvidersOption, complete_workload
from twin2multicloud.app.cli.sandbox_options import (
    DEFAULT_DIRECTORY,
    CloudArgument,
    DirectoryOption,
    DurationOption,
    FaultArgument,
    FaultTargetArgument,
    FollowOption,
    RateOption,
    SecondsOption,
    run,
)

if TYPE_CHECKING:
    from twin2multicloud.sandbox.client import SandboxClient

sandbox = typer.Typer(
    name="sandbox",
    cls=QuickGroup,
    help="Run a twin on this machine: its clouds as local processes, with real sockets, MQTT and signed links.",
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
sandbox.add_typer(dead_letters)
sandbox.command()(bill)


@sandbox.command("up")
def up(
    context: typer.Context,
    twin: Annotated[
        str,
        typer.Argument(metavar="TWIN", help="A twin file or a built-in scenario.", autocompletion=complete_workload),
    ],
    placement: Annotated[
        str | None, typer.Option(metavar="FILE", help="A placement in JSON, such as `optimize --json` prints.")
    ] = None,
    pin: PinOption = None,
    providers: ProvidersOption = None,
    devices: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Only so many of the twin's devices, of each kind its share.")
    ] = None,
    speed: Annotated[
        float | None,
        typer.Option(
            metavar="X", min=0.0, max=1e8, help="Twin seconds per second, 1 at first; 43800 = a month a minute."
        ),
    ] = None,
    directory: DirectoryOption = Path(DEFAULT_DIRECTORY),
    json_output: JsonOption = False,
) -> None:
    """Bring a twin up: optimize it, create its clouds, and start them. `down` and `up` lose nothing.

    A sandbox that is up already stays up; it is started again if the twin's definition has changed.

    \b
    Examples:
      twin2multicloud sandbox up smart-home
      twin2multicloud sandbox up twin.yaml --pin L2=azure --pin L3.hot=gcp
      twin2multicloud sandbox up smart-building --devices 500
      twin2multicloud sandbox up twin.yaml --placement placement.json --speed 43800
    """
    from twin2multicloud.app.cli import sandbox as commands

    request = commands.UpRequest(
        twin, placement, tuple(pin or ()), tuple(providers or ()), speed, directory.absolute(), json_output, devices
    )
    finish(context, json_output, lambda: commands.up(request))


@sandbox.command("status")
def status(
    context: typer.Context,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep showing it, until Ctrl-C.")] = False,
    directory: DirectoryOption = Path(DEFAULT_DIRECTORY),
    json_output: JsonOption = False,
) -> None:
    """Show the clouds, their functions, queues, stores and links.

    \b
    Examples:
      twin2multicloud sandbox status
      twin2multicloud sandbox status -f
      twin2multicloud sandbox status --json
    """
    from twin2multicloud.app.cli import sandbox as commands

    run(context, directory, json_output, lambda client: commands.status(client, json_output, follow))


@sandbox.command("logs")
def logs(
    context: typer.Context,
    follow: FollowOption = False,
    lines: Annotated[int, typer.Option(metavar="N", min=0, max=100_000, help="Lines of each log to begin with.")] = 20,
    cloud: CloudArgument = None,
    directory: DirectoryOption = Path(DEFAULT_DIRECTORY),
) -> None:
    """Show what the sandbox's processes wrote.

    \b
    Examples:
      twin2multicloud sandbox logs
      twin2multicloud sandbox logs -f --cloud aws
    """
    from twin2multicloud.app.cli import sandbox as commands

    run(context, directory, False, lambda client: commands.logs(client, cloud, lines, follow))


@sandbox.command("errors")
def errors(
    context: typer.Context,
    follow: FollowOption = False,
    directory: DirectoryOption = Path(DEFAULT_DIRECTORY),
    json_output: JsonOption = False,
) -> None:
    """Show errors of all clouds, repeats folded; with --json one object a line.

    \b
    Examples:
      twin2multicloud sandbox errors
      twin2multicloud sandbox errors -f --json
    """
    from twin2multicloud.app.cli import sandbox_feeds as commands

    run(context, directory, json_output, lambda client: commands.errors(client, follow, json_output))


@sandbox.command("alerts")
def alerts(
    context: typer.Context,
    follow: FollowOption = False,
    directory: DirectoryOption = Path(DEFAULT_DIRECTORY),
    json_output: JsonOption = False,
) -> None:
    """Show the alerts that rules raised; with --json one object a line.

    \b
    Examples:
      twin2multicloud sandbox alerts
      twin2multicloud sandbox alerts -f
    """
    from twin2multicloud.app.cli import sandbox_feeds as commands

    run(context, directory, json_output, lambda client: commands.alerts(client, follow, json_output))


@sandbox.command("inject")
def inject(
    context: typer.Context,
    fault: FaultArgument,
    target: FaultTargetArgument = "",
    rate: RateOption = 1.0,
    seconds: SecondsOption = 2.0,
    duration: DurationOption = None,
    directory: DirectoryOption = Path(DEFAULT_DIRECTORY),
    json_output: JsonOption = False,
) -> None:
    """Let something go wrong, and see that nothing is lost.

    \b
    Examples:
      twin2multicloud sandbox inject drop persist --rate 0.2
      twin2multicloud sandbox inject delay --seconds 2 --for 30
      twin2multicloud sandbox inject kill azure --seconds 10
      twin2multicloud sandbox inject disk-full hot --for 15
      twin2multicloud sandbox inject clear
    """
    from twin2multicloud.app.cli import sandbox_faults as commands

    request = commands.FaultRequest(fault, target, rate, seconds, duration)
    run(context, directory, json_output, lambda client: commands.inject(client, request, json_output))


@sandbox.command("verify")
def verify(
    context: typer.Context,
    device: Annotated[str | None, typer.Option(metavar="NAME", help="The device to send as.")] = None,
    timeout: Annotated[
        float, typer.Option(metavar="S", min=0.1, max=3600, help="How long the message, and the command, may take.")
    ] = 10.0,
    directory: DirectoryOption = Path(DEFAULT_DIRECTORY),
    json_output: JsonOption = False,
) -> None:
    """Send a marked message and check every hop, with its latency: device, L1, L2, hot, L4, L5, and a command back.

    Exit code 6 if a hop fails.

    \b
    Examples:
      twin2multicloud sandbox verify
      twin2multicloud sandbox verify --device climate-01 --json
    """
    from twin2multicloud.app.cli import sandbox as commands

    run(context, directory, json_output, lambda client: commands.verify(client, device, timeout, json_output))


@sandbox.command("command")
def command(
    context: typer.Context,
    device: Annotated[str, typer.Argument(metavar="DEVICE", help="The device.")],
    name: Annotated[str, typer.Argument(metavar="COMMAND", help="A command of its type.")],
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="[FIELD=VALUE]…", help="Fields of the command; values as JSON.")
    ] = None,
    wait: Annotated[
        float | None, typer.Option(metavar="S", min=0, max=3600, help="Wait so long for the device's answer.")
    ] = None,
    directory: DirectoryOption = Path(DEFAULT_DIRECTORY),
    json_output: JsonOption = False,
) -> None:
    """Send a command to a device. It is kept until the device takes it.

    With --wait: exit code 6 if the device answers that it failed, or does not answer in time.

    \b
    Examples:
      twin2multicloud sandbox command plug-01 switch to=off
      twin2multicloud sandbox command plug-01 switch to=on --wait 5
    """
    from twin2multicloud.app.cli import sandbox as commands

    def work(client: SandboxClient) -> int:
        return commands.command(client, device, name, tuple(arguments or ()), wait, json_output)

    run(context, directory, json_output, work)


@sandbox.command("secret")
def secret(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="As the twin's rules name it.")],
    directory: DirectoryOption = Path(DEFAULT_DIRECTORY),
    json_output: JsonOption = False,
) -> None:
    """Store a secret that webhooks are signed with. Its value comes from standard input, or is asked for.

    \b
    Examples:
      twin2multicloud sandbox secret hook-key < key.txt
    """
    from twin2multicloud.app.cli import sandbox as commands

    run(context, directory, json_output, lambda client: commands.secret(client, name, json_output))


@sandbox.command("rotate-keys")
def rotate_keys(
    context: typer.Context, directory: DirectoryOption = Path(DEFAULT_DIRECTORY), json_output: JsonOption = False
) -> None:
    """Give every link a new key while telemetry flows.

    \b
    Examples:
      twin2multicloud sandbox rotate-keys
    """
    from twin2multicloud.app.cli import sandbox as commands

    run(context, directory, json_output, lambda client: commands.rotate_keys(client, json_output))


@sandbox.command("meters")
def meters(
    context: typer.Context,
    directory: DirectoryOption = Path(DEFAULT_DIRECTORY),
    json_output: JsonOption = False,
    all_meters: Annotated[bool, typer.Option("--all", help="Also meters that agree or count nothing.")] = False,
) -> None:
    """Compare what was counted, scaled to a month, with what the blueprint predicts, meter by meter and in USD.

    \b
    Examples:
      twin2multicloud sandbox meters
      twin2multicloud sandbox meters --all --json
    """
    from twin2multicloud.app.cli import sandbox_meters as commands

    run(context, directory, json_output, lambda client: commands.meters(client, all_meters, json_output))


@sandbox.command("down")
def down(
    context: typer.Context,
    delete: Annotated[bool, typer.Option("--delete", help="Also delete everything that is stored.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Delete without asking.")] = False,
    directory: DirectoryOption = Path(DEFAULT_DIRECTORY),
    json_output: JsonOption = False,
) -> None:
    """Stop the sandbox. What is stored stays, and `up` goes on from there.

    \b
    Examples:
      twin2multicloud sandbox down
      twin2multicloud sandbox down --delete --yes
    """
    from twin2multicloud.app.cli import sandbox as commands

    finish(context, json_output, lambda: commands.down(directory.absolute(), delete, yes, json_output))
