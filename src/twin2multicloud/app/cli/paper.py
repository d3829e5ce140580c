"""`twin2multicloud paper`: the published figures beside ours."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType

    from twin2multicloud.optimizer.edt25.paper import PaperComparison, PaperRow

MIN_WIDTH = 60


def paper(json_output: bool) -> int:
    """Print the comparison as tables, or as JSON, on standard output; 0 if every figure is as it should be, else 1."""
    from twin2multicloud.optimizer.edt25.paper import compare

    comparison = compare()
    if json_output:
        sys.stdout.write(_json(comparison) + "\n")
    else:
        from twin2multicloud.app.cli.terminal import output

        with output() as console:
            for part in _tables(comparison):
                console.print(part)
    return 0 if comparison.all_ok else 1


def _json(comparison: PaperComparison) -> str:
    from dataclasses import asdict

    document = {"all_ok": comparison.all_ok, "rows": [asdict(row) for row in comparison.rows]}
    return json.dumps(document, indent=2, ensure_ascii=False)


def _tables(comparison: PaperComparison) -> Iterator[RenderableType]:
    """One table per table of the paper, each with its notes below, then a summary."""
    from rich.text import Text

    for title, rows in groupby(comparison.rows, key=lambda row: row.table):
        listed = list(rows)
        notes = list(dict.fromkeys(row.note for row in listed if row.note))
        yield _table(title, listed, notes)
        for number, note in enumerate(notes, start=1):
            yield Text(f"  [{number}] {note}", style="italic")
        yield Text()
    total = len(comparison.rows)
    counts = {name: sum(row.status == name for row in comparison.rows) for name in ("matched", "explained")}
    wrong = total - sum(counts.values())
    verdict = "every figure is as it should be" if comparison.all_ok else f"{wrong} do NOT match"
    yield Text(
        f"{total} published figures: {counts['matched']} matched, {counts['explained']} explained; {verdict}.",
        style="bold" if comparison.all_ok else "bold red",
    )


def _table(title: str, rows: list[PaperRow], notes: list[str]) -> RenderableType:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    styles = {"matched": "green", "explained": "yellow", "MISMATCH": "bold red"}
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, min_width=MIN_WIDTH)
    table.add_column("figure")
    table.add_column("published", justify="right")
    table.add_column("ours", justify="right")
    table.add_column("")
    for row in rows:
        mark = f" [{notes.index(row.note) + 1}]" if row.note else ""
        table.add_row(Text(row.what), Text(row.published), Text(row.ours), Text(row.status + mark, styles[row.status]))
    return table
