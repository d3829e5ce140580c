"""What the report says is what the result holds, and displayed cents add up."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.report.conftest import optimizer, report, shared_book
from tests.report.page import Element, cents, read_page
from twin2multicloud.model.assumptions import Assumptions
from twin2multicloud.model.constraints import Constraints
from twin2multicloud.model.scenarios import SCENARIOS
from twin2multicloud.model.slots import PROVIDERS, SLOTS, Provider
from twin2multicloud.model.workload import Workload
from twin2multicloud.optimizer.bill.result import BillResult


def total_of(page: Element) -> int:
    return cents(page.one("strong", class_="total").text)


def bill_rows(page: Element) -> list[list[str]]:
    """The bill's own lines, without the services' subtotals."""
    return [row for table in page.all("table", class_="bill") for row in table.rows() if len(row) == 6]


def assert_adds_up(page: Element) -> None:
    total = total_of(page)
    assert sum(cents(row[-1]) for row in bill_rows(page)) == total
    by_provider = []
    for table in page.all("table", class_="bill"):
        groups = [row for row in table.rows() if len(row) == 2]
        lines = [row for row in table.rows() if len(row) == 6]
        footer = cents(table.rows("tfoot")[0][-1])
        assert sum(cents(row[-1]) for row in groups) == footer
        assert sum(cents(row[-1]) for row in lines) == footer
        by_provider.append(footer)
    assert sum(by_provider) == total

    placement = page.table("What fills each slot")
    slots = [cents(row[3]) for row in placement.rows()]
    links = [cents(row[3]) for row in placement.rows("tfoot")[:-1]]
    assert cents(placement.rows("tfoot")[-1][3]) == total
    assert sum(slots) + sum(links) == total
    parts = page.table("Cost of each slot and link")
    assert sum(cents(row[2]) for row in parts.rows()) == total
    if links:
        carried = page.table("Links between places")
        assert sum(cents(row[4]) for row in carried.rows()) == links[0] == cents(carried.rows("tfoot")[0][4])


@pytest.mark.parametrize("name", [scenario.name for scenario in SCENARIOS])
def test_displayed_cents_add_up_for_each_scenario(name: str) -> None:
    workload = next(scenario.workload for scenario in SCENARIOS if scenario.name == name)
    result = optimizer().optimize(workload)
    page = read_page(report(result))
    assert total_of(page) == round(100 * result.usd_per_month)
    assert_adds_up(page)


@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(
    devices=st.integers(1, 200_000),
    interval=st.floats(1, 86_400),
    size=st.integers(1, 100_000),
    commands=st.floats(0, 50),
    viewers=st.integers(0, 500),
)
def test_displayed_cents_add_up_for_any_workload(
    devices: int, interval: float, size: int, commands: float, viewers: int
) -> None:
    workload = Workload(
        devices=devices,
        message_interval_s=interval,
        message_size_bytes=size,
        commands_per_device_per_day=commands,
        viewers=viewers,
    )
    result = optimizer().optimize(workload, alternatives=False)
    assert_adds_up(read_page(report(result)))


def test_traffic_between_regions_is_on_the_bill(result: BillResult) -> None:
    pins = {"L1": "aws@us-east-1", "L2": "aws@us-east-1", "L3.hot": "aws@eu-central-1"}
    apart = optimizer(Constraints.model_validate({"pins": pins})).optimize(result.workload, alternatives=False)
    assert apart.invoice.transit_usd > 1
    page = read_page(report(apart))
    assert_adds_up(page)
    carried = [row for row in bill_rows(page) if row[0].startswith("to eu-central-1")]
    assert carried
    assert "between regions of a cloud" in page.table("Links between places").text


def test_every_slot_shows_offer_region_cost_and_next_best(page: Element, result: BillResult) -> None:
    rows = page.table("What fills each slot").rows()
    assert [row[0].split()[0] for row in rows] == [slot.layer for slot in SLOTS]
    for row, slot in zip(rows, SLOTS, strict=True):
        choice = result.placement[slot]
        assert choice.offer in row[1]
        assert choice.provider.label in row[1]
        assert choice.region in row[2]
        assert shared_book().region(choice.region).name in row[2]
        if result.alternatives[slot]:
            best = result.alternatives[slot][0]
            assert best.provider.label in row[4]
            assert cents(row[5]) == round(100 * best.extra_usd)


def test_every_bill_line_is_shown_with_quantity_tariff_and_source(page: Element, result: BillResult) -> None:
    rows = bill_rows(page)
    transit = sum(row[4] == "price book, transit" for row in rows)
    assert len(rows) == len(result.invoice.lines) + transit
    for line in result.invoice.lines:
        (row,) = [row for row in rows if line.meter in row[0].split() and row[1] == line.region]
        assert line.dimension in row[0]
        assert line.unit in row[2]
        assert line.date in row[4]
        assert line.source in row[4]
        assert line.confidence in row[4].split()[:2]
        for portion in line.portions:
            assert f"{portion.owner.replace('→', ' → ')} · {portion.component}" in row[0]
        paid = [part for part in line.tariff if part.usd_per_unit > 0]
        assert row[3].count(" per ") >= len(paid)


def test_the_architecture_names_every_slot_and_link(page: Element, result: BillResult) -> None:
    drawings = page.all("svg", class_="architecture")
    assert len(drawings) == 2
    for drawing in drawings:
        for slot in SLOTS:
            assert f"{slot.layer} {slot.label}" in drawing.text
            assert result.placement[slot].region in drawing.text
        for relation in ("region", "cloud"):
            drawn = len(drawing.all("polygon", class_=relation))
            assert drawn == sum(link.relation == relation for link in result.invoice.links)
        description = drawing.one("desc").text
        for link in result.invoice.links:
            assert f"{link.source.layer} {link.source.label} to {link.target.layer} {link.target.label}" in description


def test_commands_are_drawn_where_the_twin_sends_any(result: BillResult) -> None:
    pins = {"L1": "aws", "L2": "gcp", "L3.hot": "azure"}
    busy = result.workload.model_copy(update={"commands_per_device_per_day": 24.0})
    apart = optimizer(Constraints.model_validate({"pins": pins})).optimize(busy, alternatives=False)
    assert any(link.id == "commands" and link.gb_per_month > 0 for link in apart.invoice.links)
    for drawing in read_page(report(apart)).all("svg", class_="architecture"):
        assert "commands to devices" in [title.text for title in drawing.all("title")]
    for drawing in read_page(report(result)).all("svg", class_="architecture"):
        assert "commands to devices" not in [title.text for title in drawing.all("title")]


def test_the_mix_is_compared_with_each_cloud_alone(page: Element, result: BillResult) -> None:
    rows = page.table("The mix against each cloud alone").rows()
    assert [row[0] for row in rows] == ["This mix", *(f"{provider.label} only" for provider in PROVIDERS)]
    assert cents(rows[0][2]) == total_of(page)
    for provider, row in zip(PROVIDERS, rows[1:], strict=True):
        ranked = result.baselines[provider]
        if ranked is None:
            assert row[2] == "–"
            assert "cannot run this twin alone" in row[1]
        else:
            assert cents(row[2]) == round(100 * ranked.usd_per_month)


def test_a_twin_that_no_cloud_can_run_alone_says_so(result: BillResult) -> None:
    page = read_page(report(replace(result, baselines=dict.fromkeys(PROVIDERS))))
    assert "No single cloud can run this twin alone" in page.one("p", class_="saving").text


def test_one_cloud_at_the_optimum_claims_no_saving() -> None:
    alone = optimizer(Constraints(providers=(Provider.AWS,))).optimize(SCENARIOS[0].workload)
    page = read_page(report(alone))
    assert page.one("p", class_="saving").text.startswith("AWS alone is the cheapest")
    assert "Saves" not in page.one("header").text


def test_all_alternatives_and_runners_up_are_listed(page: Element, result: BillResult) -> None:
    for slot in SLOTS:
        found = result.alternatives[slot]
        if found:
            rows = page.table(f"Other offers for {slot.layer} {slot.label}").rows()
            assert [row[0].split()[-1] for row in rows] == [alternative.offer for alternative in found]
            assert [cents(row[3]) for row in rows] == [round(100 * a.usd_per_month) for a in found]
    rows = page.table("The 3 cheapest placements").rows()
    assert [cents(row[1]) for row in rows] == [round(100 * ranked.usd_per_month) for ranked in result.ranking]
    assert all(before <= after for before, after in pairwise(cents(row[1]) for row in rows))


def test_without_alternatives_and_runners_up_their_sections_are_left_out(result: BillResult) -> None:
    page = read_page(report(replace(result, alternatives={}, ranking=result.ranking[:1])))
    headings = [heading.text for heading in page.all("h2")]
    assert "Alternatives" not in headings
    assert "Runners-up" not in headings


def test_every_input_is_shown_with_its_meaning(result: BillResult) -> None:
    constraints = Constraints.model_validate({"deny_providers": ["gcp"], "pins": {"L1": "aws"}, "max_clouds": 2})
    assumptions = Assumptions(invocation_ms=7)
    adjusted = optimizer(constraints, assumptions).optimize(result.workload, alternatives=False)
    page = read_page(report(adjusted))
    workload = {row[0]: row[1:] for row in page.table("Workload").rows()}
    assert set(workload) == set(Workload.model_fields)
    assert workload["devices"] == ["30,000", "devices", "Devices that send telemetry."]
    assert all(unit for _, unit, _ in workload.values())
    limits = {row[0]: row[1] for row in page.table("Constraints").rows()}
    assert set(limits) == set(Constraints.model_fields)
    assert (limits["deny_providers"], limits["pins"], limits["max_clouds"]) == ("GCP", "L1=aws", "2")
    assert limits["regions"] == "any"
    assumed = {row[0]: row[1:] for row in page.table("Assumptions").rows()}
    assert set(assumed) == set(Assumptions.model_fields)
    assert assumed["invocation_ms"] == ["7", Assumptions.model_fields["invocation_ms"].description]
    assert "1 of them set differently" in page.one("section", id="inputs").text


def test_evidence_names_book_sources_and_proof(page: Element, result: BillResult) -> None:
    book = page.table("Identity of the price book").text
    assert result.price_book.version in book
    assert result.price_book.content_hash in book
    rows = page.table("Sources of the figures in this bill").rows()
    used = {(line.provider.label, line.source) for line in result.invoice.lines}
    assert {tuple(row[0].split()) for row in rows} == used
    assert sum(int(row[3]) for row in rows) == len(result.invoice.lines)
    assert "Proven: no placement" in page.one("section", id="proof").text
    unproven = read_page(report(replace(result, proof=replace(result.proof, proven=False))))
    assert "Not proven" in unproven.one("section", id="proof").text
    assert "not proven cheapest" in unproven.one("header").text


def test_warnings_and_unavailable_offers_are_told(result: BillResult) -> None:
    page = read_page(report(replace(result, warnings=("mind the gap", "and this"))))
    warned = page.one("section", id="warnings")
    assert warned.one("h2").text == "2 warnings"
    assert [item.text for item in warned.all("li")] == ["▲ mind the gap", "▲ and this"]
    told = page.one("section", id="unavailable").text
    assert result.unavailable
    for offer in {item.offer for item in result.unavailable}:
        assert offer in told
    quiet = read_page(report(replace(result, warnings=(), unavailable=())))
    assert not quiet.all("section", id="warnings")
    assert "Every offer is priced in every region that was considered" in quiet.one("section", id="unavailable").text


def test_an_invoice_that_does_not_add_up_is_refused(result: BillResult) -> None:
    with pytest.raises(ValueError, match="is not the sum"):
        report(replace(result, usd_per_month=result.usd_per_month + 1))
