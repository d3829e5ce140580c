"""A run's log in memory: the newest lines of it, filtered and searched. It knows no Flet.

Lines are kept by column, since a hundred thousand objects take five times the room; each has a number that it keeps
while lines before it are dropped.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, get_args

from twin2multicloud.app.schemas.events import Event, Severity
from twin2multicloud.app.ui.store import Store

MOST: Final = 100_000
"""Lines that are kept; of a run with more, the newest."""
_DROPPED_AT_ONCE: Final = 5_000
SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)
Which = Literal["next", "previous"]


@dataclass(frozen=True)
class Line:
    """A line. `number` tells it from others."""

    number: int
    at: datetime
    severity: Severity
    stack: str
    text: str


@dataclass(frozen=True)
class Look:
    """Which lines are shown, and what is looked for in them."""

    severity: Severity = "info"
    stack: str = ""
    search: str = ""


class Lines:
    """Lines by column."""

    def __init__(self, first: int = 0, most: int = MOST) -> None:
        self.first = first
        self._most = most
        self._ids = array("q")
        self._at = array("d")
        self._severity = array("b")
        self._stack = array("H")
        self._text: list[str] = []
        self.stacks: list[str] = []
        self._stack_numbers: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._text)

    @property
    def end(self) -> int:
        """The number of the line that comes next."""
        return self.first + len(self._text)

    @property
    def last_id(self) -> int:
        """The event of the newest line; 0 without any."""
        return self._ids[-1] if self._ids else 0

    def add(self, event: Event) -> None:
        """Add what an event tells."""
        stack = self._stack_numbers.get(event.stack)
        if stack is None:
            stack = self._stack_numbers[event.stack] = len(self.stacks)
            self.stacks.append(event.stack)
        self._ids.append(event.id)
        self._at.append(event.at.timestamp())
        self._severity.append(SEVERITIES.index(event.severity))
        self._stack.append(stack)
        self._text.append(event.message)
        if len(self._text) >= self._most + _DROPPED_AT_ONCE:
            self._drop(len(self._text) - self._most)

    def line(self, number: int) -> Line:
        """One of them."""
        at = number - self.first
        return Line(
            number,
            datetime.fromtimestamp(self._at[at], UTC),
            SEVERITIES[self._severity[at]],
            self.stacks[self._stack[at]],
            self._text[at],
        )

    def fitting(self, look: Look, since: int) -> Iterator[int]:
        """The numbers of lines from `since` on that are shown."""
        begin = max(0, since - self.first)
        least = SEVERITIES.index(look.severity)
        if not least and not look.stack:
            yield from range(self.first + begin, self.end)
            return
        stack = self._stack_numbers.get(look.stack, -1) if look.stack else None
        for at in range(begin, len(self._text)):
            if self._severity[at] >= least and (stack is None or self._stack[at] == stack):
                yield self.first + at

    def holding(self, needle: str, numbers: Iterable[int]) -> Iterator[int]:
        """Those of the lines that a text (in small letters) is in."""
        for number in numbers:
            if needle in self._text[number - self.first].lower():
                yield number

    def earliest_from(self, moment: datetime) -> int:
        """The number of the first line at a moment or after it."""
        return self.first + bisect_left(self._at, moment.timestamp())

    def _drop(self, count: int) -> None:
        for column in (self._ids, self._at, self._severity, self._stack, self._text):
            del column[:count]
        self.first += count


class Log(Store):
    """What is shown of a log. Positions count the lines that are shown."""

    def __init__(self, most: int = MOST) -> None:
        super().__init__()
        self._most = most
        self.lines = Lines(most=most)
        self.look = Look()
        self.shown = array("q")
        self.hits = array("q")
        self.loading = False
        """Earlier lines are still on their way."""
        self.frozen: int | None = None
        """While paused: the number of the first line that is not shown."""
        self.came_before: Callable[[int], None] = lambda _: None
        """Is told how many lines came before those that are shown."""

    def __len__(self) -> int:
        """How many lines are shown."""
        return len(self.shown) if self.frozen is None else bisect_left(self.shown, self.frozen)

    @property
    def paused(self) -> bool:
        """Whether what comes is held back."""
        return self.frozen is not None

    @property
    def held_back(self) -> int:
        """Lines that came since it was paused."""
        return len(self.shown) - len(self)

    @property
    def dropped(self) -> int:
        """Lines at the beginning that are not kept any more."""
        return self.lines.first

    def add(self, events: Sequence[Event]) -> None:
        """Lines that came. Tells nobody: see `changed`."""
        since = self.lines.end
        for event in events:
            self.lines.add(event)
        self._take(since)

    def replace(self, lines: Lines) -> None:
        """Show the lines there were, and earlier ones before them. All have other numbers then."""
        before = len(self.shown)
        self.lines = lines
        self.frozen = None
        self.look_at(self.look)
        self.came_before(len(self.shown) - before)

    def look_at(self, look: Look) -> None:
        """Show other lines, or look for something else."""
        self.look = look
        self.shown, self.hits = array("q"), array("q")
        self._take(self.lines.first)

    def pause(self, paused: bool) -> None:
        """Hold back what comes, or show it."""
        self.frozen = self.lines.end if paused else None
        self.changed()

    def at(self, position: int) -> Line:
        """The line at a position."""
        return self.lines.line(self.shown[position])

    def position(self, number: int) -> int:
        """Where a line is, or would be."""
        return min(bisect_left(self.shown, number), max(0, len(self) - 1))

    def position_at(self, moment: datetime) -> int:
        """Where a moment is."""
        return self.position(self.lines.earliest_from(moment))

    def is_hit(self, number: int) -> bool:
        """Whether what is looked for is in a line."""
        at = bisect_left(self.hits, number)
        return at < len(self.hits) and self.hits[at] == number

    def hit(self, which: Which, of: int | None) -> int | None:
        """The number of the hit after or before a line, all around; None without any."""
        if not self.hits:
            return None
        if of is None:
            return self.hits[-1] if which == "previous" else self.hits[0]
        at = bisect_left(self.hits, of + 1) if which == "next" else bisect_left(self.hits, of) - 1
        return self.hits[at % len(self.hits)]

    def hit_number(self, number: int) -> int:
        """Which of the hits a line is, from 1."""
        return bisect_left(self.hits, number) + 1

    def _take(self, since: int) -> None:
        first = self.lines.first
        for column in (self.shown, self.hits):
            if column and column[0] < first:
                del column[: bisect_left(column, first)]
        fresh = array("q", self.lines.fitting(self.look, since))
        self.shown.extend(fresh)
        if self.look.search:
            self.hits.extend(self.lines.holding(self.look.search.lower(), fresh))


def written(line: Line, name: str) -> str:
    """A line as text; `name` is what its stack is called."""
    at = line.at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{line.at.microsecond // 1000:03}Z"
    return f"{at} {line.severity:<7} {name}{': ' if name else ''}{line.text}"
