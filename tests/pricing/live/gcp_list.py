"""Google's catalogue as a server gives it: shaped as the API's answers are, with figures of our own choosing.

`FEED` names the SKU that prices each meter of the book; the prices are those of the bundled book, a tenth dearer, in
whole billionths. Around them stands what the catalogue has besides.
"""

from __future__ import annotations

import json
import tomllib
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from tests.pricing.live.truth import DEARER, Tiers, Truth, base_tiers
from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.book import PriceBook, Region, book_texts

Sku = dict[str, Any]

PUBSUB, RUN, FIRESTORE, BIGTABLE = "A1E8-BE35-7EBC", "152E-C115-5142", "EE2C-7FAC-5E08", "C3BE-24A5-0975"
STORAGE, COMPUTE, SCHEDULER, LOGGING = "95FF-2EF5-5EA1", "6F81-5844-456A", "1F14-4801-0E16", "5490-F7B7-8DF6"
WORKFLOWS = "0000-1111-2222"
"""An id of our own: which one Workflows has is asked of the list of services."""

BASE_UNITS = {
    "s": ("s", 1),
    "h": ("s", 3600),
    "count": ("count", 1),
    "GiBy": ("By", 2**30),
    "TiBy": ("By", 2**40),
    "GiBy.s": ("By.s", 2**30),
    "GiBy.h": ("By.s", 2**30 * 3600),
    "GiBy.mo": ("By.s", 2**30 * 86400 * 31),
}

CONTINENTS = {
    "africa": "Africa",
    "asia": "AsiaPacific",
    "oceania": "Oceania",
    "europe": "Europe",
    "middle-east": "MiddleEast",
    "north-america": "North America",
    "south-america": "South America",
}
TIER_2 = frozenset(tomllib.loads(book_texts()["gcp.toml"])["groups"]["run-tier-2"])
"""Regions of Cloud Run's price tier 2."""


class Feed(NamedTuple):
    """Who prices a meter: the description with `{place}`, `{code}`, `{continent}` and `{tier}`; `everywhere` for a SKU
    of all regions; how many of the meter's units a unit of the list is (`block`); whether the free grant is listed.
    """

    service: str
    description: str
    group: str
    unit: str
    everywhere: bool = False
    block: float = 1
    grant_listed: bool = True


FEED = {
    "gcp.pubsub.throughput": Feed(PUBSUB, "Message Delivery Basic", "Message", "TiBy", True),
    "gcp.pubsub.retention": Feed(PUBSUB, "Subscriptions retained acknowledged messages", "Message", "GiBy.mo", True),
    "gcp.run.requests": Feed(RUN, "Requests", "Compute", "count", True),
    "gcp.run.cpu": Feed(RUN, "Services CPU{tier}  (Request-based billing)", "Compute", "s", grant_listed=False),
    "gcp.run.memory": Feed(
        RUN, "Services Memory{tier} (Request-based billing)", "Compute", "GiBy.s", grant_listed=False
    ),
    "gcp.run.instance-cpu": Feed(
        RUN, "Services CPU (Instance-based billing) in {code}", "Compute", "s", grant_listed=False
    ),
    "gcp.run.instance-memory": Feed(
        RUN, "Services Memory (Instance-based billing) in {code}", "Compute", "GiBy.s", grant_listed=False
    ),
    "gcp.firestore.reads": Feed(
        FIRESTORE, "Cloud Firestore Read Ops {place}", "FirestoreReadOps", "count", grant_listed=False
    ),
    "gcp.firestore.writes": Feed(
        FIRESTORE, "Cloud Firestore Entity Writes {place}", "FirestoreEntityPutOps", "count", grant_listed=False
    ),
    "gcp.firestore.deletes": Feed(
        FIRESTORE, "Cloud Firestore Entity Deletes {place}", "FirestoreEntityDeleteOps", "count", grant_listed=False
    ),
    "gcp.firestore.storage": Feed(
        FIRESTORE, "Cloud Firestore Storage {place}", "FirestoreStorage", "GiBy.mo", grant_listed=False
    ),
    "gcp.bigtable.node-hours": Feed(BIGTABLE, "Server Node {place}", "Bigtable", "h"),
    "gcp.bigtable.storage": Feed(BIGTABLE, "SSD Storage {place}", "Bigtable", "GiBy.mo"),
    "gcp.storage.standard.storage": Feed(STORAGE, "Standard Storage {place}", "RegionalStorage", "GiBy.mo"),
    "gcp.storage.standard.class-a": Feed(STORAGE, "Regional Standard Class A Operations", "RegionalOps", "count", True),
    "gcp.storage.standard.class-b": Feed(STORAGE, "Regional Standard Class B Operations", "RegionalOps", "count", True),
    "gcp.storage.nearline.storage": Feed(STORAGE, "Nearline Storage {place}", "NearlineStorage", "GiBy.mo"),
    "gcp.storage.nearline.class-a": Feed(STORAGE, "Regional Nearline Class A Operations", "NearlineOps", "count", True),
    "gcp.storage.nearline.class-b": Feed(STORAGE, "Regional Nearline Class B Operations", "NearlineOps", "count", True),
    "gcp.storage.nearline.retrieval": Feed(STORAGE, "Nearline Data Retrieval", "NearlineOps", "GiBy", True),
    "gcp.storage.coldline.storage": Feed(STORAGE, "Coldline Storage {place}", "ColdlineStorage", "GiBy.mo"),
    "gcp.storage.coldline.class-a": Feed(STORAGE, "Regional Coldline Class A Operations", "ColdlineOps", "count", True),
    "gcp.storage.coldline.class-b": Feed(STORAGE, "Regional Coldline Class B Operations", "ColdlineOps", "count", True),
    "gcp.storage.coldline.retrieval": Feed(STORAGE, "Coldline Data Retrieval", "ColdlineOps", "GiBy", True),
    "gcp.storage.archive.storage": Feed(STORAGE, "Archive Storage {place}", "ArchiveStorage", "GiBy.mo"),
    "gcp.storage.archive.class-a": Feed(STORAGE, "Regional Archive Class A Operations", "ArchiveOps", "count", True),
    "gcp.storage.archive.class-b": Feed(STORAGE, "Regional Archive Class B Operations", "ArchiveOps", "count", True),
    "gcp.storage.archive.retrieval": Feed(STORAGE, "Archive Data Retrieval", "ArchiveOps", "GiBy", True),
    "gcp.compute.pd-balanced": Feed(COMPUTE, "Balanced PD Capacity in {place}", "SSD", "GiBy.mo"),
    "gcp.compute.external-ip-hours": Feed(COMPUTE, "External IP Charge on a Standard VM", "IpAddress", "h", True),
    "gcp.scheduler.jobs": Feed(SCHEDULER, "Jobs", "Scheduler", "count", True, block=1 / 31),
    "gcp.workflows.internal-steps": Feed(WORKFLOWS, "Internal Steps", "Workflows", "count", True),
    "gcp.workflows.external-steps": Feed(WORKFLOWS, "External Steps", "Workflows", "count", True),
    "gcp.logging.ingestion": Feed(LOGGING, "Log Storage cost", "Logging", "GiBy", True),
    "gcp.egress.internet": Feed(
        RUN,
        "Cloud Run Network Internet Data Transfer Out {continent} to {continent}",
        "PremiumInternetEgress",
        "GiBy",
    ),
    "gcp.egress.compute-premium": Feed(
        COMPUTE, "Network Internet Data Transfer Out from {place} to Americas", "PremiumInternetEgress", "GiBy"
    ),
}
"""By meter of the book; the machines (e2) are made of two SKUs."""


def money(usd: float) -> dict[str, Any]:
    """An amount as the API gives it: units as text, and whole billionths."""
    nanos = round(usd * 1e9)
    return {"currencyCode": "USD", "units": str(nanos // 10**9), "nanos": nanos % 10**9}


def pricing(unit: str, tiers: Iterable[tuple[float, float]], at: str = "2026-06-01T07:00:00Z") -> dict[str, Any]:
    """What a SKU costs from then on."""
    base, factor = BASE_UNITS[unit]
    return {
        "summary": "",
        "pricingExpression": {
            "usageUnit": unit,
            "usageUnitDescription": unit,
            "baseUnit": base,
            "baseUnitDescription": base,
            "baseUnitConversionFactor": factor,
            "displayQuantity": 1000,
            "tieredRates": [{"startUsageAmount": start, "unitPrice": money(usd)} for start, usd in tiers],
        },
        "aggregationInfo": {
            "aggregationLevel": "ACCOUNT",
            "aggregationInterval": "MONTHLY",
            "aggregationCount": 1,
        },
        "currencyConversionRate": 1,
        "effectiveTime": at,
    }


def sku(
    service: str, description: str, group: str, prices: list[dict[str, Any]], regions: list[str], **category: str
) -> Sku:
    """A SKU, with all the fields that it has. Its id tells what it is, so that it stays the same."""
    name = f"{group}/{description}/{'+'.join(regions)}"
    return {
        "name": f"services/{service}/skus/{name}",
        "skuId": name,
        "description": description,
        "category": {
            "serviceDisplayName": service,
            "resourceFamily": "any",
            "resourceGroup": group,
            "usageType": "OnDemand",
            **category,
        },
        "serviceRegions": regions,
        "pricingInfo": prices,
        "serviceProviderName": "Google",
        "geoTaxonomy": {"type": "REGIONAL", "regions": regions},
    }


def place_of(region: Region) -> str:
    """The region's place as descriptions spell it, without accents."""
    return unicodedata.normalize("NFKD", region.name).encode("ascii", "ignore").decode()


def described(feed: Feed, region: Region) -> str:
    tier = " Tier 2" if region.code in TIER_2 else ""
    names = {"place": place_of(region), "code": region.code, "continent": CONTINENTS[region.zone], "tier": tier}
    return feed.description.format_map(names)


def _listed(feed: Feed, tiers: Tiers) -> tuple[Tiers, Tiers]:
    """The tiers as the list prints them, in its units; and what they then say, in the meter's."""
    shown = tiers if feed.grant_listed else tuple((0.0, usd) for _, usd in tiers if usd)
    printed = tuple((start / feed.block, round(usd * feed.block, 9)) for start, usd in shown)
    said = tuple((start, usd / feed.block) for (start, _), (_, usd) in zip(shown, printed, strict=True))
    return printed, said if feed.grant_listed else (
        *(tier for tier in tiers if not tier[1]),
        (tiers[-1][0], said[0][1]),
    )


def skus_of(book: PriceBook, meter: str, regions: Sequence[Region]) -> tuple[list[Sku], Truth]:
    """The SKUs that price a meter in those regions, and what they say."""
    feed = FEED[meter]
    made: list[Sku] = []
    truth: Truth = {}
    for region in regions:
        tiers = tuple((start, usd * DEARER) for start, usd in base_tiers(book, meter, region.code))
        printed, truth[meter, region.code] = _listed(feed, tiers)
        if feed.everywhere and made:
            continue
        # Firestore's SKUs name their place, and belong to no region.
        codes = ["global"] if feed.everywhere or feed.service == FIRESTORE else [region.code]
        prices = [pricing(feed.unit, printed)]
        made.append(sku(feed.service, described(feed, region), feed.group, prices, codes))
    return made, truth


def whole_cloud(book: PriceBook) -> tuple[dict[str, list[Sku]], Truth]:
    """Every price of every meter in every region where it is sold, as SKUs by service; and what they say."""
    skus: dict[str, list[Sku]] = {}
    truth: Truth = {}
    regions = book.regions_of(Provider.GCP)
    untold = {"asia-southeast3", "europe-north2"}  # which tier of Cloud Run they are in is not recorded
    for meter, feed in FEED.items():
        by_tier = meter.startswith("gcp.run.") and not feed.everywhere
        made, said = skus_of(book, meter, [each for each in regions if not (by_tier and each.code in untold)])
        skus.setdefault(feed.service, []).extend(made)
        truth |= said
    for region in regions:
        skus[COMPUTE] += _machine(book, region, truth)
    return skus, truth


def _machine(book: PriceBook, region: Region, truth: Truth) -> Iterator[Sku]:
    """A machine's hour is a core's and its memory's."""
    ((_, hour),) = base_tiers(book, "gcp.compute.e2-medium-hours", region.code)
    core, memory = round(hour * DEARER / 2, 9), round(hour * DEARER / 8, 9)
    truth["gcp.compute.e2-small-hours", region.code] = ((0.0, core / 2 + memory * 2),)
    truth["gcp.compute.e2-medium-hours", region.code] = ((0.0, core + memory * 4),)
    for what, group, unit, usd in (("Core", "CPU", "h", core), ("Ram", "RAM", "GiBy.h", memory)):
        description = f"E2 Instance {what} running in {place_of(region)}"
        yield sku(COMPUTE, description, group, [pricing(unit, [(0, usd)])], [region.code])
        spot = f"Spot Preemptible {description}"
        yield sku(COMPUTE, spot, group, [pricing(unit, [(0, usd / 3)])], [region.code], usageType="Preemptible")
        yield sku(COMPUTE, description, group, [pricing(unit, [(0, usd / 2)])], [region.code], usageType="Commit1Yr")


def decoys() -> Iterator[tuple[str, Sku]]:
    """What else the catalogue has that reads alike, none of which is the price that is paid."""
    iowa, tel_aviv, africa = ["us-central1"], ["me-west1"], ["africa-south1"]
    gib, month, second = ("GiBy", [(0, 9.0)]), ("GiBy.mo", [(0, 9.0)]), ("s", [(0, 9.0)])
    for service, description, group, (unit, tiers), regions in (
        (STORAGE, "Standard Storage Iowa Dual-region", "MultiRegionalStorage", month, iowa),
        (STORAGE, "Nearline Storage Iowa Dual-region", "NearlineStorage", month, iowa),
        (STORAGE, "Nearline Storage Iowa (Early Delete)", "NearlineStorage", month, iowa),
        (STORAGE, "Regional Standard Tagging Class A Operations", "RegionalOps", ("count", [(0, 9.0)]), ["global"]),
        (STORAGE, "Dual-Region Standard Class A Operations", "StandardOps", ("count", [(0, 9.0)]), ["global"]),
        (STORAGE, "Download Worldwide Destinations (excluding Asia & Australia)", "PremiumInternetEgress", gib, iowa),
        (COMPUTE, "Regional Balanced PD Capacity in Iowa", "SSD", month, iowa),
        (COMPUTE, "Network Internet Data Transfer Out from Iowa to China", "PremiumInternetEgress", gib, iowa),
        (COMPUTE, "Network Vpn Internet Egress from Iowa to Americas", "VPNInternetEgress", gib, iowa),
        (RUN, "Cloud Run Network Internet Data Transfer Out North America to Asia", "PremiumInternetEgress", gib, iowa),
        (RUN, "Cloud Run Network Internet Egress AsiaPacific to AsiaPacific", "PremiumInternetEgress", gib, tel_aviv),
        (RUN, "Services Min Instance CPU (Request-based billing)", "Compute", second, iowa),
        (RUN, "Services CPU Tier 2  (Request-based billing)", "Compute", second, africa),
        (RUN, "Services Memory Tier 2 (Request-based billing)", "Compute", ("GiBy.s", [(0, 9.0)]), africa),
    ):
        yield service, sku(service, description, group, [pricing(unit, tiers)], regions)
    daily = pricing("count", [(0, 0.0), (50_000, 9.0)])
    daily["aggregationInfo"]["aggregationInterval"] = "DAILY"
    description = "Cloud Firestore Read Ops (with free tier) Iowa"
    yield FIRESTORE, sku(FIRESTORE, description, "FirestoreReadOps", [daily], ["global"])


# -- the server --------------------------------------------------------------------------------------------------------


def gcp_route(skus: dict[str, list[Sku]], per_page: int = 500) -> Callable[[str], bytes | None]:
    """Answers for services and their SKUs by pages of so many, whatever number is asked for."""
    services = [
        {"name": f"services/{each}", "serviceId": each, "displayName": "Workflows" if each == WORKFLOWS else each}
        for each in skus
    ]

    def route(path: str) -> bytes | None:
        parts = urlsplit(path)
        asked = parse_qs(parts.query)
        first = int(asked.get("pageToken", ["0"])[0])
        if parts.path == "/v1/services":
            return _page("services", services, first, per_page)
        service = parts.path.removeprefix("/v1/services/").removesuffix("/skus")
        return _page("skus", skus[service], first, per_page) if service in skus else None

    return route


def _page(name: str, known: list[Any], first: int, per_page: int) -> bytes:
    after = first + per_page
    token = str(after) if after < len(known) else ""
    return json.dumps({name: known[first:after], "nextPageToken": token}).encode()
