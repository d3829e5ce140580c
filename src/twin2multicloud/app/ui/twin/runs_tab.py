"""What was done with a twin, and is being done."""

from __future__ import annotations

import flet as ft

from twin2multicloud.app.ui import places
from twin2multicloud.app.ui.runs.list_view import RunsList
from twin2multicloud.app.ui.runs.listed import RunsLook
from twin2multicloud.app.ui.twin.parts import Parts


@ft.component
def RunsTab(parts: Parts) -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """Its runs, filtered as the address says."""
    return RunsList(RunsLook.read(places.twin(parts.id, "runs"), parts.id, parts.look.query))
