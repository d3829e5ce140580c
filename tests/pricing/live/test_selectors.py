"""The data that says which row prices which meter."""

from __future__ import annotations

from pathlib import Path

import pytest

from twin2multicloud.model.errors import InvalidInputError
from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.book import load_book
from twin2multicloud.optimizer.pricing.fetching.selectors import load_selectors

PROVIDERS = (Provider.AWS, Provider.AZURE, Provider.GCP)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_meter_and_every_region_of_the_book_has_an_entry(provider: Provider) -> None:
    book, selectors = load_book(), load_selectors(provider)
    assert set(selectors.meters) == {meter.id for meter in book.meters.values() if meter.provider is provider}
    unasked = {region.code for region in book.regions_of(provider)} - set(selectors.facts)
    # The list of AWS prices a local zone under its region, and the government's regions apart.
    assert unasked == ({"us-gov-east-1", "us-gov-west-1", "us-west-2-lax-1"} if provider is Provider.AWS else set())
    assert all(each.rows or each.not_listed for each in selectors.meters.values())


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_meter_is_looked_for_somewhere(provider: Provider) -> None:
    selectors = load_selectors(provider)
    for selector in selectors.meters.values():
        asked = [code for code, facts in selectors.facts.items() if selector.asks_for(facts)]
        assert asked or selector.not_listed, selector.meter


@pytest.mark.parametrize("provider", PROVIDERS)
def test_prices_are_written_as_the_book_writes_them(provider: Provider) -> None:
    book, selectors = load_book(), load_selectors(provider)
    for figure in book.figures("list"):
        selector = selectors.meters.get(figure.meter)
        if selector is not None and not selector.not_listed:
            assert selector.per == figure.per, figure.meter


def test_cloud_run_has_its_free_grant_by_tier() -> None:
    selectors = load_selectors(Provider.GCP)
    cpu = selectors.meters["gcp.run.cpu"]
    assert cpu.free_in(selectors.facts["europe-west1"]) == 180_000
    assert cpu.free_in(selectors.facts["europe-west3"]) == pytest.approx(180_000 / 1.4)
    assert not cpu.asks_for(selectors.facts["europe-north2"])  # whose tier is not recorded


@pytest.mark.parametrize(
    ("free", "fault"),
    [
        ('"{grant}"', "makes 'much' in there, which is no number"),
        ('"many"', "makes 'many' in here, which is no number"),
        ("[1]", "must be a number"),
    ],
)
def test_a_free_grant_is_a_number_in_every_region(tmp_path: Path, free: str, fault: str) -> None:
    (tmp_path / "gcp.toml").write_text(
        f"""
        provider = "gcp"
        [regions]
        here = {{ grant = 5 }}
        there = {{ grant = "much" }}
        nowhere = {{}}
        [meters."gcp.fn.calls"]
        service = "S"
        match = {{ description = "Calls" }}
        unit = "count"
        free = {free}
        """
    )
    with pytest.raises(InvalidInputError) as caught:
        load_selectors(Provider.GCP, tmp_path)
    assert fault in str(caught.value)
