"""What was found of an uncertain workload: what it costs, which placement to choose now, and which number matters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import flet as ft

from twin2multicloud.app.schemas.uncertainty import (
    CostDistribution,
    CostDriver,
    PricedPlacement,
    TornadoBar,
    UncertaintyResult,
)
from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import badges, bars, buttons, scales, states, tables, text
from twin2multicloud.app.ui.components.spans import Span, spans
from twin2multicloud.app.ui.language import tr, trn
from twin2multicloud.app.ui.proposal import words
from twin2multicloud.app.ui.proposal.look import Look
from twin2multicloud.app.ui.proposal.state import Loaded, differences, pins
from twin2multicloud.app.ui.proposal.sweep import field_title
from twin2multicloud.app.ui.proposal.words import moves_text
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.model.fields import number_text
from twin2multicloud.model.slots import Provider
from twin2multicloud.model.uncertain import FIELDS

_LISTED = 8
"""Placements that are listed though nothing but chance speaks for them."""


@dataclass(frozen=True)
class Candidate:
    """A placement that was priced over all workloads, by its number among them."""

    number: int
    found: PricedPlacement

    @property
    def letter(self) -> str:
        """What it is called here."""
        return chr(ord("A") + self.number) if self.number < 26 else str(self.number + 1)

    @property
    def clouds(self) -> list[Provider]:
        """The clouds it uses."""
        used = {choice.provider for choice in self.found.placement.values()}
        return [provider for provider in Provider if provider in used]


def candidates(found: UncertaintyResult) -> list[Candidate]:
    """Those that are shown: often the best, with a part to play, or the least of something."""
    least = {found.least_expected_cost, found.least_maximal_regret}
    return [
        Candidate(number, each)
        for number, each in enumerate(found.candidates)
        if number < _LISTED or each.roles or number in least
    ]


def study(session: Session, look: Look, loaded: Loaded, found: UncertaintyResult) -> ft.Control:
    """All of it."""
    if found.optimum is None:
        return states.nothing(
            tr("None of these workloads has a placement"), hint=tr("Loosen the constraints, or narrow the ranges.")
        )
    parts: list[ft.Control] = []
    if found.impossible:
        said = trn(
            "{count} workload has no placement under the constraints; figures leave it out.",
            "{count} workloads have no placement under the constraints; figures leave them out.",
            found.impossible,
        )
        parts.append(text.body(said))
    parts += [
        text.section(tr("What a month costs: P5, P50, P95")),
        _bands(session, found, found.optimum),
        *_choices(session, look, found),
        text.section(tr("Placements")),
        text.muted(
            tr(
                "How probably each is the cheapest (with Wilson’s 95 % interval), and its regret: what it costs more "
                "than the cheapest of each workload, per month."
            )
        ),
        _placements(session, look, loaded, found),
        text.section(tr("One number at a time")),
        text.muted(tr("Each number from end to end (of a bell from P5 to P95), the others typical, re-optimized.")),
        _tornado(session, found),
        text.section(tr("What drives the cost")),
        _drivers(session, found.drivers),
    ]
    return text.named(
        "study",
        ft.Column(parts, spacing=GAP, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
    )


def _bands(session: Session, found: UncertaintyResult, optimum: CostDistribution) -> ft.Control:
    currency = session.currency
    given = [(tr("the cheapest of each workload"), optimum, True)]
    for each in candidates(found):
        if each.found.usd is not None and (each.number < 2 or each.found.roles or each.number in _least(found)):
            name = f"{each.letter}: {_roles(found, each)}" if _roles(found, each) else each.letter
            given.append((name + _partly(each), each.found.usd, False))
    drawn = [
        Span(
            name,
            each.p5.usd,
            each.p50.usd,
            each.p95.usd,
            " · ".join(figures.money(figure.usd, currency) for figure in (each.p5, each.p50, each.p95)),
            strong,
        )
        for name, each, strong in given
    ]
    scale = scales.numbers(0.0, max(each.high for each in drawn), from_zero=True)
    return spans(
        drawn,
        scale,
        lambda usd: figures.money_mark(usd, scale.step, currency),
        session.appearance.palette.accent,
        axis=tr("{symbol} / month, from P5 to P95; the mark is P50", symbol=currency.symbol),
        label=tr("What a month costs: P5, P50, P95"),
        id="cost-bands",
        narrow=session.viewport.narrow,
    )


def _least(found: UncertaintyResult) -> set[int | None]:
    return {found.least_expected_cost, found.least_maximal_regret}


def _partly(each: Candidate) -> str:
    if each.found.fits >= 1:
        return ""
    return " " + tr("(runs {share})", share=figures.share(each.found.fits, digits=0))


def _roles(found: UncertaintyResult, each: Candidate) -> str:
    said = [_role(role) for role in each.found.roles]
    if each.number == found.least_expected_cost:
        said.append(tr("least expected cost"))
    if each.number == found.least_maximal_regret:
        said.append(tr("least maximal regret"))
    return ", ".join(said)


def _role(role: str) -> str:
    if role == "deployed":
        return tr("as it is placed")
    cloud, _, alone = role.partition(" ")
    if alone == "alone":
        return tr("{cloud} alone", cloud=cloud)
    return tr("cheapest of the typical workload")


def _choices(session: Session, look: Look, found: UncertaintyResult) -> list[ft.Control]:
    """The two to choose from now, if any placement runs all workloads."""
    made: list[ft.Control] = []
    for number in dict.fromkeys((found.least_expected_cost, found.least_maximal_regret)):
        if number is not None:
            each = Candidate(number, found.candidates[number])
            act = partial(session.go, look.of_placement(pins(each.found.placement)).path)
            made.append(buttons.other(_consider(found, each), act, icon=ft.Icons.CHECK))
    if not made:
        return [text.muted(tr("None of the placements that were priced can run every workload."))]
    return [ft.Row(made, spacing=GAP, run_spacing=GAP, wrap=True)]


def _consider(found: UncertaintyResult, each: Candidate) -> str:
    if found.least_expected_cost == found.least_maximal_regret:
        return tr("Consider the one of least expected cost and least maximal regret: {letter}", letter=each.letter)
    if each.number == found.least_expected_cost:
        return tr("Consider the one of least expected cost: {letter}", letter=each.letter)
    return tr("Consider the one of least maximal regret: {letter}", letter=each.letter)


def _placements(session: Session, look: Look, loaded: Loaded, found: UncertaintyResult) -> ft.Control:
    palette, currency, narrow = session.appearance.palette, session.currency, session.viewport.narrow

    def regret(each: Candidate, name: str) -> ft.Control:
        known = each.found.regret
        return text.figure(figures.NONE if known is None else figures.money(getattr(known, name), currency), size=13)

    columns: list[tables.Column[Candidate]] = [
        tables.Column("", lambda each: text.strong(each.letter), share=1, main=True),
        tables.Column(tr("The best with"), _best, share=4, number=True),
        tables.Column(tr("Regret, mean"), lambda each: regret(each, "mean"), share=2, number=True),
        tables.Column(tr("P95"), lambda each: regret(each, "p95"), share=2, number=True),
        tables.Column(tr("Largest"), lambda each: regret(each, "max"), share=2, number=True),
        tables.Column(
            tr("What"),
            lambda each: words.placement(each.clouds, _what(loaded, found, each), palette, narrow=narrow),
            share=8,
        ),
        tables.Column("", lambda each: _look_at(session, look, loaded, each), share=3, number=True),
    ]
    shown = candidates(found)
    table = tables.table(
        columns, shown, narrow=session.viewport.narrow, wide=session.viewport.wide, label=tr("Placements")
    )
    rest = found.distinct_placements - sum(1 for each in shown if each.found.best.probability > 0)
    if rest <= 0:
        return table
    said = trn(
        "{count} further placement is the best of some workload.",
        "{count} further placements are the best of some workload.",
        rest,
    )
    return ft.Column([table, text.muted(said)], spacing=GAP, tight=True)


def _best(each: Candidate) -> ft.Control:
    best = each.found.best
    between = f"{figures.share(best.low)[:-2]}–{figures.share(best.high)}"
    return ft.Column(
        [text.figure(figures.share(best.probability), size=13), text.muted(between, size=12, no_wrap=True)],
        spacing=1,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.END,
    )


def _what(loaded: Loaded, found: UncertaintyResult, each: Candidate) -> str:
    differs = moves_text(differences(found.typical.placement, each.found.placement), loaded.names)
    partly = _partly(each).strip()
    return "; ".join(filter(None, [_roles(found, each), differs, partly])) or figures.NONE


def _look_at(session: Session, look: Look, loaded: Loaded, each: Candidate) -> ft.Control:
    placement = each.found.placement
    if loaded.placed is not None and loaded.placed.placement == placement:
        return badges.pill(tr("placed"), session.appearance.palette.accent, size=11)
    name = tr("Consider placement {rank}", rank=each.letter)
    return buttons.named(tr("Look"), name, partial(session.go, look.of_placement(pins(placement)).path))


def _tornado(session: Session, found: UncertaintyResult) -> ft.Control:
    typical = found.typical.usd_per_month or 0.0
    given = [_swing(session, bar, typical) for bar in found.tornado]
    scale = scales.numbers(
        min([typical, *(each.low for each in given)]), max([typical, *(each.high for each in given)])
    )
    label = tr(
        "Cost of a month as each number varies, typically {amount}", amount=figures.per_month(typical, session.currency)
    )
    return spans(
        given,
        scale,
        lambda usd: figures.money_mark(usd, scale.step, session.currency),
        session.appearance.palette.accent,
        axis=tr(
            "{symbol} / month; the mark is the typical workload, {amount}",
            symbol=session.currency.symbol,
            amount=figures.money(typical, session.currency),
        ),
        label=label,
        id="tornado",
        narrow=session.viewport.narrow,
    )


def _swing(session: Session, bar: TornadoBar, typical: float) -> Span:
    known = [usd for usd in bar.optimum_usd if usd is not None]
    unit = f" {tr(FIELDS[bar.field].unit)}" if bar.field in FIELDS else ""
    ends = [
        f"{number_text(end)}{unit}: {tr('no placement') if usd is None else figures.money(usd, session.currency)}"
        for end, usd in zip((bar.low, bar.high), bar.optimum_usd, strict=True)
    ]
    return Span(number_name(bar.field), min([typical, *known]), typical, max([typical, *known]), " · ".join(ends))


def number_name(field: str) -> str:
    """What a number of the workload is called."""
    return field_title(FIELDS[field]) if field in FIELDS else field


def _drivers(session: Session, drivers: Sequence[CostDriver]) -> ft.Control:
    color = session.appearance.palette.accent.strong
    given = [
        bars.Bar(number_name(each.field), [bars.Part(each.first_order, color)], _explains(each)) for each in drivers
    ]
    label = tr("What each number explains of the variance alone, and its rank correlation with the cost")
    narrow = session.viewport.narrow
    drawn = bars.bars(given, label=label, name_px=130 if narrow else 260, said_px=110 if narrow else 130, name_lines=3)
    return ft.Column([text.muted(label), drawn], spacing=GAP, tight=True)


def _explains(each: CostDriver) -> str:
    sign = "−" if each.rank_correlation < 0 else "+"
    return f"{figures.share(each.first_order)}, {sign}{abs(each.rank_correlation):.2f}"
