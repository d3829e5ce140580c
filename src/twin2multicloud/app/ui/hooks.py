"""How components use stores and what is loaded."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import TypeVar

import flet as ft
from flet.components.hooks.use_ref import MutableRef

from twin2multicloud.app.ui.live import Wanted
from twin2multicloud.app.ui.remote import Remote
from twin2multicloud.app.ui.session import Session, current, perhaps_current
from twin2multicloud.app.ui.store import Store

StoreT = TypeVar("StoreT", bound=Store)
T = TypeVar("T")


def use_session() -> Session:
    """The session that a component is shown in."""
    return current()


def use_store(store: StoreT) -> StoreT:
    """A store, at whose changes the component is shown anew."""
    _, count = ft.use_state(0)
    ends: MutableRef[list[Callable[[], None]]] = ft.use_ref(list)
    shown: MutableRef[int] = ft.use_ref(-1)
    shown.current = store.version
    session = perhaps_current()

    def changed() -> None:
        count(lambda times: times + 1)

    def catch_up() -> None:
        if store.version != shown.current:
            changed()

    def begin() -> None:
        # Flet drops what is to be shown while no browser is there.
        ends.current = [store.watch(changed)]
        if session is not None:
            ends.current.append(session.returns.watch(catch_up))
        catch_up()  # with what changed between showing it and now

    def finish() -> None:
        for end in ends.current or ():
            end()

    ft.use_effect(begin, [id(store)], finish)
    return store


def use_made(make: Callable[[], StoreT], *key: Hashable) -> StoreT:
    """A store of the component's own, made anew when the key changes."""
    return use_store(ft.use_memo(make, list(key)))


def use_remote(
    load: Callable[[], Awaitable[T]],
    *key: Hashable,
    every_s: float | None = None,
    refresh_on: Wanted | None = None,
) -> Remote[T]:
    """Something that is loaded when the component is first shown, when the key changes, and after events (of which
    many at once count as one). Until what another key stands for has come, what was there stays in view. `every_s`: see
    `use_held`.
    """
    return use_store(use_held(load, *key, every_s=every_s, refresh_on=refresh_on, keeps=True))


def use_held(
    load: Callable[[], Awaitable[T]],
    *key: Hashable,
    every_s: float | None = None,
    refresh_on: Wanted | None = None,
    keeps: bool = False,
) -> Remote[T]:
    """As `use_remote`, but the component is not shown anew: those parts of it are that use it with `use_store`. With
    `every_s` it is asked for again and again, which only what no event tells of should be. `keeps`: what there was
    stays in view until what another key stands for has come.
    """
    before: MutableRef[Remote[T] | None] = ft.use_ref(None)
    remote: Remote[T] = ft.use_memo(lambda: Remote(load, before.current if keeps else None), list(key))
    before.current = remote
    ft.use_effect(remote.refresh, [id(remote)], remote.stop)
    use_events(refresh_on, remote.refresh, id(remote))
    use_every(every_s, lambda: remote.refresh(quietly=True), id(remote))
    return remote


def use_events(wanted: Wanted | None, happened: Callable[[], None], *key: Hashable) -> None:
    """Have something called after events that are wanted, at most twice a second, and when a browser shows the page
    again, which was told of none meanwhile.
    """
    session = use_session()
    ends: MutableRef[list[Callable[[], None]]] = ft.use_ref(list)

    def begin() -> None:
        if wanted is not None:
            ends.current = [session.live.on(wanted, happened), session.returns.watch(happened)]

    def finish() -> None:
        for end in ends.current or ():
            end()
        ends.current = []

    ft.use_effect(begin, [*key, wanted], finish)


def use_every(seconds: float | None, do: Callable[[], None], *key: Hashable) -> None:
    """Have something done now and then (None: not at all) while the component is shown, and somebody looks."""
    session = use_session()
    task: MutableRef[asyncio.Task[None] | None] = ft.use_ref(None)

    async def go_on(pause_s: float) -> None:
        while True:
            await asyncio.sleep(pause_s)
            if session.looked_at:
                do()

    def begin() -> None:
        task.current = asyncio.create_task(go_on(seconds)) if seconds is not None else None

    def finish() -> None:
        if task.current is not None:
            task.current.cancel()

    ft.use_effect(begin, [seconds, *key], finish)
