"""Which messages that were set aside are chosen, and what was done with them."""

from __future__ import annotations

import json
from typing import Literal

from twin2multicloud.app.schemas.sandboxes import Letters, LettersDone, LettersTarget
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.store import Store

Deed = Literal["replay", "drop"]


class Chosen(Store):
    """Ids of dead letters at a target that are chosen; `done` and `deed` tell of what was done last."""

    def __init__(self, target: LettersTarget) -> None:
        super().__init__()
        self.target: LettersTarget = target
        self.ids: frozenset[str] = frozenset()
        self.busy = False
        self.deed: Deed | None = None
        self.done: LettersDone | None = None

    def toggle(self, id: str) -> None:
        """Choose one, or no longer."""
        self.ids = self.ids ^ {id}
        self.changed()

    def all_of(self, ids: frozenset[str]) -> None:
        """Choose just these."""
        self.ids = ids
        self.changed()

    async def carry_out(self, session: Session, twin: str, deed: Deed, letters: Letters) -> None:
        """Replay or drop letters."""
        self.busy, self.done = True, None
        self.changed()
        try:
            if deed == "replay":
                self.done = await session.ask(lambda api: api.operating.replay(twin, letters, target=self.target))
            else:
                self.done = await session.ask(lambda api: api.operating.drop(twin, letters, target=self.target))
            self.deed, self.ids = deed, frozenset()
        finally:
            self.busy = False
            self.changed()


def pretty(body: str) -> str:
    """A message's content, laid out if it is JSON, otherwise as it came."""
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:
        return body
