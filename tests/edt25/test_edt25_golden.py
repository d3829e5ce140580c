"""The figures that the unmodified artifact gives for the paper's three scenarios, and the shape of a result."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from twin2multicloud.model.scenarios import SCENARIOS, scenario
from twin2multicloud.model.slots import SLOTS, Provider, Slot
from twin2multicloud.model.workload import Workload
from twin2multicloud.optimizer.edt25.prices import PRICES, content_hash
from twin2multicloud.optimizer.edt25.result import EdtResult, solve
from twin2multicloud.optimizer.edt25.search import Limits
from twin2multicloud.optimizer.edt25.workload import PaperWorkloads

AWS, AZURE = Provider.AWS, Provider.AZURE

# scenario → per slot (AWS, Azure), and how many digits after the point are known.
SLOT_PRICES: dict[str, tuple[float, tuple[tuple[float, float], ...]]] = {
    "smart-building": (
        1e-9,
        (
            (13765, 5000),
            (5358.638795, 5358.638795),
            (16145.25, 12025.593962304687),
            (1738.387368515625, 1915.8164987859375),
            (245.21209716796875, 286.4450225830078),
            (19501.44, 32457.672),
            (2400, 2450.37),
        ),
    ),
    "industrial-facility": (
        0.005,
        (
            (463.28, 500),
            (136.21, 136.21),
            (259.40, 232.86),
            (28.97, 31.93),
            (6.12, 7.16),
            (518.76, 869.42),
            (275, 260.37),
        ),
    ),
    "smart-home": (
        5e-7,
        (
            (3.158, 25),
            (0.238, 0.238),
            (0.4790625, 23.555801),
            (0.026645, 0.029300),
            (0.006412, 0.007463),
            (3.258, 5.6709),
            (18, 62.37),
        ),
    ),
}


def result_of(name: str) -> EdtResult:
    return solve([scenario(name).workload]).result(0)


@pytest.mark.parametrize("name", SLOT_PRICES)
def test_the_price_of_every_slot_is_the_artifacts(name: str) -> None:
    tolerance, expected = SLOT_PRICES[name]
    prices = result_of(name).slots
    for slot, (aws, azure) in zip(SLOTS, expected, strict=True):
        assert prices[slot][AWS] == pytest.approx(aws, rel=1e-12, abs=tolerance), slot
        assert prices[slot][AZURE] == pytest.approx(azure, rel=1e-12, abs=tolerance), slot


@pytest.mark.parametrize(
    ("name", "allocation", "usd", "aws_only", "azure_only"),
    [
        ("smart-building", "azure azure azure azure azure aws aws", 46988.94, 60156.43, 59995.54),
        ("industrial-facility", "aws azure azure azure azure aws azure", 1664.71, 1704.45, 2046.05),
        ("smart-home", "aws aws aws azure aws aws aws", 25.18, 25.23, 116.88),
    ],
)
def test_the_allocation_and_totals_are_the_artifacts(
    name: str, allocation: str, usd: float, aws_only: float, azure_only: float
) -> None:
    result = result_of(name)
    assert " ".join(choice.provider for choice in result.artifact.placement.values()) == allocation
    # The published totals add up to ten amounts that were rounded to cents first.
    within = pytest.approx(0, abs=0.05)
    assert result.artifact.usd_per_month - usd == within
    assert (result.baselines[AWS] or 0) - aws_only == within
    assert (result.baselines[AZURE] or 0) - azure_only == within
    # For these three the greedy choice is also the joint optimum.
    assert result.placement == result.artifact.placement
    assert result.usd_per_month == result.artifact.usd_per_month


def test_moving_hot_to_cool_inside_one_cloud() -> None:
    workload = scenario("smart-building").workload
    for cloud, usd in ((AWS, 1002.50244140625), (AZURE, 501.001220703125)):
        stores = dict.fromkeys((Slot.ACQUISITION, Slot.HOT, Slot.COOL, Slot.ARCHIVE), frozenset({cloud}))
        link = solve([workload], Limits(stores)).result(0).links[1]
        assert (link.source, link.target) == (Slot.HOT, Slot.COOL)
        assert link.usd == pytest.approx(usd, rel=1e-12)
        assert link.gb_per_month == pytest.approx(10025.0244140625, rel=1e-12)


def test_a_document_has_the_promised_shape() -> None:
    document = solve([scenario("smart-building").workload]).document(0)
    names = [slot.value for slot in SLOTS]
    assert document["model"] == "edt25"
    assert document["price_book"]["version"] == "edt25-2025-06"
    assert re.fullmatch(r"[0-9a-f]{64}", document["price_book"]["hash"])
    assert list(document["placement"]) == names == list(document["slots"])
    assert document["placement"]["L3.cool"] == {
        "provider": "azure",
        "offer": "azure.blob-cool",
        "region": "eastus",
    }
    assert document["placement"]["L4"] == {
        "provider": "aws",
        "offer": "aws.iot-twinmaker",
        "region": "us-east-1",
    }
    assert set(document["baselines"]) == {"aws", "azure", "gcp"}
    assert document["baselines"]["gcp"] is None
    assert [(link["from"], link["to"]) for link in document["links"]] == [
        ("L1", "L3.hot"),
        ("L3.hot", "L3.cool"),
        ("L3.cool", "L3.archive"),
    ]
    assert set(document["artifact"]) == {"placement", "usd_per_month"}
    assert "Azure Digital Twins" in document["warnings"][0]


def test_the_json_line_is_the_document() -> None:
    batch = solve([entry.workload for entry in SCENARIOS])
    for index in range(len(batch)):
        line = batch.json_line(index)
        assert "\n" not in line
        assert json.loads(line) == batch.document(index)


def test_documents_do_not_share_their_parts() -> None:
    batch = solve([scenario("smart-home").workload])
    first = batch.document(0)
    first["placement"]["L1"]["offer"] = "changed"
    assert batch.document(0)["placement"]["L1"]["offer"] == "aws.iot-core"


def test_a_changed_price_changes_the_hash_and_the_result() -> None:
    dearer = replace(PRICES, grafana_aws_usd_per_editor=100.0)
    workload = scenario("smart-home").workload
    changed = solve([workload], prices=dearer).document(0)
    assert content_hash(dearer) != content_hash()
    assert changed["price_book"]["hash"] == content_hash(dearer)
    assert changed["slots"]["L5"]["aws"] == 200.0
    assert changed["placement"]["L5"]["provider"] == "azure"


def test_fields_unknown_to_the_model_are_named() -> None:
    plain = scenario("smart-home").workload
    known = Workload(**plain.model_dump(exclude_unset=True), peak_factor=3.0, event_share=0.5)
    assert solve([known]).result(0).warnings == ("the published model does not know event_share, peak_factor",)
    assert solve([plain]).result(0).warnings == ()


def test_an_interval_of_whole_seconds_is_the_decimal_number_of_minutes() -> None:
    # 30,000 devices every 0.1 minutes send 12,960,000,000 messages; an ulp more in the interval would make one more.
    batch = solve([scenario("smart-building").workload])
    assert batch.costs.volumes.messages[0] == 12_960_000_000


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("interval_minutes", 0.0, "interval_minutes must be positive"),
        ("message_kb", float("nan"), "message_kb must be finite"),
        ("editors", -1.0, "editors must be finite and not negative"),
        ("hot_months", 99.0, "retentions must ascend"),
    ],
)
def test_arrays_that_make_no_sense_are_refused(field: str, value: float, message: str) -> None:
    good = PaperWorkloads.from_workloads([scenario("smart-home").workload])
    bad = getattr(good, field) * 0 + value
    with pytest.raises(ValueError, match=message):
        replace(good, **{field: bad})


def test_arrays_of_different_length_are_refused() -> None:
    good = PaperWorkloads.from_workloads([scenario("smart-home").workload] * 2)
    with pytest.raises(ValueError, match="shape"):
        replace(good, editors=good.editors[:1])
