"""What the commands of the group `sandbox` share, some of them with those of `twins`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twin2multicloud.app.cli.failures import finish
from twin2multicloud.app.cli.options import complete_provider

if TYPE_CHECKING:
    from twin2multicloud.sandbox.client import SandboxClient

DEFAULT_DIRECTORY = ".twin2multicloud/sandbox"
DirectoryOption = Annotated[
    Path, typer.Option("--dir", metavar="DIR", help="The sandbox's directory.", show_default=True)
]
CloudArgument = Annotated[
    str | None, typer.Option("--cloud", metavar="CLOUD", help="Only this cloud.", autocompletion=complete_provider)
]
FollowOption = Annotated[bool, typer.Option("--follow", "-f", help="Keep showing what comes, until Ctrl-C.")]

FaultArgument = Annotated[
    str,
    typer.Argument(
        metavar="FAULT",
        help="delay, drop, lose-answer, duplicate, error, throttle (links); refuse-writes, disk-full (stores); "
        "outage, kill, clock-jump (clouds); or clear.",
    ),
]
FaultTargetArgument = Annotated[
    str, typer.Argument(metavar="[TARGET]", help="A link (persist, …), a store (hot, …) or a cloud (aws, …).")
]
RateOption = Annotated[float, typer.Option(metavar="SHARE", help="Share of requests it happens to.")]
SecondsOption = Annotated[
    float, typer.Option(metavar="S", help="Delay, Retry-After, jump, or how long a killed cloud stays away.")
]
DurationOption = Annotated[
    float | None, typer.Option("--for", metavar="S", help="End the fault after so many seconds.")
]


def run(context: typer.Context, directory: Path, json_output: bool, action: Callable[[SandboxClient], int]) -> None:
    """Do something with a sandbox that exists, and end with its exit code."""

    def work() -> int:
        from twin2multicloud.sandbox.client import SandboxClient
        from twin2multicloud.sandbox.layout import Layout

        return action(SandboxClient(Layout(directory.absolute())))

    finish(context, json_output, work)
