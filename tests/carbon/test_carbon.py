"""Carbon: published factors with their sources, sums that add up, and nothing that is silently 0."""

from __future__ import annotations

import re

import pytest

from tests.cli.conftest import cached, call
from twin2multicloud.model.errors import InvalidInputError
from twin2multicloud.model.scenarios import scenario, scenario_names
from twin2multicloud.model.slots import PROVIDERS, Provider
from twin2multicloud.optimizer.bill.candidates import complete_regions
from twin2multicloud.optimizer.bill.optimize import BillOptimizer
from twin2multicloud.optimizer.carbon.factors import BUNDLED, load_factors, read_factors
from twin2multicloud.optimizer.carbon.footprint import footprint
from twin2multicloud.optimizer.pricing.book import load_book

TEXT = BUNDLED.read_text("utf-8")
FACTORS = load_factors()
BOOK = load_book()


def test_every_figure_names_a_source_with_its_year() -> None:
    assert set(FACTORS.pue) == set(FACTORS.watts_per_vcpu) == set(FACTORS.intensity) == set(PROVIDERS)
    for source in FACTORS.sources.values():
        assert source.url.startswith("https://")
        assert 2010 <= source.year <= 2026


def test_every_factor_belongs_to_a_meter_and_every_grid_to_a_region_of_the_price_book() -> None:
    for name in FACTORS.meters:
        assert FACTORS.kwh_per_unit(BOOK.meter(name)) is not None
    for provider, regions in FACTORS.intensity.items():
        assert set(regions) <= {region.code for region in BOOK.regions_of(provider)}


def test_where_twins_can_be_placed_the_grid_is_known() -> None:
    for region in complete_regions(BOOK):
        assert FACTORS.gco2e_per_kwh(region.provider, region.code) is not None, region.code


@pytest.mark.parametrize(
    ("meter", "units", "kwh"),
    [
        # 1,000 GB-months twice on SSDs of 1.2 W a TB: 730 h · 1.2 W · 2.
        ("aws.dynamodb.storage", 1000, 730 * 1.2 * 2 / 1000),
        # A month of a vCPU at half load: 730 h · (0.74 + 3.5) / 2 W.
        ("aws.fargate.vcpu-hours", 730, 730 * 2.12 / 1000),
        # 1,769 MiB for an hour are one vCPU, and 1.855 GB of memory.
        ("aws.lambda.duration-arm64", 1769 / 1024 * 3600, (2.12 + 0.392 * 1769 * 2**20 / 1e9) / 1000),
        ("azure.container-apps.vcpu-idle-seconds", 3600, 0.78 / 1000),
        ("gcp.storage.archive.storage", 1000, 730 * 0.65 * 2 * 2**30 / 1e9 / 1000),
        ("gcp.compute.e2-small-hours", 1, (0.5 * 2.485 + 2 * 2**30 / 1e9 * 0.392) / 1000),
        ("gcp.egress.internet", 1, 2**30 / 1e9 / 1000),
        ("azure.egress.internet", 7, 0.007),
    ],
)
def test_energy_is_what_the_coefficients_say(meter: str, units: float, kwh: float) -> None:
    each = FACTORS.kwh_per_unit(BOOK.meter(meter))
    assert each is not None
    assert each * units == pytest.approx(kwh, rel=1e-5)


def test_a_grid_counts_with_the_data_centres_overhead() -> None:
    assert FACTORS.gco2e_per_kwh(Provider.AWS, "eu-central-1") == pytest.approx(311 * 1.135)
    assert FACTORS.gco2e_per_kwh(Provider.GCP, "europe-west1") == pytest.approx(110 * 1.1)
    grid = FACTORS.grid(Provider.GCP, "europe-west1")
    assert grid is not None
    assert grid.own is not None
    assert grid.own.gco2e_per_kwh == 103.37  # told beside it, never used
    assert FACTORS.gco2e_per_kwh(Provider.AZURE, "polandcentral") is None
    assert FACTORS.gco2e_per_kwh(Provider.GCP, "europe-north2") is None  # only Google's own


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("eu-central-1 = { gco2e_per_kwh = 311,", "eu-central-1 = { gco2e_per_kwh = 402000,", "402000"),
        (
            "germanywestcentral = { gco2e_per_kwh = 338.66,",
            "germanywestcentral = { gco2e_per_kwh = 0.33866,",
            "0.33866",
        ),
        ("azure = { value = 1.185,", "azure = { value = 11.85,", "11.85"),
        ("full = 3.76,", "full = 376,", "376"),
        ("replicas = 4,", "replicas = 40,", "40"),
        ('source = "LAMBDA" }', 'source = "LAMDA" }', "no source that is listed"),
        ('is = "hdd"', 'is = "tape"', "tape"),
        ("year = 2024,", "", "year"),
        ("[pue]", "[puee]", "puee"),
        ("[pue]", "[pue", "cannot be read"),
    ],
)
def test_a_broken_figure_is_refused(before: str, after: str, said: str) -> None:
    """As in published tables that lost their decimal points."""
    assert before in TEXT
    with pytest.raises(InvalidInputError, match=re.escape(said)):
        read_factors(TEXT.replace(before, after, 1), "factors")


@pytest.mark.parametrize("name", scenario_names())
def test_a_footprint_adds_up_and_leaves_no_line_out(name: str) -> None:
    result = BillOptimizer(BOOK).optimize(scenario(name).workload, alternatives=False)
    found = footprint(result.invoice, result.placement, BOOK.meters, FACTORS)
    assert found.gco2e_per_month is not None
    assert found.gco2e_per_month == pytest.approx(sum(line.gco2e_per_month for line in found.lines))
    assert found.gco2e_per_month > 0
    for line in found.lines:
        grid = FACTORS.gco2e_per_kwh(line.provider, line.region)
        assert grid is not None
        assert line.gco2e_per_month == pytest.approx(line.kwh_per_month * grid)
    told = {(line.what, line.region) for line in found.lines} | {(m.meter, m.region) for m in found.not_modelled}
    assert {(line.meter, line.region) for line in result.invoice.lines} <= told
    modelled = sum(line.usd for line in result.invoice.lines if line.meter in FACTORS.meters)
    whole = modelled + sum(each.usd for each in found.not_modelled) + result.invoice.transit_usd
    assert whole == pytest.approx(result.usd_per_month)
    assert 0 < found.not_modelled_share < 1


def test_without_a_regions_grid_the_sum_is_not_known() -> None:
    result = BillOptimizer(BOOK).optimize(scenario("smart-home").workload, alternatives=False)
    region = next(line.region for line in result.invoice.lines if line.meter in FACTORS.meters)
    unknown = read_factors(re.sub(rf"(?m)^{region} = .*\n", "", TEXT), "factors")
    found = footprint(result.invoice, result.placement, BOOK.meters, unknown)
    assert found.gco2e_per_month is None
    assert found.unknown_regions == (region,)


def test_the_command_tells_lines_sources_and_what_is_not_modelled() -> None:
    found = cached("carbon", "smart-building", "--json").json
    assert found["gco2e_per_month"] == pytest.approx(sum(line["gco2e_per_month"] for line in found["lines"]))
    assert {line["source"] for line in found["lines"]} <= set(found["sources"])
    assert {line["region"] for line in found["lines"]} == set(found["grids"])
    missing = sum(line["usd"] for line in found["not_modelled"])
    assert found["not_modelled_share"] == pytest.approx(missing / found["usd_per_month"])
    text = cached("carbon", "smart-building").out
    assert f"{found['gco2e_per_month'] / 1000:,.1f} kgCO2e / month" in text
    assert f"{100 * found['not_modelled_share']:.1f} % of the bill" in text
    assert "methodology" in text


def test_a_policy_may_bound_it() -> None:
    grams = cached("carbon", "smart-home", "--json").json["gco2e_per_month"]
    for most, code in ((grams + 1, 0), (grams - 1, 9)):
        rules = f"max_gco2_per_month: {most}"
        outcome = call("check", "smart-home", "--policy", "-", stdin=rules.encode())
        assert outcome.code == code, outcome.out
        assert f"max_gco2_per_month: {grams:.4g} gCO2e, at most" in outcome.out
