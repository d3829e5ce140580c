"""A draft saves itself: a moment after each change, and told so. Saved elsewhere meanwhile, somebody decides."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final, Literal, Protocol, TypeVar

from twin2multicloud.app.errors import StaleError
from twin2multicloud.app.schemas.drafts import Draft, DraftPatch
from twin2multicloud.app.ui.failures import Failure
from twin2multicloud.app.ui.gateway import Question
from twin2multicloud.app.ui.new_twin.editor import Editor, Written
from twin2multicloud.app.ui.store import Store
from twin2multicloud.model.errors import Twin2MultiCloudError

SAVED_AFTER_S: Final = 1.0
_TRIED_AGAIN_AFTER_S: Final = 10.0
State = Literal["saved", "unsaved", "saving", "failed", "conflict"]
T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class Asks(Protocol):
    """How the API is asked."""

    async def __call__(self, question: Question[T], /) -> T: ...  # noqa: D102


def written_of(draft: Draft) -> Written:
    """What a draft holds."""
    return Written(draft.source, draft.files, draft.format)


class Saving(Store):
    """A draft and what is written for it. `draft` is as it was saved last; `failure` why the last try did not work."""

    def __init__(self, draft: Draft, editor: Editor, ask: Asks, now: Callable[[], datetime]) -> None:
        super().__init__()
        self.draft = draft
        self.state: State = "saved"
        self.failure: Failure | None = None
        self.step = draft.step
        self.saved_at = draft.updated_at
        self._editor = editor
        self._ask = ask
        self._now = now
        self._timer: asyncio.TimerHandle | None = None
        self._lock = asyncio.Lock()

    def begin(self) -> Callable[[], None]:
        """Save what changes from now on; what is returned ends that."""
        return self._editor.watch(self._edited)

    async def save(self) -> bool:
        """Save now; whether all that is written is kept."""
        self._later(None)
        async with self._lock:
            if self.state == "conflict":
                return False
            changes = self._editor.patch(written_of(self.draft))
            if changes is None:
                self._become("saved")
                return True
            self._become("saving")
            # Where somebody is in the form is no change by itself: it is kept with the next one.
            where = {} if self.step == self.draft.step else {"step": self.step}
            return await self._kept(self.draft, DraftPatch.model_validate(changes.changes() | where))

    async def take_theirs(self) -> None:
        """Go on with what was saved elsewhere; what is here can be had back by undoing."""
        self.draft = await self._ask(lambda api: api.drafts.get(self.draft.id))
        self.saved_at = self.draft.updated_at
        self._become("saved")
        self._editor.become(written_of(self.draft))

    async def keep_mine(self) -> None:
        """Save what is here over what was saved elsewhere."""
        self.draft = await self._ask(lambda api: api.drafts.get(self.draft.id))
        self._become("unsaved")
        await self.save()

    async def keep_both(self, title: str) -> Draft:
        """Keep what is here as a draft of its own."""
        mine = self._editor.patch(written_of(self.draft)) or DraftPatch(title=title)
        return await self._ask(lambda api: api.drafts.keep_both(self.draft, mine, title))

    def _edited(self) -> None:
        if self.state == "conflict":
            return
        if self._editor.patch(written_of(self.draft)) is None:
            self._become("saved")
            return
        self._become("unsaved")
        self._later(SAVED_AFTER_S)

    async def _kept(self, there: Draft, changes: DraftPatch) -> bool:
        try:
            self.draft = await self._ask(lambda api: api.drafts.save(there, changes))
        except StaleError as error:
            self.failure = Failure.of(error)
            self._become("conflict")
            return False
        except Twin2MultiCloudError as error:
            self.failure = Failure.of(error)
            self._become("failed")
            if self.failure.retry:
                self._later(_TRIED_AGAIN_AFTER_S)
            return False
        self.saved_at = self._now()
        self.failure = None
        if self._editor.patch(written_of(self.draft)) is None:
            self._become("saved")
            return True
        self._become("unsaved")  # somebody went on typing
        self._later(SAVED_AFTER_S)
        return False

    def _later(self, seconds: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        self._timer = None if seconds is None else loop.call_later(seconds, self._due)

    def _due(self) -> None:
        self._task = asyncio.create_task(self._save_quietly())

    async def _save_quietly(self) -> None:
        await self.save()

    def _become(self, state: State) -> None:
        if state != self.state:
            self.state = state
            self.changed()
