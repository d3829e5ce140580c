"""State that screens show. It knows no Flet, so that it is tested without."""

from __future__ import annotations

from collections.abc import Callable

Listener = Callable[[], None]


class Store:
    """State that tells when it has changed. `version` counts changes."""

    def __init__(self) -> None:
        self.version = 0
        self._listeners: list[Listener] = []

    def watch(self, listener: Listener) -> Callable[[], None]:
        """Have `listener` called at every change; what is returned ends that."""
        self._listeners.append(listener)

        def end() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return end

    def changed(self) -> None:
        """Tell whoever watches."""
        self.version += 1
        for listener in tuple(self._listeners):
            listener()

    @property
    def watched(self) -> bool:
        """Whether anybody does."""
        return bool(self._listeners)
