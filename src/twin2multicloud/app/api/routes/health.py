"""Whether the process lives, and whether it can work."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import select

from twin2multicloud.app.api.deps import BackendDep

router = APIRouter(prefix="/health", tags=["health"])


class Health(BaseModel):
    """What works."""

    status: str


@router.get("/live")
async def live() -> Health:
    """The process answers."""
    return Health(status="ok")


@router.get("/ready")
def ready(backend: BackendDep) -> Health:
    """It can work: the database answers."""
    with backend.database.read() as session:
        session.execute(select(1))
    return Health(status="ok")
