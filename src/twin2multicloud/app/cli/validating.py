"""What `validate`, `sandbox bill`, `costs import` and `costs bills` do."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final, get_args

from twin2multicloud.app.cli import runs
from twin2multicloud.app.cli.failures import say
from twin2multicloud.app.cli.records import NONE, moment, print_model, print_models, print_table
from twin2multicloud.app.client.client import Client
from twin2multicloud.app.schemas.bills import (
    AgreementMeasure,
    Bill,
    BillFetch,
    BillKind,
    CauseName,
    SimulatedBillInput,
    ValidatedMeter,
    Validation,
)
from twin2multicloud.app.schemas.sandboxes import CloudName
from twin2multicloud.app.schemas.twins import Target
from twin2multicloud.costing.tables import EFFECTS, Table, TableRow, as_csv, as_latex
from twin2multicloud.model.errors import UsageError

_SHOWN: Final = 15
_MOST_SHOWN_LINES: Final = 5
_HALF_A_CENT: Final = Decimal("0.005")


@dataclass(frozen=True)
class Request:
    """The arguments of `validate`."""

    twin: str
    target: Target
    period: str | None
    file: Path | None
    rates: Sequence[str]
    all_meters: bool
    csv_file: Path | None
    latex_file: Path | None
    json_output: bool


@dataclass(frozen=True)
class Import:
    """The options of `costs import`."""

    file: Path | None
    source: CloudName | None
    kind: BillKind
    location: str | None
    period: str | None
    target: Target
    rates: Sequence[str]
    detach: bool
    json_output: bool


@dataclass(frozen=True)
class BillRequest:
    """The arguments of `sandbox bill`."""

    twin: str
    prices: Sequence[str]
    quantities: Sequence[str]
    extra: Sequence[str]
    noise: float
    seed: int
    out: Path | None


def validate(client: Client, request: Request) -> int:
    """`validate`."""
    twin = client.twins.find(request.twin)
    if request.file is not None:
        content, name = _content(request.file)
        read = client.bills.read(
            twin, content, target=request.target, source=name, usd_per=numbers("--rate", request.rates)
        )
        _tell_bad_lines(read)
    found = client.bills.validation(twin, request.target, request.period)
    table = as_table(found)
    for file, text in ((request.csv_file, as_csv), (request.latex_file, as_latex)):
        if file is not None:
            _write(file, text(table))
    if request.json_output:
        print_model(found)
        return 0
    _print(found, request.all_meters)
    return 0


def bill(client: Client, request: BillRequest) -> int:
    """`sandbox bill`."""
    extra = numbers("--extra", request.extra)
    for cloud in extra:
        if cloud not in get_args(CloudName):
            raise UsageError(f"--extra: '{cloud[:60]}' is none of {', '.join(get_args(CloudName))}")
    changes = SimulatedBillInput.model_validate(
        {
            "prices": numbers("--price", request.prices),
            "quantities": numbers("--quantity", request.quantities),
            "unmodelled": extra,
            "noise": request.noise,
            "seed": request.seed,
        }
    )
    text = client.bills.simulated(client.twins.find(request.twin), changes)
    if request.out is None:
        sys.stdout.write(text)
    else:
        _write(request.out, text)
        say(
            f"{request.out}: {text.count(chr(10)) - 1:,} lines; `validate {request.twin} --file {request.out}` reads it"
        )
    return 0


def read_bill(client: Client, wanted: str, given: Import) -> int:
    """`costs import`."""
    if (given.file is None) == (given.source is None):
        raise UsageError("--file, --from: say one of them")
    rates = numbers("--rate", given.rates)
    if given.file is not None:
        if given.kind != "export":
            raise UsageError("--kind: goes with --from")
        content, name = _content(given.file)
        read = client.bills.read(client.twins.find(wanted), content, target=given.target, source=name, usd_per=rates)
        _print_bills(read, given.json_output)
        _tell_bad_lines(read)
        return 0
    if given.location is None and given.kind == "export":
        raise UsageError("--from: needs --location WHERE, or --kind query to ask the cloud itself")
    if re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", given.period or "") is None:
        raise UsageError("--from: needs --period YYYY-MM")
    asked = {
        "cloud": given.source,
        "kind": given.kind,
        "location": given.location or "",
        "period": given.period,
        "usd_per": rates,
    }
    run = client.bills.fetch(client.twins.find(wanted), BillFetch.model_validate(asked))
    if given.detach:
        return runs.asked_for(run, given.json_output)
    if not given.json_output:
        runs.say_begun(run)
    code = runs.watch(client, run.id, given.json_output)
    if not given.json_output:
        read = [Bill.model_validate(each) for each in (client.runs.get(run.id).result or {}).get("bills", ())]
        if read:
            _print_bills(read, json_output=False)
            _tell_bad_lines(read)
    return code


def list_bills(client: Client, wanted: str, target: Target, json_output: bool) -> int:
    """`costs bills`."""
    _print_bills(client.bills.kept(client.twins.find(wanted), target), json_output)
    return 0


def as_table(found: Validation) -> Table:
    """A validation as a table to take along: meters, then what no meter is for."""
    rows = [
        TableRow(
            each.cloud,
            each.meter,
            each.region,
            each.unit,
            each.predicted,
            each.metered,
            each.billed,
            Decimal(each.usd_predicted),
            _amount(each.usd_metered),
            _amount(each.usd_billed),
            {cause: Decimal(amount) for cause, amount in each.effects.items()},
        )
        for each in found.meters
    ]
    rows += [
        TableRow(
            each.cloud,
            f"{each.service} ({each.reason})",
            "",
            "",
            None,
            None,
            None,
            Decimal(0),
            None,
            Decimal(each.usd),
            {"not-modelled": Decimal(each.usd)},
        )
        for each in found.unmapped
        if each.ours
    ]
    book = found.price_book
    return Table(
        twin=found.name,
        period=found.period or "a month of 730 hours",
        price_book=f"{book.version} of {book.date}, {book.hash[:12]}",
        rows=rows,
        notes=[f"{measured(each)}." for each in found.measures],
    )


def measured(measure: AgreementMeasure) -> str:
    """A measure in a sentence's words."""
    told = f"{measure.estimate} against {measure.actual}: "
    if measure.mape is None or measure.wape is None:
        return f"{told}nothing to compare"
    total = "" if measure.total_relative is None else f", total {measure.total_relative:+.1%}"
    left = len(measure.left_out)
    beside = f"; {left} without an actual amount left out of MAPE" if left else ""
    return f"{told}MAPE {measure.mape:.1%} over {measure.lines} meters, weighted {measure.wape:.1%}{total}{beside}"


def _print(found: Validation, all_meters: bool) -> None:
    shown = found.meters if all_meters else found.meters[:_SHOWN]
    print_table(
        ("cloud", "meter", "region", ">predicted", ">metered", ">billed", ">differs", ">error", "why"),
        (_row(each) for each in shown),
        "nothing is predicted, metered or billed",
    )
    if len(found.meters) > len(shown):
        say(f"{len(found.meters) - len(shown)} more that differ less: --all")
    for each in found.unmapped[:_MOST_SHOWN_LINES]:
        whose = "not modelled" if each.ours else "tagged for nobody, not counted"
        say(f"{each.cloud}: {each.service}: ${Decimal(each.usd):,.2f}, {each.reason} ({whose})")
    if len(found.unmapped) > _MOST_SHOWN_LINES:
        rest = found.unmapped[_MOST_SHOWN_LINES:]
        say(f"{len(rest)} more that no meter is for: ${sum(Decimal(each.usd) for each in rest):,.2f}")
    amounts = ", ".join(
        f"{_usd(amount)} {name}"
        for name, amount in (
            ("predicted", found.usd_predicted),
            ("metered", found.usd_metered),
            ("billed", found.usd_billed),
        )
        if amount is not None
    )
    say(f"{found.period or 'a month of 730 hours'}: {amounts}")
    if found.effects:
        than = "less" if Decimal(found.difference) < 0 else "more"
        amount = _usd(found.difference.removeprefix("-"))
        say(f"{amount} {than} than predicted = {_effects(found.effects, most=len(EFFECTS))}")
    for measure in found.measures:
        say(measured(measure))
    for problem in found.problems:
        say(problem)
    say(f"price book {found.price_book.version} of {found.price_book.date} ({found.price_book.hash[:12]})")


def _row(each: ValidatedMeter) -> tuple[str, ...]:
    error = NONE if each.relative is None else f"{each.relative:+.1%}"
    amounts = (_usd(each.usd_predicted), _usd(each.usd_metered), _usd(each.usd_billed), _usd(each.difference))
    why = "; ".join(filter(None, (_effects(each.effects), each.note))) or "agrees"
    return (each.cloud, each.meter.partition(".")[2], each.region, *amounts, error, why)


def _effects(effects: Mapping[CauseName, str], most: int = 2) -> str:
    """The largest causes with their amounts; what is below half a cent is none."""
    some = sorted(((Decimal(amount), cause) for cause, amount in effects.items()), key=lambda pair: -abs(pair[0]))
    told = [f"{EFFECTS[cause]} {_usd(str(amount))}" for amount, cause in some if abs(amount) >= _HALF_A_CENT]
    return ", ".join(told[:most])


def _usd(amount: str | None) -> str:
    if amount is None:
        return NONE
    rounded = Decimal(amount).quantize(Decimal("0.01"))
    return f"-${-rounded:,}" if rounded < 0 else f"${abs(rounded):,}"


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _print_bills(bills: Sequence[Bill], json_output: bool) -> None:
    if json_output:
        print_models(bills)
        return
    print_table(
        ("cloud", "month", ">USD", ">lines", ">unread", "read (UTC)", "from"),
        (
            (
                each.cloud,
                each.period,
                _usd(each.usd),
                f"{each.lines:,}",
                f"{each.bad_lines:,}",
                moment(each.imported_at),
                each.source or NONE,
            )
            for each in bills
        ),
        "no bills",
    )


def _tell_bad_lines(bills: Iterable[Bill]) -> None:
    """All bills of an export tell the same rows."""
    first = next(iter(bills), None)
    if first is None or not first.bad_lines:
        return
    say(f"{first.bad_lines:,} rows could not be read:")
    for each in first.problems[:_MOST_SHOWN_LINES]:
        column = f"{each.column}: " if each.column else ""
        say(f"  line {each.line}: {column}{each.problem}" + (f" ({each.value})" if each.value else ""))


def _content(file: Path) -> tuple[str, str]:
    try:
        if str(file) == "-":
            return sys.stdin.read(), "standard input"
        return file.read_text("utf-8"), file.name
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--file {file}: cannot be read: {error}") from error


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, "utf-8")
    except OSError as error:
        raise UsageError(f"{file}: cannot be written: {error.strerror}") from error


def numbers(option: str, given: Sequence[str]) -> dict[str, float]:
    """What `NAME=NUMBER`s say; `UsageError` for what is none."""
    found = {}
    for each in given:
        name, equals, text = each.partition("=")
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (name and equals and math.isfinite(value) and value >= 0):
            raise UsageError(f"{option}: '{each[:60]}': write NAME=NUMBER, the number at least 0")
        found[name] = value
    return found
