"""Whether the process lives, and whether it can work."""

from __future__ import annotations

from twin2multicloud.app.api.deps import BackendDep
from twin2multicloud.app.api.dispatch import Endpoints
from twin2multicloud.app.db import revision
from twin2multicloud.app.errors import UnavailableError
from twin2multicloud.app.schemas.health import Health

router = Endpoints(prefix="/health", tags=["health"])


@router.get("/live")
async def show_liveness() -> Health:
    """The process answers."""
    return Health(status="ok")


@router.get("/ready")
def show_readiness(backend: BackendDep) -> Health:
    """It can work: the database answers, and has the tables that this version needs."""
    if revision.of(backend.database) != revision.head():
        raise UnavailableError("the database's tables are of another version")
    return Health(status="ok")
