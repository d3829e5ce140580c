"""What the commands of the group `sandbox` share."""

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


def run(context: typer.Context, directory: Path, json_output: bool, action: Callable[[SandboxClient], int]) -> None:
    """Do something with a sandbox that exists, and end with its exit code."""

    def work() -> int:
        from twin2multicloud.sandbox.client import SandboxClient
        from twin2multicloud.sandbox.layout import Layout

        return action(SandboxClient(Layout(directory.absolute())))

    finish(context, json_output, work)
