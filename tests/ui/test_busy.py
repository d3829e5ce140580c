"""Whether something is under way, as buttons and progress are told."""

from __future__ import annotations

import asyncio

import pytest

from twin2multicloud.app.ui.busy import Busy


def test_it_is_busy_until_all_that_was_begun_has_ended_however_it_ends() -> None:
    async def story() -> None:
        busy = Busy()
        told: list[bool] = []
        busy.watch(lambda: told.append(busy.now))
        first, second = asyncio.Event(), asyncio.Event()

        async def fail() -> None:
            await second.wait()
            raise ValueError("as it may")

        waits, fails = asyncio.create_task(busy.until(first.wait())), asyncio.create_task(busy.until(fail()))
        left = asyncio.create_task(busy.until(asyncio.sleep(3_600)))
        await asyncio.sleep(0)
        assert busy.now
        left.cancel()
        first.set()
        assert await waits is True
        assert busy.now
        second.set()
        with pytest.raises(ValueError, match="as it may"):
            await fails
        assert [busy.now] == [False]
        assert told == [True, False]

    asyncio.run(story())
