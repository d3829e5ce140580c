"""Moves a slot: takes the steps, keeps the journal, goes on where a killed process left off, goes back on demand."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Final

from twin2multicloud.model.errors import Twin2MultiCloudError, UsageError
from twin2multicloud.model.spec import TwinSpec
from twin2multicloud.moving.copying.base import Compared, Copier, Page, Patience
from twin2multicloud.moving.copying.choose import copier_of
from twin2multicloud.moving.driver import HOLD_NOBODY, Driver, DriverError, Hold
from twin2multicloud.moving.journal import Journal
from twin2multicloud.moving.move import Move, Transfer, after, transfers
from twin2multicloud.moving.pace import Pace
from twin2multicloud.moving.steps import HELD, Progress, Report, Step, VerificationError, Verified
from twin2multicloud.runtime.failures import RejectedError, StoreError
from twin2multicloud.runtime.times import to_epoch, to_time

PATIENCE_S: Final = 60.0
"""A store that fails is tried again for so long; while writers are held, for `HELD_PATIENCE_S` at most."""
HELD_PATIENCE_S: Final = 20.0
AT_REST_S: Final = 120.0
"""What was under way when writers were held has so long to arrive."""

_LATENESS_S: Final = 3600.0
_LATE_AGAIN_S: Final = 120.0
"""A catch-up looks so far behind the beginning of the pass before, for records that are late: far once, while all
flows, not far from then on. What is later still is found by the comparison."""
_QUICK_S: Final = 1.0
"""A pass that takes no longer is the last before writers are held: as long as that they will wait."""
_PASSES: Final = 8
_POLL_S: Final = 0.05


class Mover:
    """One move by one process. `now` is the twin's time, `monotonic` the machine's; `sleep` takes seconds. A store that
    fails is tried again for `patience_s`.

    `took` hears of every step and page once it is on record, for tests to kill at.
    """

    def __init__(
        self,
        driver: Driver,
        journal: Journal,
        spec: TwinSpec,
        *,
        now: Callable[[], float],
        pace: Pace | None = None,
        patience_s: float = PATIENCE_S,
        progress: Callable[[Progress], None] = lambda _progress: None,
        took: Callable[[str], None] = lambda _what: None,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._driver = driver
        self._journal = journal
        self._spec = spec
        self._now = now
        self._pace = pace or Pace(None, sleep, monotonic)
        self._progress = progress
        self._took = took
        self._sleep = sleep
        self._monotonic = monotonic
        self._patience = Patience(patience_s, sleep, monotonic)
        self._held_patience = Patience(min(patience_s, HELD_PATIENCE_S), sleep, monotonic)
        self._carried = 0

    # ── There ───────────────────────────────────────────────────────────────────────────────────────────────
    def run(self) -> Report:
        """Take every step that has not been taken. Raises `DriverError`, `VerificationError` or whatever a store's
        failure ends in; then writers are not held any more, and `run` may be called again."""
        if self._journal.aborted:
            return self.abort()
        move = self._journal.move
        moved = transfers(self._journal.places, after(self._journal.places, move))
        self._step(Step.BUILD, "", lambda: self._build(move))
        self._step(Step.COPY, "", lambda: self._copy(moved))
        self._across(move, moved, "")
        self._step(Step.VERIFY, "", lambda: self._verify(moved))
        self._step(Step.DESTROY, "", lambda: self._destroy(move, move))
        return self._end(moved, "moved")

    # ── And back ────────────────────────────────────────────────────────────────────────────────────────────
    def abort(self) -> Report:
        """Bring the slot back to where it was, with all that was written at the target. `UsageError` if it is too
        late: the source is being destroyed, or is gone."""
        journal, move = self._journal, self._journal.move
        if journal.state(Step.DESTROY) is not None:
            raise UsageError(f"{move} cannot be aborted any more: what was at the source is being destroyed; resume it")
        if not journal.aborted:
            journal.write("abort")
            self._took("abort")
        moved = transfers(journal.places, after(journal.places, move))
        if journal.state(Step.CUT_OVER) is None:
            self._step(Step.RELEASE, _BACK, lambda: self._driver.release(move, Hold.WRITERS))
            self._step(Step.DESTROY, _BACK, lambda: self._destroy(move, move.back))
            return self._end((), "aborted")
        back, returned = move.back, tuple(transfer.back for transfer in moved)
        # It may have been killed half way through: be across before turning round.
        self._step(Step.CUT_OVER, _AHEAD, lambda: self._driver.cut_over(move))
        self._across(back, returned, _BACK)
        self._step(Step.VERIFY, _BACK, lambda: self._verify(returned, _BACK))
        self._step(Step.DESTROY, _BACK, lambda: self._destroy(back, back))
        return self._end(returned, "aborted")

    # ── Steps ───────────────────────────────────────────────────────────────────────────────────────────────
    def _step(self, step: Step, prefix: str, take: Callable[[], None]) -> None:
        name = prefix + step
        if self._journal.state(name) == "done":
            return
        back = prefix == _BACK
        self._progress(Progress(step, "begun", back=back))
        self._journal.write("begun", step=name, time=to_time(self._now()))
        self._took(f"{name} begun")
        try:
            take()
        except Twin2MultiCloudError:
            self._progress(Progress(step, "failed", back=back))
            raise
        except (StoreError, RejectedError) as error:
            self._progress(Progress(step, "failed", back=back))
            raise DriverError(f"{step.value}: {error}. Nothing was undone; resume the move, or abort it") from error
        self._journal.write("done", step=name)
        self._progress(Progress(step, "done", back=back))
        self._took(f"{name} done")

    def _build(self, move: Move) -> None:
        self._driver.build(move)
        self._driver.hold(move, Hold.REMOVERS)

    def _copy(self, moved: Iterable[Transfer]) -> None:
        for transfer in moved:
            copier = self._copier(transfer)
            if copier.at_rest:
                continue
            first = f"{Step.COPY} 1"
            last = self._journal.last("page", first, transfer.name)
            if self._journal.last("done", first, transfer.name) is None:
                self._journal.write("begun", step=first, name=transfer.name, time=to_time(self._now()))
                self._pages(first, transfer, copier.bulk(None if last is None else last.cursor), Step.COPY)
                self._journal.write("done", step=first, name=transfer.name)
            began = self._journal.first("begun", first)
            since = began.time if began is not None else ""
            for number in range(2, _PASSES):
                following, began_s = to_time(self._now()), self._monotonic()
                start = _before(since, _LATENESS_S if number == 2 else _LATE_AGAIN_S)
                self._pages(f"{Step.COPY} {number}", transfer, copier.catch_up(start), Step.COPY)
                since = following
                if number > 2 and self._monotonic() - began_s <= _QUICK_S:
                    break
            self._journal.write("done", step=f"{Step.COPY} passes", name=transfer.name, time=since)

    def _across(self, move: Move, moved: tuple[Transfer, ...], prefix: str) -> None:
        """From holding writers to letting them go on at the target."""
        if self._journal.state(prefix + Step.CUT_OVER) != "done":
            try:
                self._step(Step.HOLD, prefix, lambda: self._hold(move))
                self._step(Step.CATCH_UP, prefix, lambda: self._catch_up(move, moved, prefix))
                self._step(Step.CUT_OVER, prefix, lambda: self._driver.cut_over(move))
            except (Twin2MultiCloudError, KeyboardInterrupt):
                self._let_go(move, prefix)
                raise
        self._step(Step.RELEASE, prefix, lambda: self._driver.release(move, Hold.WRITERS))

    def _let_go(self, move: Move, prefix: str) -> None:
        """A step failed while writers were held: they go on where they are, and the next attempt holds them anew."""
        if self._journal.state(prefix + Step.CUT_OVER) is not None:
            return  # some of it may be done: only completing it leads to a state that is known
        for step in HELD:
            if self._journal.state(prefix + step) is not None:
                self._journal.write("undone", step=prefix + step)
        self._driver.release(move, Hold.WRITERS)

    def _hold(self, move: Move) -> None:
        self._driver.hold(move, Hold.WRITERS)
        give_up = self._monotonic() + AT_REST_S
        while waiting := self._driver.under_way(move):
            if self._monotonic() > give_up:
                raise DriverError(
                    f"{waiting} messages that were on their way when {move.slot.value} was held have not arrived after "
                    f"{AT_REST_S:g} s; see what keeps them, then resume the move"
                )
            self._sleep(_POLL_S)

    def _catch_up(self, move: Move, moved: Iterable[Transfer], prefix: str) -> None:
        for transfer in moved:
            copier = self._copier(transfer, self._held_patience)
            since = _before(self._since(transfer, prefix), _LATE_AGAIN_S)
            self._pages(prefix + Step.CATCH_UP, transfer, copier.catch_up(since), Step.CATCH_UP)
            if copier.at_rest:
                self._compare(transfer, copier, prefix, Step.CATCH_UP)
        self._carried += self._driver.carry(move)

    def _since(self, transfer: Transfer, prefix: str) -> str:
        """From when on the source has what no pass has copied yet: a moment of the twin's time."""
        if prefix == _BACK:
            # The other end held everything until the cut-over.
            crossed = self._journal.first("begun", Step.HOLD)
            return crossed.time if crossed is not None else _EVER
        passes = self._journal.last("done", f"{Step.COPY} passes", transfer.name)
        return passes.time if passes is not None else _EVER

    def _verify(self, moved: Iterable[Transfer], prefix: str = "") -> None:
        for transfer in moved:
            copier = self._copier(transfer)
            if not copier.at_rest:
                self._compare(transfer, copier, prefix, Step.VERIFY)

    def _compare(self, transfer: Transfer, copier: Copier, prefix: str, step: Step) -> None:
        compared = Compared()
        for compared in copier.compare():
            self._progress(Progress(step, "working", f"{transfer.name}: compared", compared.items, 0, prefix == _BACK))
            self._pace.spend(1)
            self._took(f"{prefix}{step} {transfer.name}")
        if not compared.exact:
            raise VerificationError(transfer.name, compared)
        self._journal.write(
            "compared",
            step=prefix + step,
            name=transfer.name,
            items=compared.items,
            late=compared.late,
            bytes=compared.unread,
            digest=compared.digest,
        )

    def _destroy(self, move: Move, leaving: Move) -> None:
        """Take away what is at `leaving`'s source; then whoever was held goes on."""
        self._driver.destroy(move, leaving.source)
        self._driver.release(move, Hold.REMOVERS)

    # ── Pieces ──────────────────────────────────────────────────────────────────────────────────────────────
    def _copier(self, transfer: Transfer, patience: Patience | None = None) -> Copier:
        return copier_of(transfer, self._driver, self._spec, patience or self._patience)

    def _pages(self, name: str, transfer: Transfer, pages: Iterable[Page], step: Step) -> None:
        items = size = 0
        for page in pages:
            items += page.items
            size += page.bytes
            self._journal.write(
                "page", step=name, name=transfer.name, items=page.items, bytes=page.bytes, cursor=page.cursor
            )
            self._progress(Progress(step, "working", transfer.name, items, size, name.startswith(_BACK)))
            self._took(f"{name} {transfer.name}")
            if step not in HELD:
                self._pace.spend(page.items)

    def _end(self, moved: Iterable[Transfer], how: str) -> Report:
        journal = self._journal
        if not journal.ended:
            journal.write("end", step=how)
        copied: dict[str, tuple[int, int]] = {}
        for entry in journal.entries:
            if entry.what == "page":
                items, size = copied.get(entry.name, (0, 0))
                copied[entry.name] = (items + entry.items, size + entry.bytes)
        verified = {e.name: e for e in journal.entries if e.what == "compared"}
        wanted = {transfer.name for transfer in moved}
        return Report(
            journal.move,
            how == "aborted",
            held_s(journal) if journal.move.slot not in HOLD_NOBODY else 0.0,
            journal.entries[-1].at - journal.entries[0].at,
            copied,
            tuple(Verified(e.name, e.items, e.late, e.digest, e.bytes) for n, e in verified.items() if n in wanted),
            self._carried,
        )


def held_s(journal: Journal) -> float:
    """For how long writers waited in all, by the journal's clock."""
    total, since = 0.0, None
    for entry in journal.entries:
        step = entry.step.removeprefix(_BACK)
        if step == Step.HOLD and entry.what == "begun" and since is None:
            since = entry.at
        ends = (step == Step.RELEASE and entry.what == "done") or (step == Step.HOLD and entry.what == "undone")
        if ends and since is not None:
            total, since = total + entry.at - since, None
    return total


def _before(time: str, seconds: float) -> str:
    return to_time(to_epoch(time) - seconds)


_BACK: Final = "back "
_AHEAD: Final = "ahead "
_EVER: Final = "1970-01-01T00:00:00.000000Z"
