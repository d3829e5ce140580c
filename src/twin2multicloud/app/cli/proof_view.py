"""What the proof of the wiring found, as a person reads it: by stack, each finding with its remedy."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from twin2multicloud.app.cli.terminal import printable
from twin2multicloud.deployer.proof.findings import Finding, Severity

_STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow"}


def print_findings(console: Console, findings: Sequence[Finding]) -> None:
    """Print them below their stacks, and how many there are."""
    if not findings:
        console.print(Text("The wiring is as planned: nothing found.", "green"))
        return
    for stack in dict.fromkeys(finding.where.stack for finding in findings):
        console.print(Text(printable(stack), "bold"))
        grid = Table.grid(padding=(0, 2))
        for _ in ("severity", "rule"):
            grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        for finding in findings:
            if finding.where.stack == stack:
                grid.add_row(
                    Text(f"  {finding.severity.value}", _STYLES[finding.severity]), finding.rule.value, _told(finding)
                )
        console.print(grid)
    console.print(f"{len(findings):,} finding{'s'[: len(findings) != 1]}")


def _told(finding: Finding) -> Text:
    address = finding.where.address.removeprefix("module.slot.")
    text = Text(printable(f"{address}: {finding.what}" if address else finding.what))
    text.append(printable(f"\n→ {finding.remedy}"), "dim")
    return text
