"""What the backend tells, as a person reads it: tables, facts in lines, times, amounts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel

from twin2multicloud.app.cli.terminal import output, print_json, printable
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Provider

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

NONE: Final = "–"
"""What stands where there is nothing."""


def known(given: Iterable[str], option: str, names: Sequence[str]) -> None:
    """`UsageError` for a value of an option that is none of its names."""
    for value in given:
        if value not in names:
            raise UsageError(f"{option}: '{value[:60]}' is none of {', '.join(names)}")


def moment(at: datetime | None) -> str:
    """A time to the second, in UTC."""
    return NONE if at is None else at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def dollars(usd: float | None) -> str:
    """An amount a month."""
    return NONE if usd is None else f"${usd:,.2f}"


def clouds_text(clouds: Sequence[Provider]) -> Text:
    """Clouds in their colours."""
    from rich.text import Text

    from twin2multicloud.app.cli.terminal import STYLES

    return Text(", ").join(Text(cloud.label, STYLES[cloud]) for cloud in clouds) if clouds else Text(NONE)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[RenderableType]], empty: str) -> None:
    """A table; a column whose title begins with ">" is of numbers. `empty` is said where there are no rows."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, show_edge=False, header_style="", pad_edge=False, padding=(0, 1, 0, 0))
    for title in columns:
        right = title.startswith(">")
        table.add_column(title.removeprefix(">"), justify="right" if right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) if isinstance(cell, str) else cell for cell in row))
    with output() as console:
        console.print(table if table.row_count else Text(empty))


def print_facts(title: str, facts: Iterable[tuple[str, RenderableType]]) -> None:
    """A thing's name, and below it a line for each fact."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in facts:
        grid.add_row(f"  {name}", Text(printable(value)) if isinstance(value, str) else value)
    with output() as console:
        console.print(Text(printable(title), "bold"))
        console.print(grid)


def print_models(items: Iterable[BaseModel]) -> None:
    """Bodies as JSON, as the API sends them."""
    print_json([item.model_dump(mode="json") for item in items])


def print_model(item: BaseModel | dict[str, Any]) -> None:
    """One body as JSON."""
    print_json(item.model_dump(mode="json") if isinstance(item, BaseModel) else item)
