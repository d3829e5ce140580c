"""The options of the commands that deploy a twin and look after it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from twin2multicloud.app.cli.options import complete_slot, complete_workload
from twin2multicloud.app.cli.sandbox_options import DEFAULT_DIRECTORY as SANDBOX_DIRECTORY

DEFAULT_DIRECTORY: Final = ".twin2multicloud/deployment"
"""Where a deployment is kept that is nobody else's."""

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
    Target | None,
    typer.Option(
        "--target",
        help="clouds: AWS, Azure and Google Cloud; sandbox: the twin on this machine. Left out: clouds, or where the "
        "twin is.",
        show_default=False,
    ),
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
DetachOption = Annotated[
    bool, typer.Option("--detach", help="A kept twin: only ask for the run; `runs watch` shows it later.")
]
KnownTwin = Annotated[
    str,
    typer.Argument(
        metavar="TWIN",
        help="A kept twin's name or id, a twin's file, a built-in scenario's name, or - for standard input.",
        autocompletion=complete_workload,
    ),
]
AnyTwin = Annotated[
    str | None,
    typer.Argument(
        metavar="[TWIN]",
        help="A kept twin's name or id, a twin's file or a built-in scenario's name; left out: the twin as it was "
        "deployed last from the directory.",
        autocompletion=complete_workload,
    ),
]
KeptTwin = Annotated[
    str | None,
    typer.Argument(metavar="[TWIN]", help="A kept twin's name or id; left out: what was deployed from the directory."),
]


def directory_of(directory: Path | None, target: Target | None) -> Path:
    """Where the deployment, or the sandbox, is kept."""
    default = SANDBOX_DIRECTORY if target == "sandbox" else DEFAULT_DIRECTORY
    return (directory or Path(default)).absolute()
