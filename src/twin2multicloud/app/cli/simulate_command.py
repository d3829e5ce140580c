"""The command `simulate`: options and help. What it does is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from twin2multicloud.app.cli.failures import finish
from twin2multicloud.app.cli.options import JsonOption, complete_workload

DEFAULT_KEYS = ".twin2multicloud/sandbox/connection.json"

FAULTS = (
    "malformed",
    "out-of-range",
    "wrong-type",
    "missing-field",
    "unknown-field",
    "clock-skew",
    "late",
    "duplicate",
    "disconnect",
    "burst",
)


def complete_fault(incomplete: str) -> list[str]:
    """Kinds of faults for the shell."""
    return [f"{name}=" for name in FAULTS if name.startswith(incomplete)]


def simulate(
    context: typer.Context,
    twin: Annotated[
        str,
        typer.Argument(metavar="TWIN", help="A twin's file or a built-in scenario.", autocompletion=complete_workload),
    ],
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="URL", help="mqtt://HOST:PORT or http://HOST:PORT; default: the keys file's."),
    ] = None,
    keys: Annotated[
        Path, typer.Option(metavar="FILE", help="Where devices connect, and their keys: a connection.json.")
    ] = Path(DEFAULT_KEYS),
    devices: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Only N of the twin's devices, of all types in turn.")
    ] = None,
    interval: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Between two messages of a device: 500ms, 6s, 1m; default: the workload's."),
    ] = None,
    rate: Annotated[
        float | None, typer.Option(metavar="R", min=0.001, help="Messages per second of all devices together.")
    ] = None,
    duration: Annotated[
        str | None, typer.Option(metavar="TIME", help="Send for so long: 30s, 5m, 2h; default: until Ctrl-C.")
    ] = None,
    messages: Annotated[int | None, typer.Option(metavar="N", min=1, help="Send N messages per device.")] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="The same seed gives the same values and faults.")] = 0,
    start: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Event times from TIME on, at the interval, instead of the clock's: 2026-11-25T12:00:00Z.",
        ),
    ] = None,
    size: Annotated[
        int | None, typer.Option(metavar="BYTES", min=1, max=262_144, help="Fill messages up to this size.")
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND=SHARE",
            help=f"A fault in this share of messages; KIND is {', '.join(FAULTS)}.",
            autocompletion=complete_fault,
        ),
    ] = None,
    offline: Annotated[
        str, typer.Option(metavar="TIME", help="For how long a device is gone after a disconnect.")
    ] = "2s",
    replay: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Send the messages of a .csv or .ndjson file (device, time, fields)."),
    ] = None,
    speed: Annotated[
        float, typer.Option(metavar="X", min=0.000001, help="How many times as fast a replay runs as its file.")
    ] = 1.0,
    restamp: Annotated[
        bool, typer.Option("--restamp", help="Give replayed messages the time they are sent instead of the file's.")
    ] = False,
    ledger: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write id, device, time and digest of each acknowledged valid message."),
    ] = None,
    drain: Annotated[
        str, typer.Option(metavar="TIME", help="How long to wait for acknowledgements at the end.")
    ] = "30s",
    json_output: JsonOption = False,
) -> None:
    """Simulate the devices of a twin: each with its own key and connection, values by the clock, faults on demand.

    Whatever is not acknowledged is sent again, also after an outage. Commands are answered. Ctrl-C ends the run with
    its report; a second one does not wait for acknowledgements. The exit code is 0 if all that was sent was
    acknowledged, 6 otherwise.

    \b
    Examples:
      twin2multicloud simulate twin.yaml
      twin2multicloud simulate twin.yaml --to mqtt://127.0.0.1:1883 --keys connection.json
      twin2multicloud simulate smart-building --devices 500 --rate 200 --duration 5m
      twin2multicloud simulate twin.yaml --messages 100 --fault duplicate=0.05 --fault malformed=0.01
      twin2multicloud simulate twin.yaml --replay july.csv --speed 10
      twin2multicloud simulate twin.yaml --to http://127.0.0.1:8080 --messages 20 --ledger sent.ndjson --json
    """

    def work() -> int:
        from twin2multicloud.app.cli.simulate import Request
        from twin2multicloud.app.cli.simulate import simulate as run_simulate

        request = Request(
            twin=twin,
            to=to,
            keys=keys,
            devices=devices,
            interval=interval,
            rate=rate,
            duration=duration,
            messages=messages,
            seed=seed,
            start=start,
            size=size,
            faults=tuple(fault or ()),
            offline=offline,
            replay=replay,
            speed=speed,
            restamp=restamp,
            ledger=ledger,
            drain=drain,
            json_output=json_output,
        )
        return run_simulate(request)

    finish(context, json_output, work)
