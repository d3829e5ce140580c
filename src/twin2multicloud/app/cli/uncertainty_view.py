"""An uncertain workload's cost as a person reads it: tables and small charts."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from twin2multicloud.app.cli.tables import money
from twin2multicloud.app.cli.terminal import bar, draws_blocks
from twin2multicloud.model.fields import number_text
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.slots import SLOTS, Slot
from twin2multicloud.optimizer.bill.cents import cents
from twin2multicloud.optimizer.sampling.breakeven import Course
from twin2multicloud.optimizer.sampling.figures import Distribution
from twin2multicloud.optimizer.sampling.study import TYPICAL, Candidate, Study, Swing

_SHOWN = 8
_BAR = 24


def usd(value: float) -> str:
    """A figure in dollars: with cents below a hundred."""
    return money(cents(value)) if abs(value) < 100 else f"{value:,.0f}"


def print_study(console: Console, found: Study, title: str) -> None:
    """A study in full."""
    blocks = draws_blocks(console.file)
    console.print(f"{title}: {found.samples:,} workloads drawn, each optimized exactly")
    if found.impossible:
        console.print(f"{found.impossible:,} of them have no placement under the constraints; figures leave them out.")
    _distributions(console, found)
    if found.candidates:
        _placements(console, found)
    _tornado(console, found, blocks)
    _drivers(console, found, blocks)


def _distributions(console: Console, found: Study) -> None:
    table = Table(title="USD per month", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    for name in ("P5", "P50", "P95", "mean", "± SE", "std. dev."):
        table.add_column(name, justify="right")
    if found.optimum is not None:
        table.add_row("the optimum of each workload", *_figures(found.optimum))
    for number, candidate in enumerate(found.candidates):
        if candidate.usd is not None and (candidate.roles or number < 2):
            partly = "" if candidate.fits == 1.0 else f" (runs {candidate.fits:.0%})"
            table.add_row(f"{_letter(number)} {_roles(candidate)}{partly}", *_figures(candidate.usd))
    console.print(table)


def _figures(found: Distribution) -> list[str]:
    figures = (found.p5.value, found.p50.value, found.p95.value, found.mean.value, found.mean.se, found.sd)
    return [usd(figure) for figure in figures]


def _letter(number: int) -> str:
    return chr(ord("A") + number) if number < 26 else str(number + 1)


def _roles(candidate: Candidate) -> str:
    return ", ".join("typical optimum" if role == TYPICAL else role for role in candidate.roles)


def _placements(console: Console, found: Study) -> None:
    table = Table(title="Placements", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    table.add_column("best with probability", justify="right")
    table.add_column("95 %", justify="right")
    for name in ("regret: mean", "P95", "max"):
        table.add_column(name, justify="right")
    table.add_column("what")
    reference = found.typical.placement
    shown = [n for n, c in enumerate(found.candidates) if n < _SHOWN or c.roles]
    for number in shown:
        candidate = found.candidates[number]
        best, regret = candidate.best, candidate.regret
        figures = ["", "", ""] if regret is None else [usd(each) for each in (regret.mean, regret.p95, regret.most)]
        table.add_row(
            _letter(number),
            f"{best.value:.1%}",
            f"{best.low:.1%}–{best.high:.1%}",
            *figures,
            "; ".join(filter(None, [_roles(candidate), _difference(candidate.placement, reference)])),
        )
    console.print(table)
    rest = found.distinct - sum(1 for number in shown if found.candidates[number].best.value > 0)
    if rest > 0:
        console.print(f"{rest} further placements are the best of some workload.")
    for which, least in ((found.least_mean, "expected cost"), (found.least_regret, "maximal regret")):
        if which is not None:
            console.print(f"Least {least} of the {len(found.candidates)} placements priced: {_letter(which)}")


def _difference(placement: Placement, reference: Placement) -> str:
    """What a placement fills otherwise than the typical optimum, which is spelled out itself."""
    return described(placement, placement.differing(reference) or SLOTS)


def described(placement: Placement, slots: Sequence[Slot]) -> str:
    """Some slots of a placement, by the place they are at."""
    places: dict[str, list[str]] = {}
    for slot in slots:
        choice = placement[slot]
        offer = choice.offer.removeprefix(f"{choice.provider.value}.")
        places.setdefault(f"{choice.provider.label} {choice.region}", []).append(f"{slot.value} {offer}")
    return "; ".join(f"{place}: {', '.join(offers)}" for place, offers in places.items())


def _tornado(console: Console, found: Study, blocks: bool) -> None:
    table = Table(
        title="One number at a time, the others typical (re-optimized / typical optimum kept)",
        title_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column("number")
    table.add_column("from", justify="right")
    table.add_column("to", justify="right")
    table.add_column("USD at from", justify="right")
    table.add_column("USD at to", justify="right")
    if blocks:
        table.add_column("change")
    ends = [value for swing in found.swings for value in swing.optimum if value is not None]
    widest = max((abs(value - found.typical.usd_per_month) for value in ends), default=0.0)
    for swing in found.swings:
        cells = [_both(swing, end) for end in (0, 1)]
        row = [swing.field, number_text(swing.low), number_text(swing.high), *cells]
        if blocks:
            row.append(_butterfly(swing, found.typical.usd_per_month, widest))
        table.add_row(*row)
    console.print(table)
    if any(swing.quantiles for swing in found.swings):
        console.print("Bells go from their P5 to their P95, other numbers from end to end.")


def _both(swing: Swing, end: int) -> str:
    best, fixed = swing.optimum[end], swing.fixed[end]
    first = "none" if best is None else usd(best)
    second = "cannot run" if fixed is None else usd(fixed)
    return first if first == second else f"{first} / {second}"


def _butterfly(swing: Swing, middle: float, widest: float) -> str:
    """A bar left of the middle for the cheaper end and one right of it for the dearer one."""
    ends = [value - middle for value in swing.optimum if value is not None]
    less, more = -min([*ends, 0.0]), max([*ends, 0.0])
    half = _BAR // 2
    left = bar(less, widest, half).rstrip()
    # Eighths fill from the left, so the left half is drawn in whole columns.
    return f"{'█' * len(left):>{half}}│{bar(more, widest, half).rstrip()}"


def _drivers(console: Console, found: Study, blocks: bool) -> None:
    table = Table(title="What drives the optimum's cost", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("number")
    table.add_column("explains alone", justify="right")
    table.add_column("rank correlation", justify="right")
    if blocks:
        table.add_column("")
    for driver in found.drivers:
        row = [driver.field, f"{driver.first_order:.1%} of variance", f"{driver.rank_correlation:+.2f}"]
        table.add_row(*row, *([bar(driver.first_order, 1.0, _BAR).rstrip()] if blocks else []))
    console.print(table)


def print_course(console: Console, found: Course, title: str) -> None:
    """The optimum along one number: where it changes, by placements' letters, and what each of those is."""
    console.print(f"{title}: the cheapest placement along {found.field}, {found.points:,} values optimized exactly")
    placements = list(dict.fromkeys(stretch.placement for stretch in found.stretches))
    letters = {each: _letter(number) for number, each in enumerate(placements)}
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in (found.field, "messages/day", "USD per month"):
        table.add_column(name, justify="right")
    table.add_column("cheapest")
    table.add_column("changes")
    first, last = found.stretches[0], found.stretches[-1]
    table.add_row(f"from {_value(first.start)}", "", _usd(first.start_usd), letters[first.placement], "")
    for change in found.changes:
        slots = ""
        if change.before is not None and change.after is not None:
            slots = ", ".join(slot.value for slot in change.before.differing(change.after))
        row = [_value(change.above), f"{change.messages_per_day:,.0f}", _usd(change.above_usd)]
        table.add_row(*row, letters[change.after], slots)
    table.add_row(f"to {_value(last.end)}", "", _usd(last.end_usd), letters[last.placement], "")
    console.print(table)
    legend = Table(title="Placements", title_justify="left", box=SIMPLE_HEAD, pad_edge=False, show_header=False)
    legend.add_column("")
    legend.add_column("")
    for placement, letter in letters.items():
        legend.add_row(letter, "nothing fits" if placement is None else described(placement, SLOTS))
    console.print(legend)
    for line in proof(found):
        console.print(line)


def _value(number: float) -> str:
    """As other figures of its column, which may have thousands: with separators from there on."""
    return f"{number:,.0f}" if number.is_integer() else number_text(number)


def proof(found: Course) -> Sequence[str]:
    """What was proved of the range."""
    if found.complete:
        return ["Every value of the range was examined."]
    return [
        "Between two values examined no placement is cheaper than the one named by more than "
        f"{found.slack:.2%}, as long as usage there lies between that of the two."
    ]


def _usd(value: float | None) -> str:
    return "none" if value is None else usd(value)
