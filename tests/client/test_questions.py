"""The catalogue, the optimizer and prices by the client, against the API."""

from __future__ import annotations

import pytest

from tests.app import cloud_accounts
from tests.app.backends import TWIN, Site
from tests.client.conftest import ClientOf
from twin2multicloud.app.client import paging
from twin2multicloud.app.client.client import Client
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.errors import InvalidError, NotFoundError, UnauthenticatedError
from twin2multicloud.app.schemas.placements import PlacementInput, ProposalInput
from twin2multicloud.app.schemas.questions import (
    BatchInput,
    Case,
    CompareInput,
    ConstraintOptions,
    DefinitionInput,
    OptimizeInput,
    OverrideInput,
    ReportInput,
    SensitivityInput,
    WorkloadQuestion,
)
from twin2multicloud.app.schemas.twins import TwinInput
from twin2multicloud.model.errors import InfeasibleError

_EU = ConstraintOptions(residency=["EU"])
_HOME = "smart-home"


def test_what_there_is_to_choose_from(client: Client) -> None:
    names = [each.name for each in client.catalogue.workloads()]
    assert _HOME in names
    whole = client.catalogue.workload(_HOME)
    found = client.catalogue.check(DefinitionInput(source=whole.files["twin.yaml"], files=whole.files))
    assert (found.kind, found.ok) == ("twin", True)
    wrong = client.catalogue.check(DefinitionInput(source=TWIN.replace("count: 3", "count: -3")))
    assert [(each.field, each.line) for each in wrong.findings] == [("devices[0].count", 8)]
    fields = {each.path: each for each in client.catalogue.fields()}
    assert fields["workload.message_interval_s"].allowed == "a number from 0.001 to 2,678,400"
    assert fields["constraints.pins"].names == ["L1", "L2", "L3.hot", "L3.cool", "L3.archive", "L4", "L5"]
    offers = client.catalogue.offers(slot="L5", provider="gcp", region="europe-west3")
    assert offers
    assert all(each.available for each in offers)
    assert {each.provider for each in client.catalogue.regions(provider="gcp", complete=True)} == {"gcp"}
    with pytest.raises(NotFoundError, match="smart-home"):
        client.catalogue.workload("smart-hone")


def test_questions_to_the_optimizer(client: Client) -> None:
    best = client.optimizer.optimize(OptimizeInput(scenario=_HOME, top=2))
    assert best.ranking is not None
    assert len(best.ranking) == 2
    [one, other] = client.optimizer.batch(
        BatchInput(items=[WorkloadQuestion(scenario=_HOME), WorkloadQuestion(scenario=_HOME, constraints=_EU)])
    ).items
    assert one.usd_per_month == pytest.approx(best.usd_per_month)
    assert other.usd_per_month >= one.usd_per_month
    cases = [Case(label="any", constraints=ConstraintOptions()), Case(label="eu", constraints=_EU)]
    compared = client.optimizer.compare(CompareInput(scenario=_HOME, cases=cases))
    assert [each.label for each in compared.cases] == ["any", "eu"]
    decided = client.optimizer.override(OverrideInput(scenario=_HOME, overrides={"L5": "aws"}))
    assert decided.placement["L5"].provider == "aws"
    assert decided.usd_per_month >= best.usd_per_month
    sizes = client.optimizer.sensitivity(SensitivityInput(scenario=_HOME, fields=["devices"], factors=[1, 2]))
    assert [each.factor for each in sizes.points] == [1, 2]
    page = client.optimizer.report(ReportInput(scenario=_HOME, title="A home"))
    assert page.startswith("<!DOCTYPE html>")
    assert "A home" in page
    with pytest.raises(InfeasibleError):
        client.optimizer.optimize(OptimizeInput(scenario=_HOME, constraints=ConstraintOptions(residency=["AQ"])))


def test_prices(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    now = client.prices.identity()
    assert now.age_days >= 0
    assert client.prices.book().content_hash == now.hash
    meters = list(client.prices.meters(provider="aws", service="Lambda", region="eu-central-1"))
    assert meters
    every = [each["id"] for each in client.prices.meters()]
    monkeypatch.setattr(paging, "PART", 60)
    assert [each["id"] for each in client.prices.meters()] == every
    assert len(set(every)) > 120
    name = meters[0]["id"]
    cost = client.prices.meter(name, region="eu-central-1", quantity=1e9)
    assert cost.usd_per_month is not None
    assert not client.prices.validate({"aws.toml": "version = 1"}).ok
    assert list(client.prices.books()) == []
    refreshing = client.prices.refresh()
    assert refreshing.kind == "refresh-prices"
    assert client.runs.get(refreshing.id).status == "queued"
    with pytest.raises(NotFoundError):
        client.prices.book_detail(1)


def test_a_twins_proposals_and_members(client: Client, client_of: ClientOf, sqlite_site: Site) -> None:
    twin = client.twins.create(TwinInput(source=TWIN))
    proposal = client.twins.propose(
        twin.id, ProposalInput(alternatives=False, constraints=ConstraintOptions(providers=["aws", "gcp"]))
    )
    assert [each.id for each in client.twins.optimizations(twin.id)] == [proposal.id]
    assert client.twins.optimization(twin.id, proposal.id).result == proposal.result
    client.twins.place(twin.id, PlacementInput(optimization=proposal.id), twin.version)
    assert client.twins.bill(twin.id).usd_per_month == pytest.approx(proposal.usd_per_month)
    assert client.twins.export(twin.id, "definition")[:2] == client.twins.export(twin.id, "terraform")[:2] == b"PK"
    assert client.twins.export(twin.id, "report").startswith(b"<!DOCTYPE html>")
    assert client.twins.export(twin.id, "bill").startswith(b"cloud,region,service,")
    assert [each.number for each in client.prices.books()] == [1]
    assert client.prices.book_detail(1).twins == []
    guest = sqlite_site.person("gus", None)
    assert client.twins.let_in(twin.id, "gus@example.org", "viewer").twin_role == "viewer"
    assert [each.name for each in client.twins.members(twin.id)] == ["gus", "olga"]
    client_of(guest).twins.take_out(twin.id, "@me")
    assert [each.name for each in client.twins.members(twin.id)] == ["olga"]


def test_whether_the_server_works(client: Client, client_of: ClientOf, sqlite_site: Site) -> None:
    assert client.health.live().status == client.health.ready().status == "ok"
    admin = client_of(sqlite_site.person("ada", Role.OWNER, admin=True))
    assert "# TYPE " in admin.health.metrics()
    assert admin.login.log_out_everywhere(keys=True).sessions == 0
    with pytest.raises(UnauthenticatedError):
        admin.login.me()


def test_a_connection_is_changed_and_checked(client: Client) -> None:
    workspace = client.workspaces.find(None)
    made = client.connections.create(workspace, cloud_accounts.aws("aws-dev"))
    config = made.config.model_dump(mode="json", exclude_unset=True) | {"region": "eu-west-1"}
    changed = client.connections.change(made, config=config)
    assert (changed.name, changed.config.model_dump()["region"]) == ("aws-dev", "eu-west-1")
    assert client.connections.get(workspace, made.id) == changed
    run = client.connections.check(changed)
    assert (run.kind, run.request) == ("check-connection", {"connection": made.id, "twin": None})
    with pytest.raises(InvalidError):
        client.connections.change(changed, config={"region": "Mars"})
