"""Calls of the client for each operation of the API, with all that can be asked. Keep the order of the API."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from twin2multicloud.app.api import examples
from twin2multicloud.app.client.client import Client
from twin2multicloud.app.client.kept_book import KeptBook
from twin2multicloud.app.schemas.alert_policy import MuteRuleInput, PolicyInput
from twin2multicloud.app.schemas.alert_routes import AlertRoute, EmailInput, RoutePatch, WebhookInput
from twin2multicloud.app.schemas.bills import BillFetch, BillSourceInput, SimulatedBillInput
from twin2multicloud.app.schemas.catalogue import WholeBook
from twin2multicloud.app.schemas.connections import Connection, TwinConnections
from twin2multicloud.app.schemas.costs import BudgetInput
from twin2multicloud.app.schemas.dashboards import DashboardQuery
from twin2multicloud.app.schemas.drafts import Draft, DraftInput, DraftPatch
from twin2multicloud.app.schemas.frontiers import FrontierInput
from twin2multicloud.app.schemas.keys import KeyInput
from twin2multicloud.app.schemas.login import DeviceAnswer, DeviceRequest, DeviceStarted
from twin2multicloud.app.schemas.people import User, UserPatch, Workspace, WorkspaceInput
from twin2multicloud.app.schemas.placements import PlacementInput, ProposalInput
from twin2multicloud.app.schemas.questions import (
    BatchInput,
    CompareInput,
    DefinitionInput,
    OptimizeInput,
    OverrideInput,
    ReportInput,
    SensitivityInput,
)
from twin2multicloud.app.schemas.runs import RunInput
from twin2multicloud.app.schemas.sandboxes import CommandInput, FaultInput, Letters
from twin2multicloud.app.schemas.twins import RestoreInput, TwinInput
from twin2multicloud.app.schemas.uncertainty import BreakevenInput, UncertaintyInput

Call = Callable[[Client], Any]

_EXAMPLE = examples.REQUESTS
_TWIN = "twn_4qz0m8k2v1x7c9b3n5d6"
_RUN = "run_7h3k9m2p5r8t1v4x6z0b"
_ALERT = "alr_2c5k8m1p4r7t0v3x6z9b"
_PLACE = "wsp_1a2b3c4d5e6f7g8h9j0k"
_ADA = "ada@example.org"
_NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
_CONNECTION = Connection.model_validate(examples.RESPONSES["Connection"])
_ROUTE = AlertRoute.model_validate(examples.RESPONSES["AlertRoute"])
_DRAFT = Draft.model_validate(examples.RESPONSES["Draft"])
_USER = User.model_validate(examples.RESPONSES["User"])
_WORKSPACE = Workspace.model_validate(examples.RESPONSES["Workspace"])
_STARTED = DeviceStarted(
    device_code="code", user_code="", verification_uri="", verification_uri_complete="", expires_in=1, interval=1
)
_ABOUT: Mapping[str, Any] = {
    "workspace": _PLACE,
    "twin": _TWIN,
    "run": _RUN,
    "kind": "run.",
    "severity": "warning",
    "stack": "L3-hot",
}


class _Kept(KeptBook):
    """The book of the example."""

    def __init__(self) -> None:
        pass

    def read(self) -> WholeBook | None:
        return WholeBook.model_validate(examples.RESPONSES["WholeBook"])


CALLS: Mapping[str, Sequence[Call]] = {
    # login
    "list_providers": [lambda c: c.login.providers()],
    "make_local_link": [lambda c: c.login.local_link("/twins")],
    "begin_device_login": [lambda c: c.login.begin_device(DeviceRequest(**_EXAMPLE["DeviceRequest"]))],
    "poll_device_login": [lambda c: c.login.wait_device(_STARTED)],
    "answer_device_login": [lambda c: c.login.answer_device(DeviceAnswer(**_EXAMPLE["DeviceAnswer"]))],
    "log_out": [lambda c: c.login.log_out()],
    "log_out_everywhere": [lambda c: c.login.log_out_everywhere(keys=True)],
    "show_me": [lambda c: c.login.me(), lambda c: c.workspaces.find(None)],
    # placements
    "propose_placement": [lambda c: c.twins.propose(_TWIN, ProposalInput(**_EXAMPLE["ProposalInput"]))],
    "list_optimizations": [lambda c: c.twins.optimizations(_TWIN, sort="-usd_per_month")],
    "show_optimization": [lambda c: c.twins.optimization(_TWIN, "opt_4qz0m8k2v1x7c9b3n5d6")],
    "place_twin": [lambda c: c.twins.place(_TWIN, PlacementInput(**_EXAMPLE["PlacementInput"]), 2)],
    "export_twin": [
        lambda c: c.twins.export(_TWIN, "terraform"),
        lambda c: c.twins.export(_TWIN, "bill"),
    ],
    "show_bill": [lambda c: c.twins.bill(_TWIN)],
    "show_advice": [lambda c: c.twins.advice(_TWIN, target="sandbox", horizon_months=6, messages=2.0)],
    "show_standing": [lambda c: c.twins.standing(_TWIN)],
    "list_slot_choices": [lambda c: c.twins.choices(_TWIN, "L3.hot")],
    "preview_placement": [lambda c: c.twins.preview(_TWIN, PlacementInput(**_EXAMPLE["PlacementInput"]))],
    # prices
    "refresh_prices": [lambda c: c.prices.refresh(_PLACE, source="lists", providers=["aws"], regions=["eu-central-1"])],
    "list_price_findings": [
        lambda c: c.prices.findings(
            provider="aws", region="eu-central-1", meter="sqs", kind=["jump"], decided=False, gone=True
        )
    ],
    "decide_price_finding": [lambda c: c.prices.decide("8b0c7c1f9a3d5e60", "accept", "as announced")],
    "show_price_ages": [lambda c: c.prices.ages(provider="aws", region="eu-central-1")],
    "list_listed_regions": [lambda c: c.prices.listed_regions("aws")],
    "list_books": [lambda c: c.prices.books()],
    "show_book": [lambda c: c.prices.book_detail(2, since=1)],
    "show_prices": [lambda c: c.prices.identity()],
    "fetch_book": [lambda c: c.prices.book(), lambda c: c.prices.book(_Kept())],
    "list_meters": [lambda c: c.prices.meters(provider="aws", region="eu-central-1", service="S3", meter="put")],
    "show_meter": [
        lambda c: c.prices.meter("aws.s3.put", region="eu-central-1", quantity=1e6, policy="eu-data-act"),
    ],
    "validate_prices": [lambda c: c.prices.validate({"aws.toml": "…"})],
    # people
    "list_users": [lambda c: c.users.list("ada", sort="-email")],
    "show_user": [lambda c: c.users.get(_ADA)],
    "change_user": [lambda c: c.users.change(_USER, UserPatch(admin=True))],
    "delete_user": [lambda c: c.users.delete(_USER)],
    "list_members": [lambda c: c.workspaces.members(_PLACE, sort="email")],
    "put_member": [lambda c: c.workspaces.let_in(_PLACE, _ADA, "viewer")],
    "remove_member": [lambda c: c.workspaces.take_out(_PLACE, "@me")],
    "list_twin_members": [lambda c: c.twins.members(_TWIN, sort="email")],
    "put_twin_member": [lambda c: c.twins.let_in(_TWIN, _ADA, "operator")],
    "remove_twin_member": [lambda c: c.twins.take_out(_TWIN, _ADA)],
    # twins
    "list_twins": [
        lambda c: c.twins.list(
            workspace=_PLACE,
            name="greenhouse",
            search="green",
            cloud="aws",
            life="deployed",
            attention=True,
            health="ok",
            sort="-updated_at",
        ),
        lambda c: c.twins.find("greenhouse", _PLACE),
    ],
    "create_twin": [lambda c: c.twins.create(TwinInput(**_EXAMPLE["TwinInput"]), _PLACE)],
    "show_twin": [lambda c: c.twins.get(_TWIN)],
    "revise_twin": [lambda c: c.twins.revise(_TWIN, TwinInput(**_EXAMPLE["TwinInput"]), 1)],
    "delete_twin": [lambda c: c.twins.delete(_TWIN, 1)],
    "list_versions": [lambda c: c.twins.versions(_TWIN)],
    "show_version": [lambda c: c.twins.version(_TWIN, 1)],
    "restore_version": [lambda c: c.twins.restore(_TWIN, 1, RestoreInput(**_EXAMPLE["RestoreInput"]), 2)],
    "diff_versions": [lambda c: c.twins.diff(_TWIN, 1, 2)],
    # drafts
    "list_drafts": [lambda c: c.drafts.list(workspace=_PLACE, twin=_TWIN, sort="title")],
    "create_draft": [
        lambda c: c.drafts.create(DraftInput(**_EXAMPLE["DraftInput"]), _PLACE),
        lambda c: c.drafts.keep_both(_DRAFT, DraftPatch(**_EXAMPLE["DraftPatch"]), "Mine"),
    ],
    "show_draft": [lambda c: c.drafts.get(_DRAFT.id)],
    "save_draft": [lambda c: c.drafts.save(_DRAFT, DraftPatch(**_EXAMPLE["DraftPatch"]))],
    "delete_draft": [lambda c: c.drafts.delete(_DRAFT)],
    # runs
    "list_targets": [lambda c: c.runs.targets()],
    "list_runs": [lambda c: c.runs.list(status=["failed"], kind=["deploy", "move"], sort="created_at")],
    "list_runs_of_twin": [
        lambda c: c.runs.list(twin=_TWIN, status=["failed"], kind=["move"], sort="created_at"),
        lambda c: c.runs.find(_TWIN),
    ],
    "create_run": [lambda c: c.runs.create(_TWIN, RunInput(kind="deploy"))],
    "show_run": [lambda c: c.runs.get(_RUN)],
    "decide_run": [lambda c: c.runs.decide(_RUN, agreed=True, plan_digest="0" * 64)],
    "save_run_log": [lambda c: c.runs.log(_RUN, "ndjson", severity="warning", stack="L3-hot")],
    "cancel_run": [lambda c: c.runs.cancel(_RUN)],
    "retry_run": [lambda c: c.runs.retry(_RUN)],
    "reveal_run": [lambda c: c.runs.reveal(_RUN)],
    "check_connection": [lambda c: c.connections.check(_CONNECTION, _TWIN)],
    # operating
    "show_status": [lambda c: c.operating.status(_TWIN)],
    "show_health_history": [lambda c: c.operating.health_history(_TWIN, subject="probe", limit=5)],
    "list_devices": [
        lambda c: c.watching.devices(_TWIN, search="climate", type="climate-sensor", sort="-last_seen", cursor="x")
    ],
    "show_device_history": [
        lambda c: c.watching.history(_TWIN, "climate-01", fields=["temperature"], since=_NOON, until=_NOON)
    ],
    "show_rates": [lambda c: c.watching.rates(_TWIN)],
    "list_rules": [lambda c: c.watching.rules(_TWIN)],
    "list_graph": [lambda c: c.watching.graph(_TWIN, search="room", type="Room", of="home", roots=True, cursor="x")],
    "list_dashboards": [lambda c: c.watching.dashboards(_TWIN)],
    "query_dashboard": [lambda c: c.watching.query(_TWIN, DashboardQuery(kind="last", devices=["climate-01"]))],
    "show_cost_history": [lambda c: c.watching.cost_history(_TWIN, "sandbox", "2026-11")],
    "show_costs": [lambda c: c.watching.costs(_TWIN)],
    "list_bills": [lambda c: c.bills.kept(_TWIN)],
    "import_bill": [
        lambda c: c.bills.read(_TWIN, _EXAMPLE["BillInput"]["content"], target="clouds", source="a", usd_per={"EUR": 1})
    ],
    "fetch_bill": [lambda c: c.bills.fetch(_TWIN, BillFetch.model_validate(_EXAMPLE["BillFetch"]))],
    "list_bill_sources": [lambda c: c.bills.sources(_TWIN)],
    "set_bill_source": [
        lambda c: c.bills.set_source(_TWIN, "aws", BillSourceInput.model_validate(_EXAMPLE["BillSourceInput"]))
    ],
    "remove_bill_source": [lambda c: c.bills.remove_source(_TWIN, "aws")],
    "simulate_bill": [
        lambda c: c.bills.simulated(_TWIN, SimulatedBillInput.model_validate(_EXAMPLE["SimulatedBillInput"]))
    ],
    "show_budget": [lambda c: c.bills.budget(_TWIN)],
    "set_budget": [
        lambda c: c.bills.set_budget(_TWIN, BudgetInput(usd_per_month=5, thresholds=[0.5], on_forecast=False))
    ],
    "remove_budget": [lambda c: c.bills.remove_budget(_TWIN)],
    "show_workspace_budget": [lambda c: c.bills.workspace_budget(_PLACE)],
    "set_workspace_budget": [lambda c: c.bills.set_workspace_budget(_PLACE, BudgetInput(usd_per_month=500))],
    "remove_workspace_budget": [lambda c: c.bills.remove_workspace_budget(_PLACE)],
    "validate_twin": [lambda c: c.bills.validation(_TWIN, "sandbox", "2026-11")],
    "show_outputs": [lambda c: c.operating.outputs(_TWIN)],
    "list_links": [lambda c: c.operating.links(_TWIN)],
    "show_proof": [lambda c: c.operating.proof(_TWIN)],
    "list_states": [lambda c: c.operating.states(_TWIN)],
    "list_state_versions": [lambda c: c.operating.versions(_TWIN, "L3-hot", sort="number")],
    "roll_back": [lambda c: c.operating.roll_back(_TWIN, "L3-hot", 3)],
    "unlock": [lambda c: c.operating.unlock(_TWIN, "L3-hot", "a-lock")],
    "list_errors": [lambda c: c.operating.errors(_TWIN)],
    "show_logs": [lambda c: c.operating.logs(_TWIN, "aws", 10)],
    "list_dead_letters": [lambda c: c.operating.letters(_TWIN, "aws", 10, target="clouds")],
    "show_dead_letter": [lambda c: c.operating.letter(_TWIN, "a-letter")],
    "replay_dead_letters": [lambda c: c.operating.replay(_TWIN, Letters(all=True))],
    "drop_dead_letters": [lambda c: c.operating.drop(_TWIN, Letters(ids=["a-letter"]))],
    "inject_fault": [lambda c: c.operating.inject(_TWIN, FaultInput(**_EXAMPLE["FaultInput"]))],
    "clear_faults": [lambda c: c.operating.clear_faults(_TWIN)],
    "send_command": [lambda c: c.operating.command(_TWIN, CommandInput(**_EXAMPLE["CommandInput"]))],
    "show_meters": [lambda c: c.operating.meters(_TWIN)],
    # alerts
    "list_alerts": [
        lambda c: c.alerts.list(
            twin=_TWIN,
            severity=["critical"],
            layer="L3",
            cloud="gcp",
            acknowledged=False,
            muted=False,
            sort="-count",
        ),
        lambda c: c.alerts.find("2c5k8m"),
    ],
    "show_alert": [lambda c: c.alerts.get(_ALERT)],
    "acknowledge": [lambda c: c.alerts.acknowledge(_ALERT)],
    "mute": [lambda c: c.alerts.mute(_ALERT, minutes=5), lambda c: c.alerts.mute(_ALERT, until=_NOON)],
    "unmute": [lambda c: c.alerts.unmute(_ALERT)],
    # who is told of alerts
    "list_alert_routes": [
        lambda c: c.alert_routes.list(_PLACE, sort="-name"),
        lambda c: c.alert_routes.find(_PLACE, "on call"),
    ],
    "create_alert_route": [
        lambda c: c.alert_routes.create(_PLACE, WebhookInput.model_validate(_EXAMPLE["WebhookInput"])),
        lambda c: c.alert_routes.create(_PLACE, EmailInput(kind="email", name="team", to=[_ADA])),
    ],
    "show_alert_route": [lambda c: c.alert_routes.get(_PLACE, _ROUTE.id)],
    "change_alert_route": [
        lambda c: c.alert_routes.change(_ROUTE, RoutePatch.model_validate(_EXAMPLE["RoutePatch"])),
        lambda c: c.alert_routes.change(_ROUTE, RoutePatch.model_validate({"url": "https://hooks.example.org/new"})),
    ],
    "delete_alert_route": [lambda c: c.alert_routes.delete(_ROUTE)],
    "renew_alert_route_secret": [lambda c: c.alert_routes.renew_secret(_ROUTE)],
    "test_alert_route": [lambda c: c.alert_routes.test(_ROUTE)],
    "list_alert_notices": [
        lambda c: c.alert_routes.notices(_ROUTE, status="waiting", alert=_ALERT, sort="created_at"),
    ],
    "show_alert_policy": [lambda c: c.alert_routes.policy(_PLACE)],
    "set_alert_policy": [
        lambda c: c.alert_routes.set_policy(_PLACE, PolicyInput.model_validate(_EXAMPLE["PolicyInput"]), 1)
    ],
    "list_mute_rules": [lambda c: c.alert_routes.mute_rules(_PLACE, sort="-until")],
    "create_mute_rule": [
        lambda c: c.alert_routes.mute(_PLACE, MuteRuleInput.model_validate(_EXAMPLE["MuteRuleInput"]))
    ],
    "delete_mute_rule": [lambda c: c.alert_routes.end_mute_rule(_PLACE, "mut_4qz0m8k2v1x7c9b3n5d6")],
    # workspaces
    "list_workspaces": [lambda c: c.workspaces.list(everything=True, sort="-created_at")],
    "create_workspace": [lambda c: c.workspaces.create(WorkspaceInput(name="bonn"))],
    "show_workspace": [lambda c: c.workspaces.get(_PLACE)],
    "rename_workspace": [lambda c: c.workspaces.rename(_WORKSPACE, "bonn")],
    "delete_workspace": [lambda c: c.workspaces.delete(_WORKSPACE)],
    "adopt_workspace": [lambda c: c.workspaces.adopt(_PLACE, _ADA)],
    # keys
    "list_keys": [lambda c: c.keys.list(everybody=True, user=_USER.id, holding=True, sort="name")],
    "create_key": [lambda c: c.keys.create(KeyInput(**_EXAMPLE["KeyInput"]))],
    "show_key": [lambda c: c.keys.get("@me")],
    "revoke_key": [lambda c: c.keys.revoke("key_4qz0m8k2v1x7c9b3n5d6"), lambda c: c.keys.revoke_own()],
    # connections
    "list_connections": [
        lambda c: c.connections.list(_PLACE, "aws", sort="-updated_at"),
        lambda c: c.connections.find(_PLACE, "aws-dev"),
    ],
    "create_connection": [lambda c: c.connections.create(_PLACE, _EXAMPLE["AwsInput"])],
    "show_connection": [lambda c: c.connections.get(_PLACE, _CONNECTION.id)],
    "replace_connection": [lambda c: c.connections.replace(_CONNECTION, _EXAMPLE["AwsInput"])],
    "change_connection": [
        lambda c: c.connections.rename(_CONNECTION, "aws-live"),
        lambda c: c.connections.change(_CONNECTION, config=_EXAMPLE["AwsInput"]["config"]),
    ],
    "delete_connection": [lambda c: c.connections.delete(_CONNECTION)],
    "show_twin_connections": [lambda c: c.connections.of_twin(_TWIN)],
    "choose_twin_connections": [lambda c: c.connections.choose(_TWIN, TwinConnections(aws=_CONNECTION.id), 1)],
    # records
    "list_audit_entries": [
        lambda c: c.audit.list(
            workspace=_PLACE,
            action="twin.",
            subject=_TWIN,
            actor=_USER.id,
            since="2026-12-01T00:00:00Z",
            until="2026-12-02T00:00:00Z",
            sort="id",
        )
    ],
    "list_events": [lambda c: c.events.list(**_ABOUT, after=1, before=9, newest=True)],
    "stream_events": [lambda c: c.events.follow(**_ABOUT, after=1)],
    # catalogue
    "list_workloads": [lambda c: c.catalogue.workloads()],
    "show_workload": [lambda c: c.catalogue.workload("smart-home")],
    "list_definition_fields": [lambda c: c.catalogue.fields()],
    "check_definition": [lambda c: c.catalogue.check(DefinitionInput(**_EXAMPLE["DefinitionInput"]))],
    "list_offers": [
        lambda c: c.catalogue.offers(slot="L1", provider="aws", feature="mqtt", deployable=True, region="eu-central-1")
    ],
    "list_regions": [lambda c: c.catalogue.regions(provider="gcp", complete=True)],
    # optimizer
    "optimize": [lambda c: c.optimizer.optimize(OptimizeInput(**_EXAMPLE["OptimizeInput"]))],
    "optimize_batch": [lambda c: c.optimizer.batch(BatchInput(**_EXAMPLE["BatchInput"]))],
    "optimize_frontier": [lambda c: c.optimizer.frontier(FrontierInput(**_EXAMPLE["FrontierInput"]))],
    "compare_cases": [lambda c: c.optimizer.compare(CompareInput(**_EXAMPLE["CompareInput"]))],
    "price_override": [lambda c: c.optimizer.override(OverrideInput(**_EXAMPLE["OverrideInput"]))],
    "show_sensitivity": [lambda c: c.optimizer.sensitivity(SensitivityInput(**_EXAMPLE["SensitivityInput"]))],
    "study_uncertainty": [lambda c: c.optimizer.uncertainty(UncertaintyInput(**_EXAMPLE["UncertaintyInput"]))],
    "find_breakeven": [lambda c: c.optimizer.breakeven(BreakevenInput(**_EXAMPLE["BreakevenInput"]))],
    "write_report": [lambda c: c.optimizer.report(ReportInput(**_EXAMPLE["ReportInput"]))],
    # health
    "show_liveness": [lambda c: c.health.live()],
    "show_readiness": [lambda c: c.health.ready()],
    "show_metrics": [lambda c: c.health.metrics()],
}
