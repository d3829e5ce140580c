"""How much room a picture has, as far as it would be drawn otherwise."""

from __future__ import annotations

from typing import Final

from twin2multicloud.app.ui.store import Store
from twin2multicloud.app.ui.viewport import Viewport

_STEP_PX: Final = 16
_BEFORE_KNOWN: Final = {"narrow": 300.0, "medium": 560.0, "wide": 740.0}


class Room(Store):
    """A width in steps, so that resizing a window does not draw at every pixel."""

    def __init__(self, viewport: Viewport) -> None:
        super().__init__()
        self.width_px = _BEFORE_KNOWN[viewport.width.name.lower()]

    def resize(self, width_px: float) -> None:
        """What there is now."""
        steps = float(width_px // _STEP_PX * _STEP_PX)
        if steps > 0 and steps != self.width_px:
            self.width_px = steps
            self.changed()
