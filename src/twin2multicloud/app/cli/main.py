"""The command `twin2multicloud`: commands, options and help. What they do is imported when they run."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer

from twin2multicloud.app.cli.advise_command import advise
from twin2multicloud.app.cli.catalogue_commands import add_to as add_choosing
from twin2multicloud.app.cli.check_command import check
from twin2multicloud.app.cli.connect import may_take_prices, taken_before
from twin2multicloud.app.cli.cost_commands import validate
from twin2multicloud.app.cli.demo_command import demo
from twin2multicloud.app.cli.deploy_commands import add_to as add_deploying
from twin2multicloud.app.cli.event_commands import add_to as add_events
from twin2multicloud.app.cli.failures import EXIT_CODES, INTERRUPTED, Session, defect, finish, leave_quietly
from twin2multicloud.app.cli.frontier_command import frontier
from twin2multicloud.app.cli.groups import QuickGroup, lazy_group
from twin2multicloud.app.cli.look_commands import add_to as add_looking
from twin2multicloud.app.cli.operate_commands import add_to as add_operating
from twin2multicloud.app.cli.options import (
    DenyOption,
    JsonOption,
    MaxCloudsOption,
    PinOption,
    PricesOption,
    ProvidersOption,
    RegionsOption,
    ResidencyOption,
    TwinArgument,
    complete_provider,
    complete_workload,
)
from twin2multicloud.app.cli.price_commands import prices
from twin2multicloud.app.cli.profile_commands import add_to as add_profiles
from twin2multicloud.app.cli.sandbox_commands import sandbox
from twin2multicloud.app.cli.server_commands import add_to as add_serving
from twin2multicloud.app.cli.simulate_command import simulate
from twin2multicloud.app.cli.state_commands import states
from twin2multicloud.app.cli.uncertainty_commands import add_to as add_uncertainty
from twin2multicloud.app.loading import one_task

_EPILOG = "\b\nExit codes:\n" + "\n".join(f"  {code:<4} {meaning}" for code, meaning in EXIT_CODES.items())

_LAZY = (
    ("twins", "twin_commands", "Keep twins at the backend: their definitions, every version, what there is of each."),
    ("runs", "run_commands", "Have twins planned, deployed, moved, destroyed by the backend, and watch how it goes."),
    ("costs", "cost_commands", "See what twins cost, and read the bills of clouds."),
    ("alerts", "alert_commands", "See what goes wrong with twins, look after it, or keep it quiet."),
    (
        "connections",
        "connection_commands",
        "Keep accounts at clouds at the backend. Their credentials are sealed, and shown to nobody again.",
    ),
    ("users", "people_commands", "Look after people, as an admin of the installation."),
    ("workspaces", "people_commands", "Look after workspaces: who works together, and who may do what there."),
    ("keys", "people_commands", "Make and revoke API keys."),
    ("profiles", "profile_commands", "Choose among the servers that `login` has kept."),
    ("db", "server_commands", "Look after the backend's database: upgrade, back up, restore."),
)

app = typer.Typer(
    name="twin2multicloud",
    cls=QuickGroup,
    help="Price and place digital twins over AWS, Azure and GCP, exactly, with every bill line explained.",
    epilog=_EPILOG,
    rich_markup_mode=None,
    add_completion=True,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(prices)
app.add_typer(sandbox)
app.add_typer(states)
for _name, _module, _about in _LAZY:
    app.add_typer(lazy_group(_name, f"twin2multicloud.app.cli.{_module}:{_name}", _about))


def main() -> NoReturn:
    """The console script."""
    # The matrices here are small: more threads would spin, not speed up. Read when numpy is imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with one_task():
        sys.exit(run())


def run(arguments: Sequence[str] | None = None, *, today: Callable[[], date] = date.today) -> int:
    """Run the command line on `arguments` (the process's own if None) and return its exit code.

    Never raises: an unforeseen error is reported as the defect it is. `today` is the clock of `--max-price-age`.
    """
    session = Session(today=today)
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character gets a question mark, not a traceback.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        rest = taken_before(session, sys.argv[1:] if arguments is None else arguments)
        typer.main.get_command(app).main(args=rest, prog_name="twin2multicloud", obj=session)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return leave_quietly()
    except Exception as error:  # noqa: BLE001  the last resort, which turns a defect into a message and a code
        return defect(error, session.debug)
    return 0


def _version(wanted: bool) -> None:
    if wanted:
        from twin2multicloud import __version__

        typer.echo(f"twin2multicloud {__version__}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors.")] = False,
    version: Annotated[  # noqa: ARG001  acts in its callback
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Price and place digital twins over AWS, Azure and GCP, exactly, with every bill line explained.

    \b
    Start with:
      twin2multicloud optimize smart-building --explain
      twin2multicloud init my-twin.yaml
      twin2multicloud optimize my-twin.yaml
      twin2multicloud twins create my-twin.yaml

    Commands about what the backend keeps (twins, runs, events, …) take --server URL and --profile NAME, before or
    after their name. Without either the backend runs in this process. `optimize`, `offers`, `prices show` and
    `prices explain` take them, too, to calculate by that server's prices.
    """
    if debug:
        Session.of(context).debug = True


@app.command(epilog=_EPILOG)
@may_take_prices
def optimize(
    context: typer.Context,
    workload: Annotated[
        str,
        typer.Argument(
            metavar="WORKLOAD",
            help="A file (.yaml .yml .json .toml), a built-in scenario's name, - for standard input, "
            "or a .jsonl batch.",
            autocompletion=complete_workload,
        ),
    ],
    model: Annotated[
        Literal["bill", "edt25"],
        typer.Option(help="bill: today's prices, everything that is deployed; edt25: the published model."),
    ] = "bill",
    region: RegionsOption = None,
    providers: ProvidersOption = None,
    deny: DenyOption = None,
    residency: ResidencyOption = None,
    pin: PinOption = None,
    require: Annotated[
        list[str] | None,
        typer.Option(metavar="[SLOT:]FEATURE", help="A feature offers must have, such as L1:mqtt."),
    ] = None,
    managed_only: Annotated[
        bool | None,
        typer.Option(
            "--managed-only/--any-operation", help="Only services that the cloud operates.", show_default=False
        ),
    ] = None,
    deployable_only: Annotated[
        bool | None,
        typer.Option("--deployable-only/--any-offer", help="Only offers that can be deployed.", show_default=False),
    ] = None,
    max_clouds: MaxCloudsOption = None,
    egress: Annotated[
        Literal["list", "eu-data-act"] | None,
        typer.Option(help="Prices of traffic between clouds: list, or what the EU Data Act grants."),
    ] = None,
    top: Annotated[int, typer.Option(metavar="K", min=1, max=100, help="Also show the K cheapest placements.")] = 1,
    explain: Annotated[bool, typer.Option("--explain", help="Show every bill line and why each offer won.")] = False,
    json_output: JsonOption = False,
    report: Annotated[
        str | None, typer.Option(metavar="FILE.html", help="Also write a self-contained HTML report.")
    ] = None,
    prices_directory: PricesOption = None,
    max_price_age: Annotated[
        int | None,
        typer.Option(metavar="DAYS", min=0, help="Refuse a price book that is older (exit code 5)."),
    ] = None,
) -> None:
    """Find the cheapest placement of a twin, prove it, and explain its bill.

    WORKLOAD says what the twin's devices send and what its people look at. Repeat an option, or separate values by
    commas, to give several. Options go before what the file's own constraints say.

    \b
    Examples:
      twin2multicloud optimize smart-building --explain
      twin2multicloud optimize twin.yaml --residency EU --max-clouds 2 --top 5
      twin2multicloud optimize twin.yaml --pin L3.hot=aws.dynamodb-on-demand --json
      twin2multicloud optimize smart-home --model edt25
      twin2multicloud optimize fleet.jsonl > results.jsonl
      twin2multicloud optimize twin.yaml --server https://twins.example.org
      twin2multicloud optimize smart-building --report smart-building.html
    """
    from twin2multicloud.app.cli.books import BookChoice
    from twin2multicloud.app.cli.optimize import Request
    from twin2multicloud.app.cli.optimize import optimize as run_optimize

    session = Session.of(context)
    request = Request(
        workload=workload,
        model=model,
        regions=tuple(region or ()),
        providers=tuple(providers or ()),
        deny=tuple(deny or ()),
        residency=tuple(residency or ()),
        pins=tuple(pin or ()),
        require=tuple(require or ()),
        managed_only=managed_only,
        deployable_only=deployable_only,
        max_clouds=max_clouds,
        egress=egress,
        top=top,
        explain=explain,
        json_output=json_output,
        report=report,
        book=BookChoice.of(session, prices_directory),
        max_price_age=max_price_age,
    )
    finish(context, json_output, lambda: run_optimize(request, today=session.today))


add_choosing(app)
add_uncertainty(app)
app.command()(frontier)
app.command()(advise)


app.command(epilog=_EPILOG)(check)


@app.command()
def package(
    context: typer.Context,
    twin: TwinArgument,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Directory to write the packages to.")],
    cloud: Annotated[
        list[str] | None,
        typer.Option(metavar="CLOUD,…", help="Only these clouds.", autocompletion=complete_provider),
    ] = None,
    placement: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Only what this placement needs; JSON as `optimize --json` prints it."),
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """Write the packages of a twin's functions: a zip per role and cloud, the same bytes for the same twin.

    \b
    Examples:
      twin2multicloud package smart-building --out packages
      twin2multicloud package twin.yaml --out packages --cloud aws
      twin2multicloud optimize twin.yaml --json > placement.json
      twin2multicloud package twin.yaml --out packages --placement placement.json
    """
    from twin2multicloud.app.cli.package import package as run_package

    finish(
        context,
        json_output,
        lambda: run_package(twin, out, clouds=cloud or (), placement=placement, json_output=json_output),
    )


app.command()(simulate)
app.command()(validate)
app.command()(demo)
add_deploying(app)
add_looking(app)
add_operating(app)
add_events(app)
add_serving(app)
add_profiles(app)


@app.command()
def paper(context: typer.Context, json_output: JsonOption = False) -> None:
    """Print every figure the EDT'25 paper publishes beside ours; exit code 1 if one that should match does not.

    \b
    Examples:
      twin2multicloud paper
      twin2multicloud paper --json
    """
    from twin2multicloud.app.cli.paper import paper as run_paper

    finish(context, json_output, lambda: run_paper(json_output))
