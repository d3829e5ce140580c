"""The one place that asks the API: off the event loop, so that no answer that takes long holds up a page."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

from twin2multicloud.app.client.client import Client
from twin2multicloud.app.errors import UnauthenticatedError

T = TypeVar("T")
Question = Callable[[Client], T]


class Gateway:
    """A session's calls. `signed_out` is called when the API does not know the session any more."""

    def __init__(self, client: Client, executor: Executor, signed_out: Callable[[], None] = lambda: None) -> None:
        self._client = client
        self._executor = executor
        self._signed_out = signed_out

    async def ask(self, question: Question[T]) -> T:
        """The answer to a question such as `lambda api: api.twins.get(twin)`. Lists are taken in it (`list(...)`).

        Raises the API's error.
        """
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._executor, question, self._client)
        except UnauthenticatedError:
            self._signed_out()
            raise
