"""Clouds are asked for their bills: page by page, throttled, cut off, wrong; their lines are like those of exports."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from azure.core.pipeline.policies import UserAgentPolicy

from tests.app.test_metric_sources import Token
from tests.costing.bill_services import Charge, FakeCostExplorer, FakeCostManagement
from tests.costing.bill_stores import serving
from tests.costing.bills import FRANKFURT, NETHERLANDS, TWIN, expected, priced
from twin2multicloud.app.cost_sources.cost_explorer import CostExplorer
from twin2multicloud.app.cost_sources.cost_management import CostManagement
from twin2multicloud.app.cost_sources.exports import SourceError
from twin2multicloud.app.cost_sources.queries import check_query
from twin2multicloud.costing.attribution import Cause
from twin2multicloud.costing.condensing import condensed
from twin2multicloud.costing.lines import BadLine, Category, CostLine
from twin2multicloud.costing.mapping import TwinTags, map_lines
from twin2multicloud.costing.validation import validate
from twin2multicloud.deployer.credentials import arm as arm_module
from twin2multicloud.deployer.credentials.arm import Arm
from twin2multicloud.model.errors import InvalidInputError, UsageError
from twin2multicloud.model.slots import Provider

_KEYS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "x"}
SCOPE = "/subscriptions/11111111-2222-3333-4444-555555555555"
REQUESTS = ("aws.lambda.requests", FRANKFURT)
MESSAGES = ("aws.iot-core.messages", FRANKFURT)
COOL = ("azure.blob.cool.storage", NETHERLANDS)
CHARGES = (
    Charge("2026-11-03", "AWS Lambda", "EUC1-Request", "0.4", "2000000", "Requests", "r4n"),
    Charge("2026-11-04", "AWS Lambda", "EUC1-Request", "0.2", "1000000", "Requests", "r4n"),
    Charge("2026-11-03", "AWS Lambda", "EUC1-Request", "1.2", "6000000", "Requests", "another"),
    Charge("2026-11-03", "AWS IoT", "EUC1-Messages", "12", "12000000", "Messages"),
    Charge("2026-11-03", "Amazon Route 53", "DNS-Queries", "0.5", "1000", "Queries"),
    Charge("2026-11-01", "Tax", "", "2.66", kind="Tax"),
    Charge("2026-11-03", "AWS Lambda", "EUC1-Request", "-0.1", run="r4n", kind="Credit"),
    Charge("2026-10-31", "AWS Lambda", "EUC1-Request", "7", "1", "Requests", "r4n"),
    Charge("2026-11-05", "AWS Lambda", "EUC1-Request", "0", "0", "Requests", "gone"),
)


@pytest.fixture(autouse=True)
def _no_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)


def explored(fake: FakeCostExplorer, waits: list[float] | None = None, twin: TwinTags = TWIN) -> list[CostLine]:
    """What Cost Explorer tells of November."""
    with serving(fake):
        sleep = (waits if waits is not None else []).append
        return good(CostExplorer(_KEYS, fake.url, sleep).lines("2026-11", twin, "123456789012"))


def good(lines: Iterator[CostLine | BadLine]) -> list[CostLine]:
    found = list(lines)
    assert not [each for each in found if isinstance(each, BadLine)]
    return [each for each in found if isinstance(each, CostLine)]


def test_cost_explorer_tells_a_month_in_four_requests_and_their_pages() -> None:
    fake = FakeCostExplorer(charges=CHARGES)
    lines = explored(fake)
    assert sum(line.cost for line in lines) == sum(Decimal(each.usd) for each in CHARGES if each.day >= "2026-11")
    groups = [tuple(each["Key"] for each in body["GroupBy"]) for body in fake.bodies if "NextPageToken" not in body]
    assert groups == [("RECORD_TYPE", "run"), *[("SERVICE", "USAGE_TYPE")] * 3]
    assert {body["TimePeriod"]["End"] for body in fake.bodies} == {"2026-12-01"}
    account = {"Dimensions": {"Key": "LINKED_ACCOUNT", "Values": ["123456789012"]}}
    assert fake.bodies[0]["Filter"] == account
    assert account in fake.bodies[-1]["Filter"]["And"]
    found = map_lines(lines, TWIN, {REQUESTS: 1.0, MESSAGES: 1.0})
    assert found.meters[REQUESTS].usd == Decimal("0.6")
    assert found.meters[REQUESTS].quantity == 3_000_000
    assert found.meters[MESSAGES].usd == 12
    assert found.meters[MESSAGES].quantity == 12_000_000
    assert found.others_usd == Decimal("1.2")
    assert {(each.category, each.ours): each.usd for each in found.unmapped} == {
        (Category.TAX, False): Decimal("2.66"),
        (Category.CREDIT, True): Decimal("-0.1"),
        (Category.USAGE, False): Decimal("0.5"),
    }
    assert {line.region for line in lines if line.usage == "EUC1-Request"} == {FRANKFURT}


def test_cost_explorer_is_not_asked_for_what_there_is_none_of() -> None:
    fake = FakeCostExplorer(charges=[each for each in CHARGES if each.run == "r4n" and each.kind == "Usage"][:1])
    explored(fake)
    assert len(fake.bodies) == 2, "each one costs a cent"
    fake = FakeCostExplorer(charges=CHARGES[:1])
    (line,) = explored(fake, twin=TwinTags("greenhouse"))
    assert [each["Key"] for each in fake.bodies[0]["GroupBy"]][1] == "twin", "of a twin that was never deployed"
    assert TwinTags("greenhouse").whose(line) == "others"


def test_without_a_unit_there_is_an_amount_and_nobody_knows_why_it_differs() -> None:
    fake = FakeCostExplorer(charges=[Charge("2026-11-03", "AWS Lambda", "EUC1-Request", "5", "12", "N/A", "r4n")])
    (line,) = explored(fake)
    assert line.cost == 5
    assert line.quantity is None
    plan = {REQUESTS: 9_000_000.0}
    found = validate(
        expected(plan, observed=plan.__getitem__, metered=plan.__getitem__), map_lines([line], TWIN, plan), priced
    )
    (row,) = found.lines
    assert row.billed is None
    assert row.effects == {Cause.PRICE_OR_QUANTITY: row.difference}
    assert row.difference > 3
    assert "cannot be told apart without quantities" in row.note


def test_without_quantities_what_is_nobodys_is_shared_by_amounts() -> None:
    charges = [
        Charge("2026-11-03", "AWS Lambda", "EUC1-Request", "3", run="r4n"),
        Charge("2026-11-03", "AWS Lambda", "EUC1-Request", "1", run="another"),
        Charge("2026-11-03", "AWS Lambda", "EUC1-Request", "8"),
    ]
    found = map_lines(explored(FakeCostExplorer(charges=charges)), TWIN, {REQUESTS: 1.0})
    assert found.meters[REQUESTS].usd == 3 + 6


@pytest.mark.parametrize(("status", "waited"), [(400, [1.0, 2.0]), (429, [7.0, 7.0]), (503, [1.0, 2.0])])
def test_cost_explorer_is_waited_for(status: int, waited: list[float]) -> None:
    waits: list[float] = []
    fake = FakeCostExplorer(charges=CHARGES[:1], refusals=2, status=status, waits={"Retry-After": "7"})
    assert len(explored(fake, waits)) == 1
    assert waits == waited


def test_an_answer_that_is_cut_off_is_asked_for_again() -> None:
    assert len(explored(FakeCostExplorer(charges=CHARGES, cut_off=2))) == len(
        explored(FakeCostExplorer(charges=CHARGES))
    )


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"refusals": 99}, "LimitExceededException"),
        ({"cut_off": 99}, "no answer that can be read"),
        ({"wrong": b"<html>proxy</html>"}, "no answer that can be read"),
        ({"wrong": b'{"ResultsByTime": [{"Groups": []}], "Groups": 1}'}, None),
        ({"wrong": b'{"ResultsByTime": [{"TimePeriod": {}, "Groups": [{"Keys": ["a"]}]}]}'}, "another form"),
        ({"wrong": b"{}"}, "no answer that can be read"),
        ({"loops": True}, "same page again"),
        ({"wrong": b'{"__type": "AccessDeniedException", "message": "no"}'}, "needs ce:GetCostAndUsage"),
        ({"wrong": b'{"__type": "DataUnavailableException", "message": "no"}'}, "open Cost Explorer"),
    ],
)
def test_what_cost_explorer_should_not_answer(more: dict[str, Any], said: str | None) -> None:
    fake = FakeCostExplorer(charges=CHARGES, **more)
    if said is None:
        assert explored(fake) == []
        return
    with pytest.raises(SourceError, match=said):
        explored(fake)


def test_days_that_nobody_asked_for_are_refused() -> None:
    wrong = (
        b'{"ResultsByTime": [{"TimePeriod": {"Start": "2026-10-31", "End": "2026-11-01"}, "Groups": [{"Keys": '
        b'["Usage", "run$"], "Metrics": {"UnblendedCost": {"Amount": "1", "Unit": "USD"}, "UsageQuantity": '
        b'{"Amount": "1", "Unit": "N/A"}}}]}]}'
    )
    with pytest.raises(SourceError, match="asked for 2026-11 and tells of 2026-10-31"):
        explored(FakeCostExplorer(wrong=wrong))


def row(usd: float, meter: str, quantity: float, unit: str, run: str | None, kind: str = "Usage") -> list[Any]:
    """A row of Cost Management, in dollars."""
    return [usd, quantity, 20261103, "Storage", meter, unit, "West Europe", kind, "run", run, "USD"]


ROWS = (
    row(7.0, "Cool LRS Data Stored", 700.0, "1 GB/Month", "r4n"),
    row(0.5, "Cool LRS Write Operations", 5.0, "10K", "r4n"),
    row(9.0, "Cool LRS Data Stored", 900.0, "1 GB/Month", "another"),
    row(1.6, "Cool LRS Data Stored", 160.0, "1 GB/Month", None),
    row(3.3, "", 1.0, "", None, "Tax"),
    row(-0.4, "Cool LRS Data Stored", 0.0, "", "r4n", "RoundingAdjustment"),
)


def managed(
    fake: FakeCostManagement, monkeypatch: pytest.MonkeyPatch, waits: list[float] | None = None
) -> list[CostLine | BadLine]:
    """What Cost Management tells of November."""
    # The real policy shows tokens to https alone, which this server is not.
    monkeypatch.setattr(arm_module, "BearerTokenCredentialPolicy", lambda *_: UserAgentPolicy("test"))
    with serving(fake):
        arm = Arm(Token(), endpoint=fake.url, attempts=1)
        try:
            sleep = (waits if waits is not None else []).append
            return list(CostManagement(arm, sleep).lines(SCOPE, "2026-11", TWIN))
        finally:
            arm.close()


def test_cost_management_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeCostManagement(rows=ROWS)
    lines = good(iter(managed(fake, monkeypatch)))
    assert len(fake.bodies) == len(ROWS), "the next page is asked for with the same question"
    assert fake.bodies[-1] == fake.bodies[0]
    assert fake.bodies[0]["timePeriod"] == {"from": "2026-11-01T00:00:00Z", "to": "2026-11-30T23:59:59Z"}
    assert fake.bodies[0]["dataset"]["grouping"][-1] == {"type": "TagKey", "name": "run"}
    assert fake.asked[0] == f"POST {SCOPE}/providers/Microsoft.CostManagement/query"
    writes = ("azure.blob.cool.write", NETHERLANDS)
    found = map_lines(lines, TWIN, {COOL: 1.0, writes: 1.0})
    assert (found.meters[writes].usd, found.meters[writes].quantity) == (Decimal("0.5"), 50_000)
    assert found.meters[COOL].usd == Decimal("7.0") - Decimal("0.4") + Decimal("1.6") * 700 / 1600
    assert found.meters[COOL].quantity == 700 + 160 * 700 / 1600
    assert (found.untagged_usd, found.others_usd) == (Decimal("3.3"), Decimal("9.0"))


def test_cost_management_is_waited_for_as_long_as_its_longest_limit_says(monkeypatch: pytest.MonkeyPatch) -> None:
    limit = "x-ms-ratelimit-microsoft.costmanagement"
    hints = {f"{limit}-entity-retry-after": "3", f"{limit}-clienttype-retry-after": "17"}
    waits: list[float] = []
    assert len(managed(FakeCostManagement(rows=ROWS, refusals=2, waits=hints), monkeypatch, waits)) == len(ROWS)
    assert waits == [17.0, 17.0]


def test_agreements_without_units_tell_amounts(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeCostManagement(rows=ROWS[:1], without_units=True)
    (line,) = good(iter(managed(fake, monkeypatch)))
    assert line.cost == 7
    assert line.quantity is None
    assert map_lines([line], TWIN, {COOL: 1.0}).meters[COOL].untold


def test_another_currency_needs_a_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = managed(FakeCostManagement(rows=[[*ROWS[0][:-1], "EUR"]]), monkeypatch)
    with pytest.raises(InvalidInputError, match="EUR"):
        condensed(lines, {})
    assert condensed(lines, {"EUR": Decimal(2)}).lines[0].line.cost == 14


def test_a_row_that_cannot_be_read_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = managed(FakeCostManagement(rows=[ROWS[0], ["much", *ROWS[1][1:]]]), monkeypatch)
    assert [each.column for each in lines if isinstance(each, BadLine)] == ["BilledCost"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"refusals": 99}, "Too many requests"),
        ({"cut_off": 99}, "Cost Management refuses"),
        ({"wrong": b"<html>proxy</html>"}, "is no JSON"),
        ({"wrong": b"[]"}, "another form"),
        ({"wrong": b'{"properties": {"columns": [{"name": "Cost"}], "rows": []}}'}, "no column UsageQuantity"),
        ({"wrong": b'{"properties": {"columns": [{"name": "Cost"}], "rows": [[1, 2]]}}'}, "another form"),
        ({"rows": [[*ROWS[0][:2], 20261001, *ROWS[0][3:]]]}, "it tells of 2026-10-01"),
        ({"link": "https://elsewhere.example/query?page=2"}, "another address"),
        ({"wrong": b'{"error": {"code": "RBACAccessDenied", "message": "no"}}'}, "Cost Management Reader"),
    ],
)
def test_what_cost_management_should_not_answer(
    monkeypatch: pytest.MonkeyPatch, more: dict[str, Any], said: str
) -> None:
    with pytest.raises(SourceError, match=said):
        managed(FakeCostManagement(**{"rows": ROWS, **more}), monkeypatch)


def test_what_can_be_asked_about() -> None:
    check_query(Provider.AWS, "")
    check_query(Provider.AWS, "123456789012")
    check_query(Provider.AZURE, f"{SCOPE}/resourceGroups/t2m-greenhouse")
    check_query(Provider.AZURE, "/providers/Microsoft.Billing/billingAccounts/a1:b2_2019-05-31/billingProfiles/AB-CD")
    for provider, wrong in (
        (Provider.AWS, "s3://bills/focus"),
        (Provider.AZURE, "/subscriptions/all"),
        (Provider.AZURE, f"{SCOPE}/resourceGroups/.."),
        (Provider.AZURE, f"{SCOPE}/resourceGroups/a/providers/b"),
    ):
        with pytest.raises(UsageError, match="location: "):
            check_query(provider, wrong)
    with pytest.raises(UsageError, match="kind: GCP tells bills by its export in BigQuery only"):
        check_query(Provider.GCP, "")
