"""One refresh reads the lists of all three clouds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.backends import Site, site
from tests.app.runners import work_off
from tests.pricing.live.aws_lists import lists_of
from tests.pricing.live.azure_list import azure_route
from tests.pricing.live.azure_list import whole_cloud as whole_azure
from tests.pricing.live.gcp_list import gcp_route
from tests.pricing.live.gcp_list import whole_cloud as whole_gcp
from tests.pricing.live.replay import FaultyPriceServer, serving
from twin2multicloud.app.services import prices
from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.book import load_book
from twin2multicloud.optimizer.pricing.fetching.selectors import load_selectors
from twin2multicloud.optimizer.pricing.meters import Figure

REGIONS = ["eu-central-1", "westeurope", "europe-west3"]


@pytest.fixture
def server() -> Iterator[FaultyPriceServer]:
    """Has the lists of all clouds."""
    book = load_book()
    aws = lists_of(book, load_selectors(Provider.AWS), REGIONS[:1])
    with serving(aws.files()) as server:
        azure = azure_route(whole_azure(book, [REGIONS[1], "eastus"])[0], lambda: server.url)
        google = gcp_route(whole_gcp(book)[0])
        server.route = lambda path: azure(path) or google(path)
        yield server


@pytest.fixture
def here(tmp_path: Path, sqlite_file: str, server: FaultyPriceServer) -> Iterator[Site]:
    lists = {"aws": server.url, "azure": server.url, "gcp": server.url, "google_api_key": "canary-key"}
    with site(tmp_path / "data", sqlite_file, price_lists=lists) as made:
        yield made


@pytest.mark.slow
def test_the_lists_of_all_clouds_come_to_one_book(here: Site, server: FaultyPriceServer) -> None:
    before = load_book()
    admin = here.person("ada", admin=True)
    run = admin.post("prices/refresh", {"source": "lists", "regions": REGIONS}, 201)
    work_off(here)
    done = admin.get(f"runs/{run['id']}")
    assert done["status"] == "succeeded", done["problem"]
    assert done["result"]["lists"]["findings"] == 0
    told = {each["message"] for each in admin.get(f"runs/{run['id']}/events?kind=prices&limit=500")["items"]}
    assert "Azure westeurope · Storage · 16 prices" in told
    assert any(each.startswith("GCP europe-west3 · Cloud Run · 5") for each in told)
    assert any(each.startswith("AWS eu-central-1 · Amazon DynamoDB · ") for each in told)
    after = prices.current(here.backend).prices
    listed = 0
    for region in REGIONS:
        for meter in after.meters.values():
            if meter.provider is not after.region(region).provider:
                continue
            new, old = after.figure(meter.id, region), before.figure(meter.id, region)
            assert isinstance(new, Figure), meter.id
            if not new.sku:
                assert new == old
                continue
            listed += 1
            dearer = 1.0 if meter.provider is Provider.AWS or not isinstance(old, Figure) else 1.1
            if isinstance(old, Figure):
                assert new.usd_per_unit == pytest.approx([usd * dearer for usd in old.usd_per_unit], rel=1e-3)
    assert listed == done["result"]["lists"]["taken"] == 63 + 44 + 38
    # Each cloud's list was asked for nothing of another region by itself.
    assert not any("brazilsouth" in path for path in server.paths())
