"""Whether a server works."""

from __future__ import annotations

from twin2multicloud.app.schemas.common import Shape


class Health(Shape):
    """What works."""

    status: str
