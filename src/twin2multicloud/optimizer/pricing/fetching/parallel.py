"""Doing many things at once, and taking them as they are done."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


async def as_done(jobs: Sequence[Callable[[], Awaitable[T]]], at_once: int) -> AsyncIterator[T]:
    """What each of the jobs comes to, in the order in which they are done, at most `at_once` of them at a time. The
    first that raises ends them all; so does whoever stops taking.
    """
    waiting = iter(jobs)
    running: set[asyncio.Task[T]] = set()
    try:
        while True:
            while len(running) < at_once and (job := next(waiting, None)) is not None:
                running.add(asyncio.ensure_future(_run(job)))
            if not running:
                return
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                yield task.result()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _run(job: Callable[[], Awaitable[T]]) -> T:
    return await job()
