"""How a log is being read: whether its end is followed, which hit or line somebody is at."""

from __future__ import annotations

from twin2multicloud.app.ui.components.virtual import Scroller
from twin2multicloud.app.ui.runs.lines import Log, Look, Which
from twin2multicloud.app.ui.store import Store


class Reading(Store):
    """A reader of a log. `at`: the number of the line they are at, None for none."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self.log = log
        self.scroller = Scroller()
        self.follow = True
        self.at: int | None = None
        log.came_before = self._put_earlier

    def look_at(self, look: Look) -> None:
        """Look at other lines, or for something else: the newest hit first, since what matters stands at the end."""
        if look == self.log.look:
            return
        searched = look.search != self.log.look.search
        self.log.look_at(look)
        self.at = None
        if searched and look.search:
            self.go_to_hit("previous")
        self.log.changed()

    def go_to_hit(self, which: Which) -> None:
        """The hit after or before the line they are at."""
        found = self.log.hit(which, self.at)
        if found is not None:
            self.go_to(found)

    def go_to(self, number: int) -> None:
        """A line."""
        self.at = number
        self.follow = False
        self.changed()
        self.scroller.go_to(self.log.position(number))

    def follow_end(self, follow: bool) -> None:
        """Stay at the end, or where they are."""
        if follow != self.follow:
            self.follow = follow
            self.changed()

    def _put_earlier(self, lines: int) -> None:
        self.at = None
        if not self.follow:
            self.scroller.shift(lines)
