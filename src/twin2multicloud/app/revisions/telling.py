"""A comparison of two revisions as JSON, and as Markdown for whoever reviews a change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from twin2multicloud.app.optimizing.meters import identity
from twin2multicloud.app.report.figures import (
    MINUS,
    cents_of,
    dollars,
    extra,
    grams_text,
    quantity,
    share,
    unit_price,
)
from twin2multicloud.app.revisions.comparing import Billed, Comparison, MeterChange
from twin2multicloud.app.revisions.policy import Verdict
from twin2multicloud.model.placement import SlotChoice
from twin2multicloud.model.slots import SLOTS
from twin2multicloud.optimizer.bill.as_json import placement_json
from twin2multicloud.optimizer.pricing.book import PriceBook

Json = dict[str, Any]
_NOTHING: Final = "–"


def comparison_json(title: str, found: Comparison, verdicts: Sequence[Verdict], book: PriceBook) -> Json:
    """All of it, numbers unrounded, money in USD per month."""
    return {
        "twin": title,
        "price_book": identity(book),
        "revisions": {"before": found.names[0], "after": found.names[1]},
        "before": _billed(found.before),
        "after": {"placing": found.placing, **(_billed(found.after) or {})},
        "kept": _billed(found.kept),
        "kept_problem": found.kept_problem,
        "cheapest": _billed(found.cheapest),
        "change_usd": found.change_usd,
        "change_pct": found.change_pct,
        "moved": [slot.value for slot in found.moved],
        "lines": [_line(line) for line in found.changed],
        "unchanged": {"lines": len(found.unchanged), "usd_per_month": _usd(found.unchanged)},
        "policy": [
            {"rule": each.rule, "limit": each.limit, "value": each.value, "ok": each.ok, "note": each.note}
            for each in verdicts
        ],
        "ok": all(each.ok for each in verdicts),
    }


def _billed(billed: Billed | None) -> Json | None:
    if billed is None:
        return None
    emitted = billed.footprint
    return {
        "usd_per_month": billed.usd_per_month,
        "gco2e_per_month": emitted.gco2e_per_month,
        "not_modelled_share": emitted.not_modelled_share,
        "placement": placement_json(billed.placement),
    }


def _line(line: MeterChange) -> Json:
    return {
        "meter": line.meter,
        "provider": line.provider,
        "region": line.region,
        "service": line.service,
        "dimension": line.dimension,
        "unit": line.unit,
        "before": {"quantity": line.quantity[0], "usd_per_unit": line.usd_per_unit[0], "usd": line.usd[0]},
        "after": {"quantity": line.quantity[1], "usd_per_unit": line.usd_per_unit[1], "usd": line.usd[1]},
        "change_usd": line.change_usd,
    }


def _usd(lines: Iterable[MeterChange]) -> float:
    return sum(line.usd[1] for line in lines)


# ── Words that the table has, too ───────────────────────────────────────────────────────────────────────────
def headline(found: Comparison) -> str:
    """`$25.18 → $31.20 per month (+$6.02, +23.9 %)`."""
    after = dollars(cents_of(found.after.usd_per_month))
    if found.before is None or found.change_usd is None:
        return f"{after} per month"
    before = dollars(cents_of(found.before.usd_per_month))
    if not found.moved and not found.changed:
        return f"{after} per month, as before"
    part = "" if found.change_pct is None else f", {percent(found.change_pct)}"
    return f"{before} → {after} per month ({extra(cents_of(found.change_usd))}{part})"


def percent(value: float) -> str:
    """`+23.9 %`."""
    return f"{value:+.1f} %".replace("-", MINUS)


def choice_text(choice: SlotChoice) -> str:
    """An offer and where."""
    return f"{choice.offer} in {choice.region}"


def was_and_is(values: tuple[str, str]) -> str:
    """`a → b`, or `a` where nothing changed."""
    before, after = values
    return after if before == after else f"{before} → {after}"


def quantities(line: MeterChange) -> str:
    """A line's quantity before and after, with its unit."""
    before, after = (quantity(value) if value else _NOTHING for value in line.quantity)
    return f"{was_and_is((before, after))} {line.unit}"


def unit_prices(line: MeterChange) -> str:
    """What a unit costs on average before and after; averages over tiers in four digits."""
    before, after = (
        _NOTHING if usd is None else unit_price(float(f"{usd:.4g}"), line.unit) for usd in line.usd_per_unit
    )
    if _NOTHING in (before, after):
        return after if before == _NOTHING else before
    usd, per, same = before.partition(" per ")
    short = before != after and per and after.endswith(per + same)
    return was_and_is((usd if short else before, after))


def usd_text(usd: float) -> str:
    """An amount in cents, `–` for nothing."""
    return dollars(cents_of(usd)) if usd else _NOTHING


def other_answer(found: Comparison) -> str:
    """What the other way of placing the revision after would come to; "" where there is none to tell."""
    if found.before is None:
        return ""
    if found.kept is None:
        return f"The placement before cannot be kept: {' '.join((found.kept_problem or '').split())}"
    saving = found.kept.usd_per_month - found.cheapest.usd_per_month
    if cents_of(saving) == 0:
        return "The placement before is still the cheapest."
    if found.placing == "kept":
        cheapest = dollars(cents_of(found.cheapest.usd_per_month))
        slots = ", ".join(slot.value for slot in found.kept.placement.differing(found.cheapest.placement))
        return f"Placed anew it would cost {cheapest}, {dollars(cents_of(saving))} less; that moves {slots}."
    kept = dollars(cents_of(found.kept.usd_per_month))
    return f"With the placement before it would cost {kept}, {dollars(cents_of(saving))} more."


def emissions(found: Comparison) -> str:
    """What the revisions emit, as far as that is modelled."""
    each = [None if billed is None else billed.footprint for billed in (found.before, found.after)]
    if each[1] is None or any(one is not None and one.gco2e_per_month is None for one in each):
        regions = dict.fromkeys(region for one in each if one is not None for region in one.unknown_regions)
        return f"Carbon is not known: nobody publishes a comparable figure for the grid of {', '.join(regions)}."
    before, after = ("" if one is None else grams_text(one.gco2e_per_month or 0.0) for one in each)
    return (
        f"Carbon, as far as it is modelled: {was_and_is((before, after)) if before else after} per month; "
        f"{share(each[1].not_modelled_share, 1.0)} of the bill is not."
    )


def folded(found: Comparison) -> str:
    """What is not shown line by line."""
    count = len(found.unchanged)
    if not count:
        return ""
    lines = f"{count} lines" if count > 1 else "1 line"
    return f"{lines} of {dollars(cents_of(_usd(found.unchanged)))} together {'do' if count > 1 else 'does'} not change."


# ── Markdown ────────────────────────────────────────────────────────────────────────────────────────────────
def marker(title: str) -> str:
    """What a comment on this twin begins with, so that it is found again and written anew."""
    return f"<!-- twin2multicloud check {title} -->"


def comparison_markdown(title: str, found: Comparison, verdicts: Sequence[Verdict], book: PriceBook) -> str:
    """The change for whoever reviews it; rendered by GitHub and GitLab alike."""
    return "\n".join(_markdown(title, found, verdicts, book)) + "\n"


def _markdown(title: str, found: Comparison, verdicts: Sequence[Verdict], book: PriceBook) -> Iterator[str]:
    yield marker(title)
    yield f"### {_cell(title)}: {headline(found)}"
    yield ""
    for each in verdicts:
        yield f"- {'➖' if each.open else '✅' if each.ok else '❌'} {_cell(str(each))}"
    if verdicts:
        yield ""
    if found.before is not None and found.moved:
        yield "| slot | before | after |"
        yield "|---|---|---|"
        for slot in found.moved:
            before, after = found.before.placement[slot], found.after.placement[slot]
            yield f"| {slot.value} | {choice_text(before)} | {choice_text(after)} |"
        yield ""
    elif found.before is None:
        yield "| slot | offer |"
        yield "|---|---|"
        for slot in SLOTS:
            yield f"| {slot.value} | {choice_text(found.after.placement[slot])} |"
        yield ""
    if found.changed:
        yield "| meter | region | quantity | unit price | USD per month | change |"
        yield "|---|---|---|---|--:|--:|"
        for line in found.changed:
            amounts = was_and_is((usd_text(line.usd[0]), usd_text(line.usd[1])))
            cells = (
                f"{line.service}: {line.dimension}",
                line.region,
                quantities(line),
                unit_prices(line),
                amounts,
                extra(cents_of(line.change_usd)),
            )
            yield f"| {' | '.join(_cell(cell) for cell in cells)} |"
        yield ""
    for text in (folded(found), other_answer(found), emissions(found)):
        if text:
            yield _cell(text)
            yield ""
    yield f"<sub>Estimated at the list prices of {book.date} (price book {book.version}), before tax.</sub>"


def _cell(text: str) -> str:
    """Text that a table's cell can hold, and that is no markup of its own."""
    escaped = text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
    return " ".join(escaped.replace("`", "\\`").replace("*", "\\*").split())
