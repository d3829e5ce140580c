"""Where regions are, and what is nearest to them elsewhere."""

from __future__ import annotations

import pytest

from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.book import PriceBook
from twin2multicloud.optimizer.pricing.places import counterparts, km_between, places


def test_nearly_every_region_of_the_book_is_somewhere(book: PriceBook) -> None:
    nowhere = [region.code for region in book.regions.values() if (region.provider, region.code) not in places()]
    assert nowhere == ["asia-southeast3"]
    for region in book.regions.values():
        place = places().get((region.provider, region.code))
        if place is not None:
            assert -60 < place.north < 75
            assert -180 <= place.east <= 180
            assert place.country == region.country, region.code


def test_distances_are_those_of_a_map() -> None:
    frankfurt, virginia = places()[Provider.AWS, "eu-central-1"], places()[Provider.AWS, "us-east-1"]
    assert km_between(frankfurt, virginia) == pytest.approx(6_540, rel=0.02)
    assert km_between(virginia, frankfurt) == pytest.approx(km_between(frankfurt, virginia))
    assert km_between(frankfurt, frankfurt) == 0


def test_counterparts_are_the_nearest_at_each_other_cloud(book: PriceBook) -> None:
    found = counterparts(book.region("eu-central-1"), book.regions.values())
    assert {provider: each.code for provider, each in found.items()} == {
        Provider.AZURE: "germanywestcentral",
        Provider.GCP: "europe-west3",
    }
    assert all(each.km < 50 for each in found.values())
    assert counterparts(book.region("asia-southeast3"), book.regions.values()) == {}
