"""A validation as a table to take along: CSV for programs, LaTeX for papers."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

_CENT: Final = Decimal("0.01")
_ESCAPES: Final = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
    # At the beginning of a row these would be taken for what the rule or the line end before it may be told.
    "[": "{[}",
    "*": "{*}",
    "`": r"\textasciigrave{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "→": r"$\rightarrow$",
    "–": r"\textendash{}",
    "·": r"$\cdot$",
    "×": r"$\times$",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
}
_LATIN_1_ENDS: Final = 0xFF
_KNOWN_BEYOND: Final = frozenset("ĄąĆćĘęŁłŃńŚśŹźŻżČčĎďĚěŇňŘřŠšŤťŮůŽžĞğİıŐőŰűŒœŸ€‘’“”„…")
"""What LaTeX's T1 fonts have beside Latin-1, of what names are made of in Europe."""
EFFECTS: Final = {
    "workload": "workload differs",
    "formula": "formula differs",
    "counting": "counted otherwise",
    "quantity": "quantity differs",
    "price": "price differs",
    "price-or-quantity": "price or quantity differs",
    "not-modelled": "not modelled",
}
"""What each cause is called, in the order of columns."""


@dataclass(frozen=True)
class TableRow:
    """A line of the table: quantities in `unit` a month, amounts in USD a month; None where there is none."""

    cloud: str
    meter: str
    region: str
    unit: str
    predicted: float | None
    metered: float | None
    billed: float | None
    predicted_usd: Decimal
    metered_usd: Decimal | None
    billed_usd: Decimal | None
    effects: Mapping[str, Decimal]


@dataclass(frozen=True)
class Table:
    """All rows, the largest difference first, and what they are about. `notes` are sentences for below a table."""

    twin: str
    period: str
    price_book: str
    rows: Sequence[TableRow]
    notes: Sequence[str] = ()

    def total(self, amount: Callable[[TableRow], Decimal | None]) -> Decimal | None:
        """The sum of a column of amounts; None where no row has any."""
        some = [found for row in self.rows if (found := amount(row)) is not None]
        return sum(some, Decimal(0)) if some else None

    @property
    def causes(self) -> list[str]:
        """The causes that explain anything, in their order."""
        return [cause for cause in EFFECTS if any(row.effects.get(cause) for row in self.rows)]


def as_csv(table: Table) -> str:
    """The table as CSV with all digits; what it is about is in columns of its own."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ["twin", "period", "price_book", "cloud", "meter", "region", "unit", "predicted", "metered", "billed"]
        + ["predicted_usd", "metered_usd", "billed_usd", "difference_usd"]
        + [f"{cause.replace('-', '_')}_usd" for cause in EFFECTS]
    )
    for row in table.rows:
        writer.writerow(
            [table.twin, table.period, table.price_book, row.cloud, row.meter, row.region, row.unit]
            + [_plain(row.predicted), _plain(row.metered), _plain(row.billed)]
            + [_exact(row.predicted_usd), _exact(row.metered_usd), _exact(row.billed_usd), _exact(_difference(row))]
            + [_exact(row.effects.get(cause, Decimal(0))) for cause in EFFECTS]
        )
    return out.getvalue()


def as_latex(table: Table) -> str:
    """The table as a document that compiles by itself; `booktabs` sets its rules. Take the table out of it for a paper.

    Amounts are rounded to cents; the columns of causes are those that explain anything.
    """
    causes = table.causes
    columns = "l l l r r r " + "r r r" + " r" * len(causes)
    heads = ["Meter", "Region", "Unit", "Predicted", "Metered", "Billed", *["Predicted", "Metered", "Billed"]]
    heads += [EFFECTS[cause].capitalize() for cause in causes]
    body = [_latex_row(row, causes) for row in table.rows]
    sums = [
        table.total(lambda row: row.predicted_usd),
        table.total(lambda row: row.metered_usd),
        table.total(lambda row: row.billed_usd),
    ]
    effects = [sum((row.effects.get(cause, Decimal(0)) for row in table.rows), Decimal(0)) for cause in causes]
    total = ["Total", "", "", "", "", "", *map(_cents, sums), *map(_cents, effects)]
    spans = [r"\cmidrule(lr){4-6}", r"\cmidrule(lr){7-9}"]
    over = ["", "", "", r"\multicolumn{3}{c}{Quantity a month}", r"\multicolumn{3}{c}{USD a month}"]
    if causes:
        over.append(rf"\multicolumn{{{len(causes)}}}{{c}}{{Difference explained, USD}}")
        spans.append(rf"\cmidrule(lr){{10-{9 + len(causes)}}}")
    caption = (
        f"Monthly cost of the twin {escaped(table.twin)} by meter: predicted, metered and billed "
        f"({escaped(table.period)}; price book {escaped(table.price_book)})."
    )
    caption += "".join(f" {escaped(note)}" for note in table.notes)
    return "\n".join(
        [
            r"\documentclass{article}",
            r"\usepackage[utf8]{inputenc}",
            r"\usepackage[T1]{fontenc}",
            r"\usepackage[landscape,margin=1.5cm]{geometry}",
            r"\usepackage{booktabs,graphicx,textcomp}",
            r"\newsavebox{\meters}",
            r"\begin{document}",
            r"\begin{table}",
            rf"  \caption{{{caption}}}",
            r"  \centering\small",
            r"  % As wide as the page, or as high where it has many rows.",
            r"  \sbox{\meters}{%",
            rf"  \begin{{tabular}}{{{columns}}}",
            r"    \toprule",
            f"    {' & '.join(over)} \\\\",
            f"    {' '.join(spans)}",
            f"    {' & '.join(heads)} \\\\",
            r"    \midrule",
            *(f"    {' & '.join(cells)} \\\\" for cells in body),
            r"    \midrule",
            f"    {' & '.join(total)} \\\\",
            r"    \bottomrule",
            r"  \end{tabular}}",
            r"  \sbox{\meters}{\resizebox{\textwidth}{!}{\usebox{\meters}}}",
            r"  \ifdim\dimexpr\ht\meters+\dp\meters\relax>0.8\textheight",
            r"    \sbox{\meters}{\resizebox*{!}{0.8\textheight}{\usebox{\meters}}}",
            r"  \fi",
            r"  \usebox{\meters}",
            r"\end{table}",
            r"\end{document}",
            "",
        ]
    )


def escaped(text: str) -> str:
    """Text as LaTeX sets it. Characters that its fonts have not are told by their numbers, as in U+4E2D."""
    printable = re.sub(r"[\x00-\x1f\x7f-\xa0\xad]", " ", text)
    whole = "".join(_ESCAPES.get(character) or _set(character) for character in printable)
    return re.sub(r"([-,'])(?=\1)", r"\1{}", whole)  # two of them would be set as one other sign


def _set(character: str) -> str:
    is_known = ord(character) <= _LATIN_1_ENDS or character in _KNOWN_BEYOND
    return character if is_known else f"U+{ord(character):04X} "


def _latex_row(row: TableRow, causes: Sequence[str]) -> list[str]:
    return [
        escaped(row.meter),
        escaped(row.region),
        escaped(row.unit),
        _rounded(row.predicted),
        _rounded(row.metered),
        _rounded(row.billed),
        _cents(row.predicted_usd),
        _cents(row.metered_usd),
        _cents(row.billed_usd),
        *(_cents(row.effects.get(cause, Decimal(0))) for cause in causes),
    ]


def _difference(row: TableRow) -> Decimal:
    return sum(row.effects.values(), Decimal(0))


def _plain(quantity: float | None) -> str:
    return "" if quantity is None else repr(quantity)


def _exact(amount: Decimal | None) -> str:
    return "" if amount is None else format(amount.normalize(), "f")


def _rounded(quantity: float | None) -> str:
    if quantity is None:
        return "--"
    return f"{quantity:,.0f}" if abs(quantity) >= 1000 else f"{quantity:,.4g}"


def _cents(amount: Decimal | None) -> str:
    if amount is None:
        return "--"
    rounded = amount.quantize(_CENT)
    # A comma would be followed by a space where numbers are set as mathematics.
    return f"$-${-rounded:,}" if rounded < 0 else f"{abs(rounded):,}"
