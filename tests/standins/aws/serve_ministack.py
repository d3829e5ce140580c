"""Runs ministack (by its own Python) with every listener on loopback: its MQTT listener names all interfaces."""

import asyncio
import sys

from ministack.app import main  # type: ignore[import-not-found]

_create = asyncio.base_events.BaseEventLoop.create_server


async def _on_loopback(loop, factory, host=None, port=None, **options):  # type: ignore[no-untyped-def]
    return await _create(loop, factory, "127.0.0.1" if host == "0.0.0.0" else host, port, **options)


asyncio.base_events.BaseEventLoop.create_server = _on_loopback  # type: ignore[assignment, method-assign]
sys.argv = ["ministack"]
main()
