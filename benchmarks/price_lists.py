"""How fast a price list is read, and in how much memory: a region's file of an AWS offer, far larger than any that is
read for a meter (200 MB as CSV), of which one row in a thousand is wanted.

The CSV is read as a refresh does it. The baseline is what one would do without it: `json.load` of the same list in its
JSON form. Each reads in a process of its own; memory is its peak resident set.

Run: python -m benchmarks.price_lists [--mb N] [--json]
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from twin2multicloud.optimizer.pricing.fetching.offer_csv import read_offer

VERSION = "20261120070000"
SERVICE = "AWSLambda"
REGION = "eu-central-1"
COLUMNS = (
    *("SKU", "OfferTermCode", "RateCode", "TermType", "PriceDescription", "EffectiveDate", "StartingRange"),
    *("EndingRange", "Unit", "PricePerUnit", "Currency", "Product Family", "serviceCode", "Location", "Location Type"),
    *("Group", "Group Description", "usageType", "operation", "Region Code", "serviceName"),
)
WANTED_EVERY = 1000


@dataclass(frozen=True)
class Reading:
    """One way of reading: its file, seconds, and peak memory."""

    way: str
    file_mb: float
    seconds: float
    peak_mib: float
    wanted: int


def lines() -> Iterator[tuple[str, ...]]:
    """Lines of a list without an end."""
    number = 0
    while True:
        sku = f"SKU{number:013d}"
        wanted = "Request" if number % WANTED_EVERY == 0 else f"Other-Usage-{number}"
        yield (
            *(sku, "JRTCKXETXF", f"{sku}.JRTCKXETXF.6YS6EN2CT7", "OnDemand"),
            f"USD 0.0000002 per Request for something numbered {number} in EU (Frankfurt)",
            *("2026-11-01", "0", "Inf", "Requests", "0.0000002000", "USD", "Serverless", SERVICE, "EU (Frankfurt)"),
            *("AWS Region", "AWS-Lambda-Requests", "Invocation call for a Lambda function", f"EUC1-{wanted}"),
            *("", REGION, "AWS Lambda"),
        )
        number += 1


def write(directory: Path, mb: int) -> tuple[Path, Path]:
    """The same list as CSV, of so many megabytes, and as JSON."""
    as_csv, as_json = directory / "index.csv", directory / "index.json"
    products: dict[str, object] = {}
    terms: dict[str, object] = {}
    with as_csv.open("w", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerows([("FormatVersion", "v1.0"), ("Version", VERSION), ("OfferCode", SERVICE), COLUMNS])
        for cells in lines():
            writer.writerow(cells)
            row = dict(zip(COLUMNS, cells, strict=True))
            sku = row["SKU"]
            products[sku] = {"sku": sku, "attributes": {name: row[name] for name in COLUMNS[12:]}}
            price = {
                name: row[name] for name in ("RateCode", "PriceDescription", "StartingRange", "EndingRange", "Unit")
            }
            terms[sku] = {
                f"{sku}.JRTCKXETXF": {"priceDimensions": {row["RateCode"]: price | {"USD": row["PricePerUnit"]}}}
            }
            if file.tell() >= mb * 1_000_000:
                break
    as_json.write_text(json.dumps({"formatVersion": "v1.0", "products": products, "terms": {"OnDemand": terms}}))
    return as_csv, as_json


def by_csv(file: Path) -> int:
    """As a refresh reads it."""

    def may_match(_: str, attributes: Mapping[str, str]) -> bool:
        return attributes["usagetype"] == "EUC1-Request"

    return len(read_offer(file, service=SERVICE, region=REGION, version=VERSION, on="2026-11-26", may_match=may_match))


def by_json(file: Path) -> int:
    """All of it at once."""
    with file.open() as opened:
        offer = json.load(opened)
    return sum(each["attributes"]["usageType"] == "EUC1-Request" for each in offer["products"].values())


WAYS = {"csv, a line at a time": by_csv, "json.load": by_json}


def measured(way: str, file: Path) -> Reading:
    """One way in a process of its own."""
    code = f"from benchmarks.price_lists import reading; reading({way!r}, {str(file)!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return Reading(**json.loads(done.stdout))


def reading(way: str, file: str) -> None:
    """What that process does."""
    began = time.perf_counter()
    wanted = WAYS[way](Path(file))
    seconds = time.perf_counter() - began
    # What getrusage tells begins with what the process that began this one had.
    status = Path("/proc/self/status").read_text().splitlines()
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024
    print(json.dumps(asdict(Reading(way, Path(file).stat().st_size / 1e6, seconds, peak, wanted))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mb", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = write(Path(folder), given.mb)
        found = [measured(way, file) for way, file in zip(WAYS, files, strict=True)]
    assert len({each.wanted for each in found}) == 1
    if given.json:
        print(json.dumps([asdict(each) for each in found], indent=2))
        return
    table = Table("way", "file, MB", "seconds", "MB/s", "peak, MiB", "rows wanted")
    for each in found:
        speed = each.file_mb / each.seconds
        table.add_row(
            each.way,
            f"{each.file_mb:.0f}",
            f"{each.seconds:.2f}",
            f"{speed:.0f}",
            f"{each.peak_mib:.0f}",
            f"{each.wanted}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
