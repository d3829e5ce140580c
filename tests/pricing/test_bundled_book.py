from __future__ import annotations

import tomllib

import numpy as np
import pytest

from twin2multicloud.model.errors import PriceError, UsageError
from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.book import (
    BUNDLED,
    Figure,
    MissingPrice,
    PriceBook,
    load_book,
    quantity_in_units,
    validate_book,
)

TRIPLES = [
    {"aws": "us-east-1", "azure": "eastus", "gcp": "us-east4"},
    {"aws": "eu-central-1", "azure": "westeurope", "gcp": "europe-west1"},
]
QUANTITIES = [100, 1_000, 10_240, 51_200, 102_400, 200_000]
# Worked by hand from the published tiers; GB, or GiB for Google Cloud.
EGRESS_USD = {
    ("aws.egress.internet", "eu-central-1"): [0.00, 81.00, 912.60, 4_394.20, 7_978.20, 13_882.20],
    ("azure.egress.internet", "westeurope"): [0.00, 78.30, 882.18, 4_282.24, 7_867.48, 13_773.38],
    ("azure.egress.internet-routing", "westeurope"): [0.00, 72.00, 809.10, 3_466.00, 6_538.00, 11_396.00],
    ("gcp.egress.compute-premium", "europe-west1"): [11.88, 119.88, 1_136.52, 4_618.12, 8_970.12, 17_266.12],
    ("gcp.egress.internet", "europe-west1"): [10.50, 105.00, 1_075.20, 4_352.00, 8_448.00, 15_328.00],
}


def test_the_bundled_book_is_sound() -> None:
    assert validate_book() == []


@pytest.mark.parametrize(("lane", "expected"), list(EGRESS_USD.items()))
def test_egress_totals_to_the_cent(book: PriceBook, lane: tuple[str, str], expected: list[float]) -> None:
    cost = book.tariff(*lane).cost(np.array(QUANTITIES, dtype=np.float64))
    assert [round(float(usd), 2) for usd in cost] == expected


@pytest.mark.parametrize("triple", TRIPLES)
def test_every_meter_is_priced_in_the_reference_regions(book: PriceBook, triple: dict[str, str]) -> None:
    missing = [
        str(figure)
        for meter in book.meters.values()
        if isinstance(figure := book.figure(meter.id, triple[meter.provider]), MissingPrice)
    ]
    assert missing == []


def test_every_figure_names_its_origin(book: PriceBook) -> None:
    for figure in book.figures():
        source = book.sources[book.meter(figure.meter).provider, figure.source]
        assert source.title
        assert figure.date <= book.date
        assert figure.confidence in "ABCD"
        assert figure.note or figure.confidence != "D", figure


def test_every_source_backs_a_figure(book: PriceBook) -> None:
    cited = {(book.meter(figure.meter).provider, figure.source) for figure in book.figures()}
    cited |= {(provider, row.source) for provider, rows in book.transit.items() for row in rows}
    assert set(book.sources) == cited


def test_a_missing_price_says_why_and_is_never_zero(book: PriceBook) -> None:
    stated = book.figure("azure.egress.internet", "brazilsouth")
    assert isinstance(stated, MissingPrice)
    assert "zone 3" in str(stated)
    unstated = book.figure("aws.lambda.requests", "sa-east-1")
    assert isinstance(unstated, MissingPrice)
    assert "only for us-east-1, eu-central-1" in unstated.reason
    with pytest.raises(PriceError, match=r"gcp\.egress\.internet in asia-northeast1.*not monotone.*Choose another"):
        book.tariff("gcp.egress.internet", "asia-northeast1")


def test_unknown_names_suggest_the_nearest(book: PriceBook) -> None:
    with pytest.raises(UsageError, match=r"did you mean 'aws\.lambda\.requests'"):
        book.meter("aws.lambda.request")
    with pytest.raises(UsageError, match="did you mean 'eu-central-1'"):
        book.figure("aws.lambda.requests", "eu-centrall-1")
    with pytest.raises(UsageError, match="did you mean 'eu-data-act'"):
        book.figure("aws.lambda.requests", "us-east-1", "eu-dataact")
    with pytest.raises(UsageError, match="meter of AWS, eastus a region of Azure"):
        book.figure("aws.lambda.requests", "eastus")


def test_egress_under_the_eu_data_act(book: PriceBook) -> None:
    google = book.figure("gcp.egress.internet", "europe-west1", "eu-data-act")
    assert isinstance(google, Figure)
    assert (google.policy, google.fallback, google.published) == ("eu-data-act", False, (0.0,))
    assert google.free_units == float("inf")
    for meter, region in [("aws.egress.internet", "eu-central-1"), ("gcp.egress.internet", "us-east4")]:
        figure = book.figure(meter, region, "eu-data-act")
        assert isinstance(figure, Figure)
        assert (figure.policy, figure.fallback) == ("list", True)
        assert max(figure.published) > 0


def test_pools_follow_the_scope(book: PriceBook) -> None:
    assert book.pool_key("aws.egress.internet", "us-east-1") == book.pool_key("aws.egress.internet", "sa-east-1")
    zone = {code: book.pool_key("azure.egress.internet", code) for code in ("eastus", "westeurope", "japaneast")}
    assert zone["eastus"] == zone["westeurope"] != zone["japaneast"]
    storage = {code: book.pool_key("aws.dynamodb.storage", code) for code in ("us-east-1", "eu-central-1")}
    assert storage["us-east-1"] != storage["eu-central-1"]
    architectures = {book.pool_key(f"aws.lambda.duration-{cpu}", "us-east-1") for cpu in ("x86", "arm64")}
    assert len(architectures) == 1


def test_transit_between_regions_of_a_provider(book: PriceBook) -> None:
    def usd(provider: Provider, sender: str, receiver: str) -> float | MissingPrice:
        return book.transit_usd_per_gb(provider, sender, receiver)

    assert usd(Provider.AWS, "us-east-1", "us-east-2") == 0.01
    assert usd(Provider.AWS, "us-east-1", "eu-central-1") == 0.02
    assert usd(Provider.AWS, "sa-east-1", "us-east-1") == 0.138
    assert usd(Provider.AWS, "us-east-1", "us-east-1") == 0.0
    assert usd(Provider.AZURE, "westeurope", "northeurope") == 0.02
    # Published per GiB, asked for per GB.
    assert usd(Provider.GCP, "europe-west1", "europe-west3") == pytest.approx(0.02 * 1e9 / 2**30)
    assert usd(Provider.GCP, "europe-west1", "us-east4") == pytest.approx(0.08 * 1e9 / 2**30)
    assert isinstance(usd(Provider.AZURE, "brazilsouth", "eastus"), MissingPrice)
    with pytest.raises(UsageError, match="not both regions of AWS"):
        usd(Provider.AWS, "us-east-1", "eastus")


def test_every_region_of_a_provider_can_send_to_another_or_says_why_not(book: PriceBook) -> None:
    for provider in Provider:
        regions = book.regions_of(provider)
        for sender in regions:
            price = book.transit_usd_per_gb(provider, sender.code, next(r.code for r in regions if r is not sender))
            assert isinstance(price, MissingPrice) or price > 0


@pytest.mark.parametrize(
    ("meter", "amount", "each", "expected"),
    [
        ("aws.iot-core.messages", 10, 5_120, 10),
        ("aws.iot-core.messages", 10, 5_121, 20),
        ("aws.iot-core.messages", 10, 0, 10),
        ("azure.iot-hub.s1", 10, 6_000, 20),
        ("aws.lambda.duration-x86", 128 * 2**20, None, 0.125),
        ("aws.dynamodb.wcu-hours", 730, 2_000, 1_460),
        ("gcp.pubsub.throughput", 2**40, None, 1),
        ("gcp.pubsub.throughput", 2**40 / 1_000, 100, 1),
        ("aws.egress.internet", 5, 1e9, 5),
        ("aws.egress.internet", 5e9, None, 5),
        ("gcp.egress.internet", 2**30, None, 1),
        ("aws.grafana.editors", 3, None, 3),
    ],
)
def test_base_amounts_become_units(
    book: PriceBook, meter: str, amount: float, each: float | None, expected: float
) -> None:
    assert float(quantity_in_units(book.meter(meter), amount, each)) == pytest.approx(expected, rel=1e-12)


def test_units_are_converted_on_arrays(book: PriceBook) -> None:
    amounts = np.array([[1.0], [2.0]])
    sizes = np.array([1.0, 4_096.0, 4_097.0])
    units = quantity_in_units(book.meter("azure.iot-hub.s1"), amounts, sizes)
    assert units.tolist() == [[1, 1, 2], [2, 2, 4]]


def test_iot_hub_is_bought_by_units_of_the_peak_day(book: PriceBook) -> None:
    s1 = book.tariff("azure.iot-hub.s1", "westeurope")
    assert [float(s1.cost(q)) for q in (0.0, 1.0, 400_000.0, 400_001.0)] == pytest.approx([0, 25, 25, 50])
    figure = book.figure("azure.iot-hub.s3", "westeurope")
    assert isinstance(figure, Figure)
    assert figure.max_quantity == 10 * 300e6


def test_provisioned_throughput_has_a_floor_and_steps(book: PriceBook) -> None:
    tariff = book.tariff("azure.cosmos.provisioned-ru-hours", "westeurope")
    by_rate = [float(tariff.cost(rate * 730.0)) for rate in (1, 400, 401, 1_000)]
    assert by_rate == pytest.approx([23.36, 23.36, 29.20, 58.40])


def test_twinmaker_bundles_include_their_quota(book: PriceBook) -> None:
    assert float(book.tariff("aws.twinmaker.bundle-2", "eu-central-1").cost(1.0)) == pytest.approx(682.5)
    queries = book.tariff("aws.twinmaker.bundle-2.queries", "eu-central-1")
    assert [float(queries.cost(q)) for q in (9e6, 9e6 + 10_000)] == pytest.approx([0, 0.525])


def test_run_grants_are_worth_the_same_money_in_both_tiers(book: PriceBook) -> None:
    for meter in ("cpu", "memory"):
        worth = []
        for region in ("us-central1", "europe-west3"):
            figure = book.figure(f"gcp.run.{meter}", region)
            assert isinstance(figure, Figure)
            worth.append(figure.free_units * figure.usd_per_unit[-1])
        assert worth[0] == pytest.approx(worth[1], rel=1e-9)


def test_region_coverage(book: PriceBook) -> None:
    def priced(meter: str) -> int:
        return sum(figure.meter == meter for figure in book.figures("list"))

    assert priced("aws.egress.internet") == 28
    assert priced("gcp.storage.standard.storage") == priced("gcp.compute.pd-balanced") == 43
    assert priced("gcp.egress.compute-premium") == 40
    assert priced("azure.egress.internet") == 45


def test_the_version_names_the_content(book: PriceBook) -> None:
    assert load_book().content_hash == book.content_hash
    assert len(book.content_hash) == 64
    assert book.version == tomllib.loads((BUNDLED / "aws.toml").read_text(encoding="utf-8"))["version"]
    assert book.date == "2026-11-23"
