"""What each endpoint asks for. Keep the order of the API: one block per module of routes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.app.authorization_alert_routes import ALERT_ROUTES
from tests.app.authorization_people import PEOPLE
from tests.app.backends import TWIN
from tests.app.deployments import locked, raised, saved
from tests.app.runners import place, work_off
from tests.app.scenes import SEEN as _SEEN
from tests.app.scenes import V1 as _V1
from tests.app.scenes import Row, Scene
from twin2multicloud.app.api import cost_examples
from twin2multicloud.app.db.tables import Run, Twin, TwinVersion
from twin2multicloud.app.services import price_findings, reveals
from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.fetching.findings import PriceFinding


def _run(scene: Scene) -> dict[str, str]:
    """The twin's run: a new one, unless one is under way."""
    known = scene.owner.get(f"twins/{scene.twin_id}/runs")["items"]
    for run in known:
        if run["ended_at"] is None:
            return {"run": run["id"]}
    place(scene.site, scene.twin_id)
    return {"run": scene.owner.post(f"twins/{scene.twin_id}/runs", {"kind": "deploy"}, 201)["id"]}


def _planned_run(scene: Scene) -> dict[str, str]:
    found = _run(scene)
    work_off(scene.site, run=found["run"])
    return found


def _failed_run(scene: Scene) -> dict[str, str]:
    found = _run(scene)
    scene.owner.post(f"runs/{found['run']}/cancel")
    return found


def _telling_run(scene: Scene) -> dict[str, str]:
    """A run that the operator asked for, and that has something to show."""
    place(scene.site, scene.twin_id)
    found = scene.site.run(scene.people["operator"], scene.twin_id, "succeeded")
    with scene.site.backend.database.read() as session:
        reveals.keep(scene.site.backend, session.get_one(Run, found), ["eva: one-time"])
    return {"run": found}


def _placed(scene: Scene) -> dict[str, str]:
    place(scene.site, scene.twin_id)
    return {}


def _revised(scene: Scene) -> dict[str, str]:
    """A second version, of a twin whose ETag is 1."""
    with scene.site.backend.database.write() as session:
        twin = session.get_one(Twin, scene.twin_id)
        twin.version = 1
        if twin.number == 1:
            first = session.get_one(TwinVersion, (twin.id, 1))
            facts = {column.name: getattr(first, column.name) for column in TwinVersion.__table__.columns}
            session.add(TwinVersion(**{**facts, "number": 2}))
            twin.number = 2
    return {}


def _two_states(scene: Scene) -> dict[str, str]:
    saved(scene.site, scene.twin_id, "clouds", "L3-hot", 2)
    return {}


def _locked(scene: Scene) -> dict[str, str]:
    locked(scene.site, scene.twin_id, "clouds", "L3-hot", "one")
    return {}


def _alert(scene: Scene) -> dict[str, str]:
    return {"alert": raised(scene.site, scene.twin_id)}


_SMALL = {"workload": {"devices": 10, "message_interval_s": 60, "message_size_bytes": 100}}


def _case(label: str, **constraints: Any) -> dict[str, Any]:
    return {"label": label, "constraints": constraints}


def _proposed(scene: Scene) -> Mapping[str, str]:
    made = scene.owner.post(f"twins/{scene.twin_id}/optimize", {"alternatives": False}, 201)
    return {"optimization": made["id"]}


def _odd_price(scene: Scene) -> Mapping[str, str]:
    backend = scene.site.backend
    odd = PriceFinding("jump", Provider.AWS, "aws.sqs.requests", "eu-central-1", "dearer", ((0, 1.0),), ((0, 2.0),))
    with backend.database.write() as session:
        price_findings.keep(backend, session, price_findings.Found([odd], {}))
    return {"finding": odd.id}


def _priced(scene: Scene) -> Mapping[str, str]:
    twin = scene.owner.get(f"twins/{scene.twin_id}")
    if twin["current"]["placement"] is None:
        scene.owner.call(
            "PUT",
            f"twins/{twin['id']}/placement",
            code=200,
            json=_proposed(scene),
            headers={"If-Match": f'"{twin["version"]}"'},
        )
    return {}


def _a_budget_of_all(scene: Scene) -> Mapping[str, str]:
    path = f"workspaces/{scene.site.workspace_id}/budget"
    scene.owner.call("PUT", path, code=200, json={"usd_per_month": 500})
    return {}


def _a_budget(scene: Scene) -> Mapping[str, str]:
    scene.owner.call("PUT", f"twins/{scene.twin_id}/budget", code=200, json={"usd_per_month": 50})
    return {}


_BILL = {**cost_examples.REQUESTS["BillInput"]}
_TO_NOW = {"follow": "false"}


ROWS: dict[str, Row] = {
    **PEOPLE,
    **ALERT_ROUTES,
    # about
    f"GET {_V1}/openapi.json": Row(None),
    # events
    f"GET {_V1}/events": Row("read"),
    f"GET {_V1}/events/stream": Row("read", query=_TO_NOW),
    f"WEBSOCKET {_V1}/events/socket": Row("read", ok=101),
    f"GET {_V1}/twins/{{twin}}/events": Row("read", "viewer", "twin"),
    f"GET {_V1}/twins/{{twin}}/events/stream": Row("read", "viewer", "twin", query=_TO_NOW),
    f"GET {_V1}/runs/{{run}}/events": Row("read", "viewer", "twin", prepare=_run),
    f"GET {_V1}/runs/{{run}}/events/stream": Row("read", "viewer", "twin", prepare=_run, query=_TO_NOW),
    # health
    "GET /health/live": Row(None),
    "GET /health/ready": Row(None),
    # metrics
    "GET /metrics": Row("admin", on="installation"),
    # twins
    f"GET {_V1}/twins": Row("read"),
    f"POST {_V1}/twins": Row(
        "write", "operator", "workspace", 201, body={"source": TWIN.replace("greenhouse", "other")}
    ),
    f"GET {_V1}/twins/{{twin}}": Row("read", "viewer", "twin"),
    f"PUT {_V1}/twins/{{twin}}": Row("write", "operator", "twin", body={"source": TWIN}, headers=_SEEN),
    f"DELETE {_V1}/twins/{{twin}}": Row("write", "owner", "twin", 204, headers=_SEEN),
    f"GET {_V1}/twins/{{twin}}/versions": Row("read", "viewer", "twin"),
    f"GET {_V1}/twins/{{twin}}/versions/{{number}}": Row("read", "viewer", "twin", path={"number": "1"}),
    f"POST {_V1}/twins/{{twin}}/versions/{{number}}/restore": Row(
        "write", "operator", "twin", path={"number": "1"}, prepare=_revised, body={}, headers=_SEEN
    ),
    f"GET {_V1}/twins/{{twin}}/diff": Row("read", "viewer", "twin", query={"before": "1"}),
    # runs
    f"GET {_V1}/runs": Row("read"),
    f"GET {_V1}/targets": Row("read"),
    f"GET {_V1}/twins/{{twin}}/runs": Row("read", "viewer", "twin"),
    f"POST {_V1}/twins/{{twin}}/runs": Row("run", "operator", "twin", 201, prepare=_placed, body={"kind": "deploy"}),
    f"GET {_V1}/runs/{{run}}": Row("read", "viewer", "twin", prepare=_run),
    f"GET {_V1}/runs/{{run}}/log": Row("read", "viewer", "twin", prepare=_run),
    f"POST {_V1}/runs/{{run}}/decision": Row("run", "operator", "twin", prepare=_planned_run, body={"agreed": True}),
    f"POST {_V1}/runs/{{run}}/cancel": Row("run", "operator", "twin", prepare=_run),
    f"POST {_V1}/runs/{{run}}/reveal": Row("run", "operator", "twin", prepare=_telling_run),
    f"POST {_V1}/prices/refresh": Row("run", "operator", "workspace", 201),
    f"POST {_V1}/runs/{{run}}/retry": Row("run", "operator", "twin", 201, prepare=_failed_run),
    # operating
    f"GET {_V1}/twins/{{twin}}/status": Row("read", "viewer", "twin"),
    f"GET {_V1}/twins/{{twin}}/health/history": Row("read", "viewer", "twin"),
    f"GET {_V1}/twins/{{twin}}/outputs": Row("read", "viewer", "twin"),
    f"GET {_V1}/twins/{{twin}}/links": Row("read", "operator", "twin"),
    f"GET {_V1}/twins/{{twin}}/proof": Row("read", "operator", "twin", 409),
    # watching: nothing runs, so the definition tells
    f"GET {_V1}/twins/{{twin}}/devices": Row("read", "viewer", "twin"),
    f"GET {_V1}/twins/{{twin}}/devices/{{device}}/history": Row("read", "viewer", "twin", path={"device": "sensor-1"}),
    f"GET {_V1}/twins/{{twin}}/rates": Row("read", "viewer", "twin"),
    f"GET {_V1}/twins/{{twin}}/rules": Row("read", "viewer", "twin"),
    f"GET {_V1}/twins/{{twin}}/graph": Row("read", "viewer", "twin"),
    f"GET {_V1}/twins/{{twin}}/dashboards": Row("read", "viewer", "twin"),
    f"GET {_V1}/twins/{{twin}}/costs": Row("read", "viewer", "twin"),
    f"GET {_V1}/twins/{{twin}}/costs/history": Row("read", "viewer", "twin"),
    f"POST {_V1}/twins/{{twin}}/dashboards/query": Row("read", "viewer", "twin", 409, body={"kind": "rates"}),
    # bills
    f"GET {_V1}/twins/{{twin}}/bills": Row("read", "viewer", "twin"),
    f"POST {_V1}/twins/{{twin}}/bills": Row("write", "operator", "twin", 201, body=_BILL),
    f"POST {_V1}/twins/{{twin}}/bills/fetch": Row(
        "run", "operator", "twin", 409, body=cost_examples.REQUESTS["BillFetch"]
    ),
    f"GET {_V1}/twins/{{twin}}/bills/sources": Row("read", "viewer", "twin"),
    f"PUT {_V1}/twins/{{twin}}/bills/sources/{{cloud}}": Row(
        "run", "operator", "twin", 409, body=cost_examples.REQUESTS["BillSourceInput"], path={"cloud": "aws"}
    ),
    f"DELETE {_V1}/twins/{{twin}}/bills/sources/{{cloud}}": Row("run", "operator", "twin", 204, path={"cloud": "aws"}),
    f"POST {_V1}/twins/{{twin}}/bills/simulated": Row("read", "viewer", "twin", 409, body={}),
    f"GET {_V1}/twins/{{twin}}/budget": Row("read", "viewer", "twin", prepare=_a_budget),
    f"PUT {_V1}/twins/{{twin}}/budget": Row("write", "operator", "twin", body={"usd_per_month": 50}),
    f"DELETE {_V1}/twins/{{twin}}/budget": Row("write", "operator", "twin", 204),
    f"GET {_V1}/twins/{{twin}}/validation": Row("read", "viewer", "twin", 409),
    # states
    f"GET {_V1}/twins/{{twin}}/states": Row("read", "viewer", "twin"),
    f"GET {_V1}/twins/{{twin}}/states/{{stack}}": Row("read", "viewer", "twin", path={"stack": "L3-hot"}),
    f"POST {_V1}/twins/{{twin}}/states/{{stack}}/rollback": Row(
        "run", "owner", "twin", path={"stack": "L3-hot"}, prepare=_two_states, body={"version": 1}
    ),
    f"POST {_V1}/twins/{{twin}}/states/{{stack}}/unlock": Row(
        "run", "owner", "twin", 204, path={"stack": "L3-hot"}, prepare=_locked, body={"lock": "one", "force": True}
    ),
    # sandboxes: there is none, which only those are told who may know
    f"GET {_V1}/twins/{{twin}}/errors": Row("read", "viewer", "twin", 409),
    f"GET {_V1}/twins/{{twin}}/logs": Row("read", "operator", "twin", 409),
    f"GET {_V1}/twins/{{twin}}/dead-letters": Row("read", "operator", "twin", 409),
    f"GET {_V1}/twins/{{twin}}/dead-letters/{{letter}}": Row("read", "operator", "twin", 409, path={"letter": "one"}),
    f"POST {_V1}/twins/{{twin}}/dead-letters/replay": Row("run", "operator", "twin", 409, body={"all": True}),
    f"POST {_V1}/twins/{{twin}}/dead-letters/drop": Row("run", "operator", "twin", 409, body={"all": True}),
    f"POST {_V1}/twins/{{twin}}/faults": Row("run", "operator", "twin", 409, body={"kind": "outage"}),
    f"DELETE {_V1}/twins/{{twin}}/faults": Row("run", "operator", "twin", 409),
    f"POST {_V1}/twins/{{twin}}/commands": Row(
        "run", "operator", "twin", 409, body={"device": "sensor-1", "name": "blink"}
    ),
    f"GET {_V1}/twins/{{twin}}/meters": Row("read", "viewer", "twin", 409),
    # workspace_budgets
    f"GET {_V1}/workspaces/{{workspace}}/budget": Row("read", "viewer", "workspace", prepare=_a_budget_of_all),
    f"PUT {_V1}/workspaces/{{workspace}}/budget": Row("write", "operator", "workspace", body={"usd_per_month": 500}),
    f"DELETE {_V1}/workspaces/{{workspace}}/budget": Row("write", "operator", "workspace", 204),
    # alerts
    f"GET {_V1}/alerts": Row("read"),
    f"GET {_V1}/twins/{{twin}}/alerts": Row("read", "viewer", "twin"),
    f"GET {_V1}/alerts/{{alert}}": Row("read", "viewer", "twin", prepare=_alert),
    f"POST {_V1}/alerts/{{alert}}/acknowledge": Row("run", "operator", "twin", prepare=_alert),
    f"POST {_V1}/alerts/{{alert}}/mute": Row("run", "operator", "twin", prepare=_alert, body={"minutes": 5}),
    f"POST {_V1}/alerts/{{alert}}/unmute": Row("run", "operator", "twin", prepare=_alert),
    # audit
    f"GET {_V1}/audit": Row("read"),
    # placements
    f"POST {_V1}/twins/{{twin}}/optimize": Row("write", "operator", "twin", 201, body={"alternatives": False}),
    f"GET {_V1}/twins/{{twin}}/optimizations": Row("read", "viewer", "twin"),
    f"GET {_V1}/twins/{{twin}}/optimizations/{{optimization}}": Row("read", "viewer", "twin", prepare=_proposed),
    f"PUT {_V1}/twins/{{twin}}/placement": Row(
        "write", "operator", "twin", prepare=_proposed, body={"optimization": "{optimization}"}, headers=_SEEN
    ),
    f"GET {_V1}/twins/{{twin}}/bill": Row("read", "viewer", "twin", prepare=_priced),
    f"GET {_V1}/twins/{{twin}}/standing": Row("read", "viewer", "twin"),
    f"GET {_V1}/twins/{{twin}}/advice": Row("read", "viewer", "twin", 409),
    f"GET {_V1}/twins/{{twin}}/choices": Row("read", "viewer", "twin", query={"slot": "L5"}),
    f"POST {_V1}/twins/{{twin}}/preview": Row(
        "read", "viewer", "twin", prepare=_proposed, body={"optimization": "{optimization}"}
    ),
    f"GET {_V1}/twins/{{twin}}/export": Row("read", "viewer", "twin", query={"kind": "definition"}),
    # prices
    f"GET {_V1}/prices/books": Row("read"),
    f"GET {_V1}/prices/books/{{number}}": Row("read", path={"number": "1"}, prepare=_proposed),
    f"GET {_V1}/prices/ages": Row("read"),
    f"GET {_V1}/prices/findings": Row("read"),
    f"GET {_V1}/prices/listed-regions": Row("read"),
    f"POST {_V1}/prices/findings/{{finding}}": Row(
        "admin",
        on="installation",
        path={"finding": "8b0c7c1f9a3d5e60"},
        prepare=_odd_price,
        body={"decision": "reject", "note": "wait and see"},
    ),
    # catalogue
    f"GET {_V1}/workloads": Row("read"),
    f"GET {_V1}/workloads/{{name}}": Row("read", path={"name": "smart-home"}),
    f"GET {_V1}/definitions/fields": Row("read"),
    f"POST {_V1}/definitions/check": Row("read", body={"source": TWIN}),
    f"GET {_V1}/offers": Row("read"),
    f"GET {_V1}/regions": Row("read"),
    f"GET {_V1}/prices": Row("read"),
    f"GET {_V1}/prices/book": Row("read"),
    f"GET {_V1}/prices/meters": Row("read"),
    f"GET {_V1}/prices/meters/{{meter}}": Row("read", path={"meter": "aws.egress.internet"}),
    f"POST {_V1}/prices/validate": Row("read", body={"files": {"x.toml": ""}}),
    # optimizing
    f"POST {_V1}/optimize": Row("read", body=_SMALL),
    f"POST {_V1}/optimize/batch": Row("read", body={"items": [_SMALL]}),
    f"POST {_V1}/optimize/frontier": Row("read", body={**_SMALL, "against": "latency"}),
    f"POST {_V1}/compare": Row("read", body={**_SMALL, "cases": [_case("any"), _case("eu", residency=["EU"])]}),
    f"POST {_V1}/override": Row("read", body={**_SMALL, "overrides": {"L5": "aws"}}),
    f"POST {_V1}/sensitivity": Row("read", body={**_SMALL, "fields": ["devices"], "factors": [1, 2]}),
    f"POST {_V1}/optimize/uncertainty": Row(
        "read", body={**_SMALL, "uncertain": {"devices": {"low": 100, "high": 200}}, "samples": 10}
    ),
    f"POST {_V1}/optimize/breakeven": Row(
        "read", body={**_SMALL, "along": "devices", "start": 10, "end": 20, "points": 2}
    ),
    f"POST {_V1}/report": Row("read", body=_SMALL),
}
