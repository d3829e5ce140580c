"""`optimize --model edt25`: the published model on one workload."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from twin2multicloud.app.cli.terminal import output, print_json
from twin2multicloud.model.slots import SLOTS
from twin2multicloud.optimizer.edt25.search import CLOUDS

if TYPE_CHECKING:
    from twin2multicloud.app.cli.optimize import Request
    from twin2multicloud.model.documents import WorkloadDocument
    from twin2multicloud.model.workload import Workload
    from twin2multicloud.optimizer.edt25.result import EdtResult

_TITLES: Final = {
    "aws.iot-core": "IoT Core",
    "azure.iot-hub": "IoT Hub",
    "aws.lambda": "Lambda",
    "azure.functions": "Functions",
    "aws.dynamodb": "DynamoDB",
    "azure.cosmos-db": "Cosmos DB",
    "aws.s3-standard-ia": "S3 Standard-IA",
    "azure.blob-cool": "Blob Storage Cool",
    "aws.s3-glacier-deep-archive": "S3 Glacier Deep Archive",
    "azure.blob-archive": "Blob Storage Archive",
    "aws.iot-twinmaker": "IoT TwinMaker",
    "azure.digital-twins": "Digital Twins",
    "aws.managed-grafana": "Managed Grafana",
    "azure.managed-grafana": "Managed Grafana",
}


def check_options(request: Request) -> None:
    """Raise `UsageError` for options that the published model has no meaning for."""
    from twin2multicloud.app.optimizing.published import UNKNOWN

    request.refuse(
        {
            "--region": request.regions,
            "--residency": request.residency,
            "--require": request.require,
            "--managed-only": request.managed_only,
            "--deployable-only": request.deployable_only,
            "--egress": request.egress,
            "--prices": request.book.directory,
            "--max-price-age": request.max_price_age,
            "--top": request.top if request.top > 1 else None,
            "--explain": request.explain,
            "--report": request.report,
        },
        UNKNOWN,
    )


def optimize_published(request: Request, document: WorkloadDocument, title: str) -> int:
    """Optimize one workload under the published model and print the result."""
    from twin2multicloud.app.optimizing.published import IGNORED_ASSUMPTIONS, conflict, limits_of, published_document
    from twin2multicloud.optimizer.edt25.result import solve

    constraints = request.constraints(document.constraints)
    if request.json_output:
        print_json(published_document(document.workload, constraints, document.assumptions))
        return 0
    batch = solve([document.workload], limits_of(constraints))
    if not batch.feasible[0]:
        raise conflict(document.workload, constraints)
    ignored = [] if document.assumptions is None else [IGNORED_ASSUMPTIONS]
    _print(batch.result(0), document.workload, title, ignored)
    return 0


def _print(result: EdtResult, workload: Workload, title: str, ignored: Sequence[str]) -> None:
    from rich.text import Text

    from twin2multicloud.app.cli.tables import bars, money, plain_table, slot_name, warning_line, workload_line
    from twin2multicloud.app.cli.terminal import cloud_text, printable
    from twin2multicloud.app.report.figures import volume
    from twin2multicloud.optimizer.bill.cents import cents, to_cents
    from twin2multicloud.optimizer.edt25.prices import VERSION, content_hash

    total = cents(result.usd_per_month)
    own = [result.slots[slot][choice.provider] for slot, choice in result.placement.items()]
    amounts = to_cents([*own, *(link.usd for link in result.links)], total)
    table = plain_table()
    table.add_column("slot", no_wrap=True)
    table.add_column("offer", no_wrap=True)
    table.add_column("$/month", justify="right", no_wrap=True)
    table.add_column("the other cloud", justify="right", no_wrap=True)
    for number, (slot, choice) in enumerate(result.placement.items()):
        other = next(cloud for cloud in CLOUDS if cloud is not choice.provider)
        price = cloud_text(other, money(cents(result.slots[slot][other])))
        offer = cloud_text(choice.provider, _TITLES[choice.offer])
        table.add_row(slot_name(slot), offer, money(amounts[number]), price, end_section=slot is SLOTS[-1])
    for number, link in enumerate(result.links, start=len(SLOTS)):
        name = f"{link.source.value}→{link.target.value}"
        last = number == len(amounts) - 1
        carried = f"transfer of {volume(link.gb_per_month)}/month"
        table.add_row(name, carried, money(amounts[number]), "", end_section=last)
    table.add_row(Text("total", "bold"), "", Text(money(total), "bold"), "")
    mix = " + ".join(cloud.label for cloud in CLOUDS if any(c.provider is cloud for c in result.placement.values()))
    with output() as console:
        console.print(Text(printable(title), "bold"))
        console.print(Text(workload_line(workload), "dim"))
        console.print(
            Text.assemble((f"${money(total)} / month", "bold"), " under the published model edt25, prices of June 2025")
        )
        console.print("", table, "", sep="\n")
        console.print(bars(console, result.usd_per_month, mix, {p: result.baselines[p] for p in CLOUDS}))
        console.print("", _artifact(result), sep="\n")
        console.print(f"proven optimal: all 64 allocations priced · price book {VERSION}, {content_hash()[:12]}")
        for warning in [*result.warnings, *ignored]:
            console.print(warning_line(warning))


def _artifact(result: EdtResult) -> Any:
    from rich.text import Text

    from twin2multicloud.app.cli.tables import extra_money, money
    from twin2multicloud.app.cli.terminal import cloud_text
    from twin2multicloud.optimizer.bill.cents import cents

    text = Text(f"the artifact's own rule: ${money(cents(result.artifact.usd_per_month))}")
    differs = [
        Text.assemble(f"{slot.value} ", cloud_text(choice.provider))
        for slot, choice in result.artifact.placement.items()
        if choice != result.placement[slot]
    ]
    if not differs:
        return text.append(", the same placement")
    extra = extra_money(result.artifact.usd_per_month - result.usd_per_month)
    return text.append(f" ({extra}), with ").append_text(Text(", ").join(differs))
