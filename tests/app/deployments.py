"""States and locks as runs leave them, without runs."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime
from typing import Any

from tests.app.backends import Site
from twin2multicloud.app.db.states import DatabaseStateStore
from twin2multicloud.app.db.tables import Alert, Twin
from twin2multicloud.app.services import alerts
from twin2multicloud.deployer.state.errors import LockedError
from twin2multicloud.deployer.state.records import Holder, LockRequest

HOLDER = Holder("run_before", "elsewhere", 1)


def store(site: Site, twin: str, target: str) -> DatabaseStateStore:
    """The states of a twin's stacks."""
    return DatabaseStateStore(site.backend.database, site.backend.sealer, site.clock, twin, target)


def state(serial: int, outputs: dict[str, Any] | None = None) -> bytes:
    """A state without resources."""
    found = {"slot": {"value": outputs, "type": "string", "sensitive": True}} if outputs is not None else {}
    return json.dumps(
        {"version": 4, "terraform_version": "1.9.0", "serial": serial, "lineage": "one", "outputs": found,
         "resources": []}
    ).encode()  # fmt: skip


def saved(site: Site, twin: str, target: str, stack: str, versions: int, outputs: dict[str, Any] | None = None) -> None:
    """Have a stack's state saved so often, unless there is one."""
    states = store(site, twin, target)
    if states.history(stack):
        return
    states.lock(stack, LockRequest("saving"), HOLDER)
    for number in range(1, versions + 1):
        states.write(stack, state(number, outputs), lock_id="saving", holder=HOLDER)
    states.unlock(stack, "saving")


def locked(site: Site, twin: str, target: str, stack: str, lock: str, held: str | None = None) -> None:
    """Have a stack's state locked by a run: `held` is its file on this machine, without one it is elsewhere."""
    holder = HOLDER if held is None else Holder("run_before", socket.gethostname(), 1, held)
    try:
        store(site, twin, target).lock(stack, LockRequest(lock, "OperationTypeApply", who="olga"), holder)
    except LockedError:
        return


def raised(site: Site, twin: str, fold: str = "link-timeout|L2", **more: Any) -> str:
    """Have a problem come once; the alert's id."""
    at = datetime.fromtimestamp(site.clock.now(), UTC)
    problem = alerts.Problem(fold, "link-timeout", more.pop("severity", "error"), "no answer", at, "L2", "aws", **more)
    with site.backend.database.write() as session:
        alerts.fold_in(site.backend, session, session.get_one(Twin, twin), "sandbox", [problem])
    with site.backend.database.read() as session:
        return session.query(Alert).filter_by(twin_id=twin, fold=fold).one().id
