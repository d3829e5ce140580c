"""Rows as they were recorded from the lists make the figures of the bundled book.

Names, units, tiers and prices are those of the sources that the book cites for the figure; ids are our own.
"""

from __future__ import annotations

import pytest

from tests.pricing.live.azure_list import Feed, item
from tests.pricing.live.gcp_list import FIRESTORE, RUN, STORAGE, pricing, sku
from tests.pricing.live.truth import TODAY
from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.book import load_book
from twin2multicloud.optimizer.pricing.fetching import azurerows, gcprows
from twin2multicloud.optimizer.pricing.fetching.choosing import FetchedPrice, choose
from twin2multicloud.optimizer.pricing.fetching.rows import Part, PriceRow, Wanted
from twin2multicloud.optimizer.pricing.fetching.selectors import load_selectors
from twin2multicloud.optimizer.pricing.meters import Figure

MGN, ROUTED = "Rtn Preference: MGN", "Bandwidth - Routing Preference: Internet"
OUT, BLOB = "Standard Data Transfer Out", "General Block Blob v2"
ZONE_1 = [(0, 0), (100, 0.087), (10_335, 0.083), (51_295, 0.07), (153_695, 0.05), (512_095, 0.05)]
ROUTED_TIERS = [(0, 0), (100, 0.08), (10_100, 0.065), (50_100, 0.06), (150_100, 0.04)]
TWINS = "Digital Twins"

AZURE = [
    ("westeurope", Feed(TWINS, TWINS, "Standard", "Standard Message", "1K"), [(0, 0.0013)]),
    ("westeurope", Feed(TWINS, TWINS, "Standard", "Standard Operations", "1K"), [(0, 0.00325)]),
    ("westeurope", Feed(TWINS, TWINS, "Standard", "Standard Query Units", "1K"), [(0, 0.00065)]),
    ("westeurope", Feed("Azure Cosmos DB", "Azure Cosmos DB", "RUs", "Data Stored", "1 GB/Month"), [(0, 0.25)]),
    ("westeurope", Feed("Bandwidth", MGN, "Standard", OUT, "1 GB"), ZONE_1),
    (
        "westeurope",
        Feed("Bandwidth", ROUTED, "Standard", OUT, "1 GB"),
        ROUTED_TIERS,
    ),
    (
        "westeurope",
        Feed("Azure Grafana Service", "Azure Managed Grafana", "Standard", "Standard Node", "1/Hour"),
        [(0, 0.0445)],
    ),
    (
        "eastus",
        Feed("Functions", "Functions", "Standard", "Standard Total Executions", "10"),
        [(0, 0), (100_000, 0.000002)],
    ),
    (
        "eastus",
        Feed("Functions", "Flex Consumption", "On Demand", "On Demand Execution Time", "1 GB Second"),
        [(0, 0), (100_000, 0.000026)],
    ),
    (
        "eastus",
        Feed("Storage", BLOB, "Hot LRS", "Hot LRS Data Stored", "1 GB/Month"),
        [(0, 0.0208), (51_200, 0.019968), (512_000, 0.019136)],
    ),
    ("eastus", Feed("Azure Cosmos DB", "Azure Cosmos DB autoscale", "AP1", "AP1 100 RUs", "1/Hour"), [(0, 0.012)]),
    ("eastus", Feed("Event Grid", "Event Grid", "Standard", "Standard Operations", "100K"), [(0, 0), (1, 0.06)]),
    ("canadacentral", Feed("Storage", BLOB, "Hot LRS", "Hot LRS Write Operations", "10K"), [(0, 0.055)]),
    ("polandcentral", Feed("Bandwidth", ROUTED, "Standard", OUT, "1 GB"), ROUTED_TIERS),
]
"""Region, names, and tiers in units of the list."""

GCP = [
    (RUN, "Requests", "Compute", "count", [(0, 0), (2_000_000, 4e-7)], "global"),
    (RUN, "Services CPU (Request-based billing)", "Compute", "s", [(0, 0.000024)], "us-central1"),
    (RUN, "Services CPU Tier 2  (Request-based billing)", "Compute", "s", [(0, 0.0000336)], "southamerica-east1"),
    (
        RUN,
        "Services Memory Tier 2 (Request-based billing)",
        "Compute",
        "GiBy.s",
        [(0, 0.0000035)],
        "southamerica-east1",
    ),
    (RUN, "Services CPU (Request-based billing)", "Compute", "s", [(0, 0.000024)], "africa-south1"),
    (RUN, "Services CPU Tier 2  (Request-based billing)", "Compute", "s", [(0, 0.0000336)], "africa-south1"),
    (RUN, "Services CPU (Instance-based billing) in us-central1", "Compute", "s", [(0, 0.000018)], "us-central1"),
    (
        RUN,
        "Cloud Run Network Internet Data Transfer Out Europe to Europe",
        "PremiumInternetEgress",
        "GiBy",
        [(0, 0.105), (10_240, 0.08), (153_600, 0.06)],
        "europe-west1",
    ),
    (STORAGE, "Standard Storage US Regional", "RegionalStorage", "GiBy.mo", [(0, 0), (5, 0.02)], "us-central1"),
    (STORAGE, "Standard Storage Belgium", "RegionalStorage", "GiBy.mo", [(0, 0.02)], "europe-west1"),
    (STORAGE, "Standard Storage Iowa Dual-region", "MultiRegionalStorage", "GiBy.mo", [(0, 0.022)], "us-central1"),
    (STORAGE, "Regional Standard Class A Operations", "RegionalOps", "count", [(0, 0), (5000, 5e-6)], "global"),
    (FIRESTORE, "Cloud Firestore Read Ops Belgium", "FirestoreReadOps", "count", [(0, 3.3e-7)], "global"),
    (FIRESTORE, "Cloud Firestore Entity Writes Iowa", "FirestoreEntityPutOps", "count", [(0, 9e-7)], "global"),
    (FIRESTORE, "Cloud Firestore Storage Iowa", "FirestoreStorage", "GiBy.mo", [(0, 0.15)], "global"),
]
"""Service, description, group, unit, tiers in units of the list, region."""


def prices(provider: Provider, rows: list[PriceRow]) -> list[FetchedPrice]:
    """What is chosen of these rows, without anything being odd about it."""
    book, selectors = load_book(), load_selectors(provider)
    parts = [
        Part(provider, service, "", tuple(row for row in rows if row.service == service))
        for service in selectors.services
    ]
    chosen = choose(selectors, parts, book, [region.code for region in book.regions_of(provider)])
    return [price for price in chosen.prices if not price.findings]


def assert_bundled(found: list[FetchedPrice]) -> None:
    book = load_book()
    for price in found:
        figure = book.figure(price.meter, price.region)
        assert isinstance(figure, Figure)
        assert [start for start, _ in price.per_unit] == pytest.approx(figure.starts)
        assert [usd for _, usd in price.per_unit] == pytest.approx(figure.usd_per_unit)


def test_rows_recorded_of_azure() -> None:
    rows: list[PriceRow] = []
    for region, feed, tiers in AZURE:
        items = [item(feed, region, usd, start) for start, usd in tiers]
        rows += azurerows.rows_of(feed.service, items, Wanted((), None, TODAY))
    found = prices(Provider.AZURE, rows)
    assert len(found) == len(AZURE)
    assert_bundled(found)


def test_rows_recorded_of_google() -> None:
    skus = [
        (service, sku(service, description, group, [pricing(unit, tiers)], [region]))
        for service, description, group, unit, tiers, region in GCP
    ]
    rows = [row for service, made in skus for row in gcprows.rows_of(service, [made], Wanted((), None, TODAY))]
    found = prices(Provider.GCP, rows)
    assert_bundled(found)
    regional = [price for price in found if price.meter not in ("gcp.run.requests", "gcp.storage.standard.class-a")]
    # Of the 15 rows two are of all regions, one is of two regions, and one is of the wrong tier.
    assert len(regional) == len(GCP) - 4
