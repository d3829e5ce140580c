"""`check`: a twin's definition, checked whole, and what it describes."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from twin2multicloud.app.cli.terminal import output, print_json, printable
from twin2multicloud.model.errors import UsageError

if TYPE_CHECKING:
    from twin2multicloud.model.errors import Finding
    from twin2multicloud.model.twin.definition import TwinDefinition


def check(name: str, json_output: bool) -> int:
    """Read a twin, say what it describes and what is perhaps not meant. Problems are raised, all of them at once."""
    from twin2multicloud.model.twin.summary import twin_summary
    from twin2multicloud.model.twin.warnings import twin_warnings

    definition = read_twin(name)
    warnings = twin_warnings(definition)
    if json_output:
        print_json(twin_summary(definition, warnings))
    else:
        _print(definition, warnings)
    return 0


def check_alone(name: str, form: str, place: str | None, prices: str | None) -> int:
    """`check` without anything to compare with; `UsageError` for options that would say nothing then."""
    given = {"--format markdown": form == "markdown", "--place": place is not None, "--prices": prices is not None}
    if wrong := [option for option, said in given.items() if said]:
        raise UsageError(f"{', '.join(wrong)}: only with --against or --policy")
    return check(name, form == "json")


def read_twin(name: str) -> TwinDefinition:
    """The twin that TWIN names: a bare word is a built-in one; a path has a separator or a suffix."""
    from twin2multicloud.model.twin.reader import read_twin_file, twin_of_scenario

    path = PurePath(name)
    if name == "-" or path.suffix or len(path.parts) != 1 or name != path.name:
        return read_twin_file(name)
    try:
        return twin_of_scenario(name)
    except UsageError as error:
        raise UsageError(f"{error}. A file without a suffix needs its directory: ./{printable(name)}") from error


def _print(definition: TwinDefinition, warnings: list[Finding]) -> None:
    from rich.table import Table
    from rich.text import Text

    from twin2multicloud.app.cli.tables import indented
    from twin2multicloud.model.twin.summary import twin_summary

    facts = twin_summary(definition, warnings)
    with output() as console:
        console.print(Text.assemble((definition.name, "bold"), f"  {definition.description}".rstrip()))
        console.print()
        table = Table(box=None, pad_edge=False, padding=(0, 2), header_style="dim")
        table.add_column("device type", overflow="fold")
        for title in ("devices", "fields", "commands", "message"):
            table.add_column(title, justify="right")
        for kind in facts["device_types"]:
            table.add_row(
                kind["name"],
                f"{kind['devices']:,}",
                str(kind["fields"]),
                str(len(kind["commands"])),
                f"{kind['message_bytes']} B",
            )
        size = facts["message_bytes"]
        table.add_row("all", f"{facts['devices']:,}", "", "", f"{size['estimated']} B", style="bold")
        console.print(indented(table, 2))
        console.print()
        console.print(indented(Text(_line("graph", _graph(facts))), 2))
        console.print(indented(Text(_line("rules", _rules(facts))), 2))
        console.print(indented(Text(_line("dashboards", _dashboards(facts))), 2))
        console.print(indented(Text(_line("code", ", ".join(facts["modules"]) or "none")), 2))
        console.print(indented(Text(_line("workload", f"{size['workload']} B per message are priced")), 2))
        console.print()
        for warning in warnings:
            console.print(Text.assemble(("warning: ", "yellow"), str(warning)))
        count = len(warnings)
        console.print(Text("✓ fine" if not count else f"✓ fine, with {count} warning{'s' if count > 1 else ''}"))


def _line(title: str, text: str) -> str:
    return f"{title:<12}{text}"


def _graph(facts: dict[str, Any]) -> str:
    entities = ", ".join(f"{count:,} {model}" for model, count in facts["entities"].items())
    return f"{entities or 'no entities'}; {facts['relationships']:,} relationships"


def _rules(facts: dict[str, Any]) -> str:
    names = ", ".join(rule["name"] for rule in facts["rules"])
    return f"{names}; {facts['rules_per_message']:.2g} look at a message on average" if names else "none"


def _dashboards(facts: dict[str, Any]) -> str:
    return ", ".join(f"{item['title']} ({item['panels']} panels)" for item in facts["dashboards"]) or "none"
