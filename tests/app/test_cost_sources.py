"""Exports are fetched from stores that page, throttle and hold older exports beside the newest."""

from __future__ import annotations

import gzip
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import requests

from tests.app.test_bills import export
from tests.costing.bill_stores import FakeBigQuery, FakeBlobs, FakeS3, serving
from tests.costing.bills import NOVEMBER, line
from twin2multicloud.app.cost_sources.aws import S3Files
from twin2multicloud.app.cost_sources.azure import BlobFiles
from twin2multicloud.app.cost_sources.exports import SourceError, StoredFile, exported, newest
from twin2multicloud.app.cost_sources.gcp import billing_export
from twin2multicloud.app.cost_sources.locations import check
from twin2multicloud.costing.lines import BadLine, Category, CostLine
from twin2multicloud.costing.mapping import TwinTags, map_lines
from twin2multicloud.deployer.credentials.gcp import Google
from twin2multicloud.model.errors import InvalidInputError, UsageError
from twin2multicloud.model.slots import Provider

_KEYS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "eu-central-1"}
_DECEMBER: dict[str, Any] = {
    "period_begins": datetime(2026, 12, 1, tzinfo=UTC),
    "period_ends": datetime(2027, 1, 1, tzinfo=UTC),
    "charged_from": datetime(2026, 12, 1, tzinfo=UTC),
}


def costs(lines: Sequence[CostLine | BadLine]) -> list[Decimal]:
    assert not [each for each in lines if isinstance(each, BadLine)]
    return [each.cost for each in lines if isinstance(each, CostLine)]


def packed(*lines: CostLine) -> bytes:
    return gzip.compress(export(*lines).encode())


def test_s3_page_by_page_and_throttled() -> None:
    where = "focus/t2m/data/BILLING_PERIOD=2026-11"
    files = {
        f"{where}/t2m-00001.csv.gz": ("2026-12-03T08:00:00.000Z", packed(line("1"), line("9", **_DECEMBER))),
        f"{where}/t2m-00002.csv.gz": ("2026-12-03T08:00:01.000Z", packed(line("2"))),
        "focus/t2m/data/BILLING_PERIOD=2026-10/t2m-00001.csv.gz": ("2026-12-04T08:00:00.000Z", packed(line("4"))),
        "focus/t2m/metadata/BILLING_PERIOD=2026-11/t2m-Manifest.json": ("2026-12-03T08:00:00.000Z", b"{}"),
    }
    with serving(FakeS3(files=files, refusals=1)) as fake:
        store = S3Files("bills", _KEYS, fake.url)
        assert costs(list(exported(store, "focus/", "2026-11"))) == [1, 2], "lines of other months are left out"
        assert len([each for each in fake.asked if each == "GET /bills"]) >= 5
        with pytest.raises(UsageError, match="no export of 2026-09"):
            list(exported(store, "focus/", "2026-09"))
        with pytest.raises(SourceError, match="the bucket other cannot be read"):
            list(exported(S3Files("other", _KEYS, fake.url), "", "2026-11"))


def test_of_azures_runs_the_last_one_counts() -> None:
    span = "costs-focus/20261101-20261130"
    files = {
        f"{span}/b1/part_0_0001.csv": ("Wed, 02 Dec 2026 08:00:00 GMT", export(line("1")).encode()),
        f"{span}/a2/part_0_0001.csv": ("Thu, 03 Dec 2026 08:00:00 GMT", export(line("1.5")).encode()),
        f"{span}/a2/part_1_0001.csv": ("Thu, 03 Dec 2026 08:00:00 GMT", export(line("2.5")).encode()),
        f"{span}/a2/manifest.json": ("Thu, 03 Dec 2026 08:00:01 GMT", b"{}"),
    }
    with serving(FakeBlobs(files=files)) as fake:
        store = BlobFiles(f"{fake.url}", "costs", None)
        assert costs(list(exported(store, "costs-focus", "2026-11"))) == [Decimal("1.5"), Decimal("2.5")]
        store.close()


class Memory:
    """A store in memory."""

    def __init__(self, name: str, content: bytes) -> None:
        self._file = StoredFile(name, NOVEMBER.ends, len(content))
        self._content = content

    def files(self, prefix: str) -> list[StoredFile]:
        return [self._file]

    def fetch(self, name: str, into: Any) -> None:
        into.write(self._content)


def test_a_truncated_file_is_refused() -> None:
    whole = packed(*(line(f"{number}.5", usage=f"u{number}") for number in range(500)))
    with pytest.raises(InvalidInputError, match="cannot be unpacked"):
        list(exported(Memory("BILLING_PERIOD=2026-11/a.csv.gz", whole[:-40]), "", "2026-11"))


def test_which_export_is_the_newest() -> None:
    def file(name: str, day: int) -> StoredFile:
        return StoredFile(name, datetime(2026, 12, day, tzinfo=UTC), 1)

    files = [
        file("x/20261101-20261130/r1/p.csv", 1),
        file("x/20261101-20261130/r2/p.CSV", 2),
        file("x/20261101-20261130/r3/p.parquet", 3),
        file("x/20261001-20261031/r4/p.csv", 4),
        file("20261101-20261130.csv", 5),
    ]
    assert [each.name for each in newest(files, "2026-11")] == ["x/20261101-20261130/r2/p.CSV"]
    assert newest(files, "2028-02") == []
    assert newest([file("a/20280201-20280229/p.csv", 1)], "2028-02")


_FIRST = ["day", "account", "service", "sku", "region", "unit", "currency", "cost_type"]
COLUMNS = [*_FIRST, "run", "twin", "quantity", "cost", "credit"]


def page(*rows: str) -> dict[str, Any]:
    return {
        "schema": {"fields": [{"name": name, "type": "STRING"} for name in COLUMNS]},
        "rows": [{"f": [{"v": cell or None} for cell in row.split("|")]} for row in rows],
    }


def test_bigquery_page_by_page_and_throttled() -> None:
    reads = "2026-11-03|A|Cloud Firestore|Cloud Firestore Read Ops Belgium|europe-west1|count|USD"
    pages = [
        page(f"{reads}|regular|r4n|greenhouse|1000000|0.3300000001|-0.05"),
        page(
            f"{reads}|regular|||500|9|0", "2026-11-03|A|Invoice|Tax|||USD|tax||||1.9|0", f"{reads}|regular|r4n||x|1|0"
        ),
    ]
    waits: list[float] = []
    with serving(FakeBigQuery(pages=pages, refusals=2)) as fake:
        google = Google(requests.Session(), {"https://bigquery.googleapis.com": fake.url})
        lines = list(billing_export(google, "greenhouse-1.billing.gcp_billing_export_v1_01", "2026-11", waits.append))
        assert waits == [1.0, 2.0]
        assert "%2520" not in fake.asked[-1]
        assert fake.bodies[0]["queryParameters"][0]["parameterValue"] == {"value": "202611"}
        assert "`greenhouse-1.billing.gcp_billing_export_v1_01`" in fake.bodies[0]["query"]
    good = [each for each in lines if isinstance(each, CostLine)]
    assert [(each.category, each.cost) for each in good] == [
        (Category.USAGE, Decimal("0.3300000001")),
        (Category.CREDIT, Decimal("-0.05")),
        (Category.USAGE, Decimal("9")),
        (Category.TAX, Decimal("1.9")),
    ]
    assert [each.column for each in lines if isinstance(each, BadLine)] == ["PricingQuantity"]
    assert good[0].period_ends == NOVEMBER.ends
    key = ("gcp.firestore.reads", "europe-west1")
    found = map_lines(good, TwinTags("greenhouse", frozenset({"r4n"})), {key: 1.0})
    assert (found.meters[key].quantity, found.unmapped_usd) == (1_000_500, Decimal("-0.05"))


def test_a_table_is_named_not_injected() -> None:
    google = Google(requests.Session())
    with pytest.raises(SourceError, match="no table"):
        list(billing_export(google, "greenhouse-1.billing.x` WHERE true; DROP", "2026-11"))


def test_where_exports_are() -> None:
    check(Provider.AWS, "s3://my-bills/focus/t2m")
    check(Provider.AZURE, "https://mybills.blob.core.windows.net/costs/focus")
    check(Provider.GCP, "greenhouse-1.billing.gcp_billing_export_v1_01")
    for provider, wrong in (
        (Provider.AWS, "https://my-bills"),
        (Provider.AZURE, "https://169.254.169.254/costs/focus"),
        (Provider.AZURE, "https://evil.example/blob.core.windows.net/costs"),
        (Provider.GCP, "a/b"),
    ):
        with pytest.raises(UsageError, match="is no place of exports"):
            check(provider, wrong)


def test_blocks_of_units_are_multiplied() -> None:
    text = io.StringIO(
        "BilledCost,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargeCategory,ChargePeriodStart,"
        "ChargePeriodEnd,ProviderName,ServiceName,PricingQuantity,PricingUnit,x_PricingBlockSize\n"
        "1,USD,2026-11-01,2026-12-01,Usage,2026-11-01,2026-11-02,Microsoft,Storage Accounts,2.5,Units,10000\n"
    )
    from twin2multicloud.costing.reading import read_bill

    (found,) = read_bill(text)
    assert isinstance(found, CostLine)
    assert found.quantity == 25_000
