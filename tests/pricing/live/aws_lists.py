"""Price lists in AWS's shape, small and of figures of our own: an index, an index of regions per offer, a CSV per
region.
"""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.book import PriceBook
from twin2multicloud.optimizer.pricing.fetching.selectors import Selector, SelectorFile
from twin2multicloud.optimizer.pricing.meters import Figure

VERSION = "20261120070000"
COLUMNS = (
    *("SKU", "OfferTermCode", "RateCode", "TermType", "PriceDescription", "EffectiveDate", "StartingRange"),
    *("EndingRange", "Unit", "PricePerUnit", "Currency", "Product Family", "serviceCode", "Location", "Location Type"),
    *("Group", "Group Description", "usageType", "operation", "Region Code", "serviceName"),
    *("Volume Type", "Queue Type", "Event Type", "Transfer Type", "To Location"),
)
_BY_ATTRIBUTE = {title.replace(" ", "").lower(): title for title in COLUMNS}


@dataclass
class AwsRow:
    """A price as the list has it: tiers as (start, USD), and whatever columns differ from the usual."""

    sku: str
    usagetype: str
    unit: str
    tiers: Sequence[tuple[float, float]]
    attributes: dict[str, str] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)


class AwsLists:
    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], list[AwsRow]] = defaultdict(list)
        self.version = VERSION

    def add(self, service: str, region: str, row: AwsRow) -> None:
        self.rows[service, region].append(row)

    def row(self, service: str, region: str, usagetype: str) -> AwsRow:
        here = self.rows[service, region]
        [found] = [row for row in here if row.usagetype == usagetype and "TermType" not in row.columns]
        return found

    def file(self, service: str, region: str) -> str:
        return f"/offers/v1.0/aws/{service}/{self.version}/{region}/index.csv"

    def files(self) -> dict[str, bytes]:
        services = sorted({service for service, _ in self.rows})
        offers = {
            service: {
                "offerCode": service,
                "versionIndexUrl": f"/offers/v1.0/aws/{service}/index.json",
                "currentVersionUrl": f"/offers/v1.0/aws/{service}/current/index.json",
                "currentRegionIndexUrl": f"/offers/v1.0/aws/{service}/current/region_index.json",
            }
            for service in services
        }
        files = {"/offers/v1.0/aws/index.json": {"formatVersion": "v1.0", "offers": offers}}
        for service in services:
            regions = {
                region: {
                    "regionCode": region,
                    "currentVersionUrl": self.file(service, region).replace(".csv", ".json"),
                }
                for name, region in sorted(self.rows)
                if name == service
            }
            files[offers[service]["currentRegionIndexUrl"]] = {"formatVersion": "v1.0", "regions": regions}
        lists = {self.file(*key): self.csv(*key).encode() for key in self.rows}
        return {path: json.dumps(content).encode() for path, content in files.items()} | lists

    def csv(self, service: str, region: str) -> str:
        out = io.StringIO()
        writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
        for line in (
            ("FormatVersion", "v1.0"),
            ("Disclaimer", "Figures of our own, in the shape of a price list."),
            ("Publication Date", "2026-11-20T07:00:00Z"),
            ("Version", self.version),
            ("OfferCode", service),
        ):
            writer.writerow(line)
        writer.writerow(COLUMNS)
        for row in self.rows[service, region]:
            for number, cells in enumerate(_lines(service, region, row)):
                rate = f"{row.sku}.JRTCKXETXF.R{number}"
                full = {"RateCode": rate, **cells, **row.columns}
                writer.writerow([full.get(name, "") for name in COLUMNS])
        return out.getvalue()


def _lines(service: str, region: str, row: AwsRow) -> Iterable[dict[str, str]]:
    ends = [*(f"{start:g}" for start, _ in row.tiers[1:]), "Inf"]
    for (start, usd), end in zip(row.tiers, ends, strict=True):
        yield {
            "SKU": row.sku,
            "OfferTermCode": "JRTCKXETXF",
            "TermType": "OnDemand",
            "PriceDescription": f"${usd:.10f} per {row.unit} in EU (Ireland)",  # AWS names the wrong region, at times
            "EffectiveDate": "2026-11-01",
            "StartingRange": repr(int(start)),
            "EndingRange": end if end == "Inf" else repr(int(float(end))),
            "Unit": row.unit,
            "PricePerUnit": f"{usd:.13f}",
            "Currency": "USD",
            "serviceCode": service,
            "Location": f"somewhere ({region})",
            "Location Type": "AWS Region",
            "usageType": row.usagetype,
            "Region Code": region,
            **{_BY_ATTRIBUTE[name]: text for name, text in row.attributes.items()},
        }


def lists_of(book: PriceBook, selectors: SelectorFile, regions: Sequence[str]) -> AwsLists:
    """Lists that say just what the book says, so that whatever else comes of them is a mistake."""
    lists = AwsLists()
    for figure in book.figures("list"):
        if book.meter(figure.meter).provider is not Provider.AWS or figure.region not in regions:
            continue
        selector = selectors.meters[figure.meter]
        service, row = _row(figure, selector, selectors.facts[figure.region])
        lists.add(service, figure.region, row)
        # Rows that must not be taken for it: another term, and another usage of the same service.
        other = {"TermType": "Reserved", "OfferTermCode": "6QCMYABX3D"}
        lists.add(
            service, figure.region, AwsRow(f"{row.sku}R", row.usagetype, row.unit, [(0, 9)], row.attributes, other)
        )
        lists.add(
            service, figure.region, AwsRow(f"{row.sku}X", f"{row.usagetype}-Other", row.unit, [(0, 7)], row.attributes)
        )
    return lists


def _row(figure: Figure, selector: Selector, facts: Mapping[str, str]) -> tuple[str, AwsRow]:
    [wanted] = selector.rows
    tiers = list(zip(figure.starts, figure.usd_per_unit, strict=True))
    if wanted.lead_free:
        tiers = tiers[1:]
    elif selector.free_in(facts) and "dynamodb" not in figure.meter:
        tiers = [(0.0, tiers[1][1]), *tiers[2:]]  # what AWS lists apart
    attributes = {name: texts[0] for name, texts in wanted.match.items() if name != "usagetype" and texts[0]}
    usagetype = wanted.match["usagetype"][0].format_map(facts)
    sku = f"{figure.meter}@{figure.region}".upper()
    return wanted.service, AwsRow(sku, usagetype, wanted.units[0], tiers, attributes)
