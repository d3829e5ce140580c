"""The lifecycle rules of a bucket: what S3, Blob Storage and Cloud Storage do by themselves."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from twin2multicloud.model.spec import Retention
from twin2multicloud.runtime.ports import ObjectStore
from twin2multicloud.runtime.times import to_time

_PAGE = 500


class Lifecycle:
    """Moves objects that are older than the cool age to the archive class, if `archives`, and deletes them at the end.

    An object's age is that of the end of its window, so of its youngest record. `expires` is told the tier's age at
    which objects are deleted (None: never).
    """

    def __init__(
        self,
        objects: ObjectStore,
        retention: Retention,
        *,
        archives: bool,
        expires_s: float | None,
        now: Callable[[], float],
    ) -> None:
        self._objects = objects
        self._retention = retention
        self._archives = archives
        self._expires_s = expires_s
        self._now = now

    def __call__(self) -> int:
        """One run; how many objects it touched."""
        now = self._now()
        old = to_time(now - self._retention.cool_s)
        gone = None if self._expires_s is None else to_time(now - self._expires_s)
        # Keys begin with their window's start: what follows one that is younger than this is younger, too.
        youngest = max(old if self._archives else "", gone or "").replace(":", "")[:17]
        touched = 0
        after = ""
        while True:
            page = self._objects.list("", after, _PAGE)
            for stored in page:
                end = stored.metadata.get("window_end", "9")
                if gone is not None and end <= gone:
                    self._objects.delete(stored.key)
                    touched += 1
                elif self._archives and end <= old and stored.storage_class != "archive":
                    with suppress(KeyError):  # removed by somebody just now
                        self._objects.set_class(stored.key, "archive")
                        touched += 1
                elif stored.key[:17] > youngest:
                    return touched
            if len(page) < _PAGE:
                return touched
            after = page[-1].key
