"""Azure's retail prices as a server gives them: shaped as the API's answers are, with figures of our own choosing.

`FEED` names the item that prices each meter of the book, as recorded from the API. The prices are those of the bundled
book, a tenth dearer, in units of the list; around them stands what a list has besides.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qs, quote, urlsplit

from tests.pricing.live.truth import DEARER, Truth, base_tiers
from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.book import PriceBook
from twin2multicloud.optimizer.pricing.fetching.azure import PATH

Item = dict[str, Any]


class Feed(NamedTuple):
    """Who prices a meter: names as printed, and how many of the meter's units a unit of the list is (`block`). The free
    grant may stand on a web page only (`grant_listed`); the price may be that of a half (`halves`).
    """

    service: str
    product: str
    sku: str
    meter: str
    unit: str
    block: float = 1
    grant_listed: bool = True
    halves: bool = False


BLOB = "General Block Blob v2"
APPS = "Azure Container Apps"
FEED = {
    "azure.iot-hub.s1": Feed("IoT Hub", "IoT Hub", "S1", "S1 Unit", "1/Month", 400_000),
    "azure.iot-hub.s2": Feed("IoT Hub", "IoT Hub", "S2", "S2 Unit", "1/Month", 6_000_000),
    "azure.iot-hub.s3": Feed("IoT Hub", "IoT Hub", "S3", "Standard S3 Unit", "1/Month", 300_000_000),
    "azure.iot-hub.b1": Feed("IoT Hub", "IoT Hub", "B1", "B1 Unit", "1/Month", 400_000),
    "azure.iot-hub.b2": Feed("IoT Hub", "IoT Hub", "B2", "B2 Unit", "1/Month", 6_000_000),
    "azure.iot-hub.b3": Feed("IoT Hub", "IoT Hub", "B3", "Basic B3 Unit", "1/Month", 300_000_000),
    "azure.functions.executions": Feed("Functions", "Functions", "Standard", "Standard Total Executions", "10", 10),
    "azure.functions.duration": Feed("Functions", "Functions", "Standard", "Standard Execution Time", "1 GB Second"),
    "azure.functions-flex.executions": Feed(
        "Functions", "Flex Consumption", "On Demand", "On Demand Total Executions", "10", 10
    ),
    "azure.functions-flex.duration": Feed(
        "Functions", "Flex Consumption", "On Demand", "On Demand Execution Time", "1 GB Second"
    ),
    "azure.event-hubs.throughput-unit-hours": Feed(
        "Event Hubs", "Event Hubs", "Standard", "Standard Throughput Unit", "1 Hour"
    ),
    "azure.event-hubs.events": Feed("Event Hubs", "Event Hubs", "Standard", "Standard Ingress Events", "1M", 1e6),
    "azure.storage-queue.operations": Feed(
        "Storage", "Queues v2", "Standard LRS", "LRS Class 1 Operations", "10K", 1e4
    ),
    "azure.cosmos.provisioned-ru-hours": Feed("Azure Cosmos DB", "Azure Cosmos DB", "RUs", "100 RU/s", "1/Hour", 100),
    "azure.cosmos.autoscale-ru-hours": Feed(
        "Azure Cosmos DB", "Azure Cosmos DB autoscale", "AP1", "AP1 100 RUs", "1/Hour", 100
    ),
    "azure.cosmos.serverless-ru": Feed("Azure Cosmos DB", "Azure Cosmos DB serverless", "RUs", "1M RUs", "1M", 1e6),
    "azure.cosmos.storage": Feed("Azure Cosmos DB", "Azure Cosmos DB", "RUs", "Data Stored", "1 GB/Month"),
    "azure.blob.hot.storage": Feed("Storage", BLOB, "Hot LRS", "Hot LRS Data Stored", "1 GB/Month"),
    "azure.blob.hot.write": Feed("Storage", BLOB, "Hot LRS", "Hot LRS Write Operations", "10K", 1e4),
    "azure.blob.hot.read": Feed("Storage", BLOB, "Hot LRS", "Hot Read Operations", "10K", 1e4),
    "azure.blob.cool.storage": Feed("Storage", BLOB, "Cool LRS", "Cool LRS Data Stored", "1 GB/Month"),
    "azure.blob.cool.write": Feed("Storage", BLOB, "Cool LRS", "Cool LRS Write Operations", "10K", 1e4),
    "azure.blob.cool.read": Feed("Storage", BLOB, "Cool LRS", "Cool Read Operations", "10K", 1e4),
    "azure.blob.cool.retrieval": Feed("Storage", BLOB, "Cool LRS", "Cool Data Retrieval", "1 GB"),
    "azure.blob.cold.storage": Feed("Storage", BLOB, "Cold LRS", "Cold LRS Data Stored", "1 GB/Month"),
    "azure.blob.cold.write": Feed("Storage", BLOB, "Cold LRS", "Cold LRS Write Operations", "10K", 1e4),
    "azure.blob.cold.read": Feed("Storage", BLOB, "Cold LRS", "Cold LRS Read Operations", "10K", 1e4),
    "azure.blob.cold.retrieval": Feed("Storage", BLOB, "Cold LRS", "Cold LRS Data Retrieval", "1 GB"),
    "azure.blob.archive.storage": Feed("Storage", BLOB, "Archive LRS", "Archive LRS Data Stored", "1 GB/Month"),
    "azure.blob.archive.write": Feed("Storage", BLOB, "Archive LRS", "Archive LRS Write Operations", "10K", 1e4),
    "azure.blob.archive.read": Feed("Storage", BLOB, "Archive LRS", "Archive Read Operations", "10K", 1e4),
    "azure.blob.archive.retrieval": Feed("Storage", BLOB, "Archive LRS", "Archive Data Retrieval", "1 GB"),
    "azure.digital-twins.messages": Feed("Digital Twins", "Digital Twins", "Standard", "Standard Message", "1K", 1e3),
    "azure.digital-twins.operations": Feed(
        "Digital Twins", "Digital Twins", "Standard", "Standard Operations", "1K", 1e3
    ),
    "azure.digital-twins.query-units": Feed(
        "Digital Twins", "Digital Twins", "Standard", "Standard Query Units", "1K", 1e3
    ),
    "azure.grafana.users": Feed(
        "Azure Grafana Service", "Azure Managed Grafana", "Standard", "Standard User", "1/Month"
    ),
    "azure.grafana.instance-hours": Feed(
        "Azure Grafana Service", "Azure Managed Grafana", "Standard", "Standard Node", "1/Hour", halves=True
    ),
    "azure.container-apps.vcpu-seconds": Feed(
        APPS, APPS, "Standard", "Standard vCPU Active Usage", "1 Second", grant_listed=False
    ),
    "azure.container-apps.vcpu-idle-seconds": Feed(
        APPS, APPS, "Standard", "Standard vCPU Idle Usage", "1 Second", grant_listed=False
    ),
    "azure.container-apps.memory": Feed(
        APPS, APPS, "Standard", "Standard Memory Active Usage", "1 GiB Second", grant_listed=False
    ),
    "azure.event-grid.operations": Feed("Event Grid", "Event Grid", "Standard", "Standard Operations", "100K", 1e5),
    "azure.monitor.log-ingestion": Feed(
        "Log Analytics", "Log Analytics", "Analytics Logs", "Analytics Logs Data Ingestion", "1 GB"
    ),
    "azure.egress.internet": Feed("Bandwidth", "Rtn Preference: MGN", "Standard", "Standard Data Transfer Out", "1 GB"),
    "azure.egress.internet-routing": Feed(
        "Bandwidth", "Bandwidth - Routing Preference: Internet", "Standard", "Standard Data Transfer Out", "1 GB"
    ),
}
"""By meter of the book."""


def item(feed: Feed, region: str, price: float, start: float = 0.0, **other: Any) -> Item:
    """An item of the list, with all the fields that it has."""
    return {
        "currencyCode": "USD",
        "tierMinimumUnits": start,
        "retailPrice": price,
        "unitPrice": price,
        "armRegionName": region,
        "location": region.upper(),
        "effectiveStartDate": "2026-03-01T00:00:00Z",
        "meterId": f"{feed.product}/{feed.meter}/{region}",
        "meterName": feed.meter,
        "productId": f"P {feed.product}",
        "skuId": f"S {feed.product}/{feed.sku}",
        "productName": feed.product,
        "skuName": feed.sku,
        "serviceName": feed.service,
        "serviceId": f"V {feed.service}",
        "serviceFamily": "any",
        "unitOfMeasure": feed.unit,
        "type": "Consumption",
        "isPrimaryMeterRegion": True,
        "armSkuName": "",
        **other,
    }


def items_of(feed: Feed, region: str, tiers: Iterable[tuple[float, float]], **other: Any) -> list[Item]:
    """The items of a price whose tiers are (start, USD per unit), both in the meter's units."""
    share = 0.5 if feed.halves else 1.0
    listed = [(start, usd) for start, usd in tiers if feed.grant_listed or usd]
    return [
        item(feed, region, usd * feed.block * share, start / feed.block if feed.grant_listed else 0.0, **other)
        for start, usd in listed
    ]


def decoys(feed: Feed, region: str, tiers: list[tuple[float, float]]) -> Iterator[Item]:
    """What else the list has of the same names, none of which is the price that is paid."""
    paid = item(feed, region, tiers[-1][1] * feed.block)
    yield {**paid, "type": "Reservation", "unitOfMeasure": "1 Hour", "retailPrice": 936.0, "reservationTerm": "1 Year"}
    yield {**paid, "type": "DevTestConsumption", "retailPrice": paid["retailPrice"] / 2}
    yield {**paid, "effectiveStartDate": "2027-06-01T00:00:00Z", "retailPrice": paid["retailPrice"] * 3}
    yield {**paid, "effectiveStartDate": "2019-01-01T00:00:00Z", "retailPrice": paid["retailPrice"] * 2}
    yield {**paid, "meterId": "old", "isPrimaryMeterRegion": False, "retailPrice": paid["retailPrice"] * 2}
    yield {**paid, "skuName": f"{feed.sku} GRS", "skuId": "geo", "retailPrice": paid["retailPrice"] * 2}
    yield {**paid, "meterName": f"{feed.meter} - to China", "meterId": "china", "retailPrice": 0.0}


def whole_cloud(
    book: PriceBook, regions: Iterable[str] = (), *, with_decoys_in: Iterable[str] = ()
) -> tuple[list[Item], Truth]:
    """Every price of every meter in these regions (none: all) where it is sold, as items; and what they say."""
    crowded = frozenset(with_decoys_in)
    items: list[Item] = []
    truth: Truth = {}
    places = tuple(regions) or tuple(region.code for region in book.regions_of(Provider.AZURE))
    for meter, feed in FEED.items():
        for region in places:
            if meter == "azure.egress.internet" and region == "polandcentral":
                continue
            tiers = [(start, usd * DEARER) for start, usd in base_tiers(book, meter, region)]
            truth[meter, region] = tuple(tiers)
            primary = meter != "azure.egress.internet" or region == "westeurope"
            items += items_of(feed, region, tiers, isPrimaryMeterRegion=primary)
            if region in crowded:
                items += decoys(feed, region, tiers) if primary else ()
    return items, truth


# -- the server --------------------------------------------------------------------------------------------------------

_TERM = re.compile(r"(\w+) eq '((?:[^']|'')*)'")


def page(items: list[Item], following: str | None = None, **other: Any) -> bytes:
    """A page as the API answers it."""
    envelope = {
        "BillingCurrency": "USD",
        "CustomerEntityId": "Default",
        "CustomerEntityType": "Retail",
        "Items": items,
        "NextPageLink": following,
        "Count": len(items),
    }
    return json.dumps({**envelope, **other}).encode()


def azure_route(items: Iterable[Item], url: Callable[[], str], per_page: int = 100) -> Callable[[str], bytes | None]:
    """Answers questions with `$filter` by pages of so many items, each with a link to the next."""
    known = list(items)

    def route(path: str) -> bytes | None:
        parts = urlsplit(path)
        if parts.path != PATH:
            return None
        asked = parse_qs(parts.query)
        terms = {name: value.replace("''", "'") for name, value in _TERM.findall(asked["$filter"][0])}
        wanted = [each for each in known if _fits(each, terms)]
        skip = int(asked.get("$skip", ["0"])[0])
        more = skip + per_page < len(wanted)
        query = f"api-version={asked['api-version'][0]}&$filter={quote(asked['$filter'][0])}&$skip={skip + per_page}"
        return page(wanted[skip : skip + per_page], f"{url()}{PATH}?{query}" if more else None)

    return route


def _fits(each: Mapping[str, Any], terms: Mapping[str, str]) -> bool:
    return all(each["type" if name == "priceType" else name] == value for name, value in terms.items())
