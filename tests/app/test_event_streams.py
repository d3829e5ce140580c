"""Streams of events: everything once and in order, whatever breaks in between; and when they end."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text, update

from tests.app.backends import Person, Site, site
from tests.app.streaming import serving, watching, write, writer
from twin2multicloud.app.api.app import create_app
from twin2multicloud.app.db.tables.people import ApiKey, Role, WorkspaceMember
from twin2multicloud.app.events.delivery import Limits
from twin2multicloud.app.events.log import NewEvent
from twin2multicloud.app.events.tailer import Pace

QUICK = Limits(tick_s=0.05, recheck_s=0.1, heartbeat_s=0.1)


def line(site: Site, run: str, number: int, **more: Any) -> NewEvent:
    return NewEvent(site.workspace_id, "run.line", f"line {number}", run_id=run, data={"i": number}, **more)


def numbers(events: list[dict[str, Any]]) -> list[int]:
    return [event["data"]["i"] for event in events]


def test_nothing_is_lost_or_told_twice_however_often_a_client_comes_again(here: Site) -> None:
    """Two processes write; clients leave at random points, resume, and some take little at a time. On one of the
    databases more is read at once than on the other.
    """
    chance = random.Random(here.backend.database.engine.dialect.name)
    owner = here.person("olga")
    run = here.run(owner)
    count = 150
    limits = Limits(tick_s=0.05, ring_bytes=8 * 4_000, read_most=chance.choice([3, 50]), gather_least_s=0.002)

    async def client(app: Any, number: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        last = 0
        while len(found) < 2 * count:
            holds = chance.choice([0, 1, 3])
            async with watching(app, owner, f"runs/{run}/events/stream", last_id=last, holds=holds) as stream:
                taken = await stream.events(min(chance.randrange(1, 120), 2 * count - len(found)))
                found += taken
                last = found[-1]["id"] if found else 0
            await asyncio.sleep(chance.random() / 50)
        return found

    async def all_of_it() -> list[list[dict[str, Any]]]:
        async with serving(here, limits) as app:
            return await asyncio.gather(*[client(app, number) for number in range(4)])

    processes = [writer(here, count, run, name) for name in ("anna", "bela")]
    try:
        told = asyncio.run(all_of_it())
    finally:
        codes = [process.wait(30) for process in processes]
    assert codes == [0, 0]
    for found in told:
        ids = [event["id"] for event in found]
        assert ids == sorted(set(ids))
        for name in ("anna", "bela"):
            assert [event["data"]["i"] for event in found if event["data"]["by"] == name] == list(range(count))


def test_a_server_that_begins_anew_goes_on_where_the_last_one_ended(here: Site) -> None:
    owner = here.person("olga")
    run = here.run(owner)

    async def one(last: int | None, first: int) -> tuple[list[int], int | None]:
        async with serving(here) as app, watching(app, owner, f"runs/{run}/events/stream", last_id=last) as stream:
            await stream.begun()
            await asyncio.to_thread(write, here, *[line(here, run, first + n) for n in range(5)])
            return numbers(await stream.events(5 if last is None else 8)), stream.last_id

    found, last = asyncio.run(one(None, 0))
    assert found == [0, 1, 2, 3, 4]
    write(here, *[line(here, run, n) for n in (5, 6, 7)])
    assert asyncio.run(one(last, 8))[0] == [5, 6, 7, 8, 9, 10, 11, 12]


def test_a_stream_says_how_to_come_again_and_beats_when_nothing_happens(sqlite_site: Site) -> None:
    owner = sqlite_site.person("olga")
    run, other = sqlite_site.run(owner), sqlite_site.run(owner)
    write(sqlite_site, line(sqlite_site, run, 1))

    async def look() -> None:
        async with (
            serving(sqlite_site, QUICK) as app,
            watching(app, owner, f"runs/{run}/events/stream?after=0") as stream,
        ):
            assert numbers(await stream.events(1)) == [1]
            seen = stream.last_id
            assert seen is not None
            assert (stream.status, stream.retry_ms) == (200, 2_000)
            assert stream.headers["content-type"].startswith("text/event-stream")
            assert stream.headers["cache-control"] == "no-store"
            assert "content-length" not in stream.headers
            await asyncio.to_thread(write, sqlite_site, *[line(sqlite_site, other, n) for n in range(9)])
            while (
                stream.last_id or 0
            ) < seen + 9:  # what it does not tell is passed by, so that resuming need not look again
                assert await stream.take() == []

    asyncio.run(look())


def test_a_stream_ends_for_whoever_may_no_longer_watch(here: Site) -> None:
    owner = here.person("olga")
    oleg, vera = here.person("oleg", Role.OPERATOR), here.person("vera", Role.VIEWER)
    run = here.run(owner)

    def take_away() -> None:
        with here.backend.database.write() as session:
            now = datetime.now(UTC)
            session.execute(update(ApiKey).where(ApiKey.user_id == oleg.user_id).values(revoked_at=now))
            member = session.get(WorkspaceMember, (here.workspace_id, vera.user_id))
            session.delete(member)

    async def look() -> list[str | None]:
        path = f"runs/{run}/events/stream"
        async with (
            serving(here, QUICK) as app,
            watching(app, oleg, path) as first,
            watching(app, vera, path) as second,
            watching(app, owner, path) as third,
        ):
            streams = [await each.begun() for each in (first, second, third)]
            await asyncio.to_thread(take_away)
            assert await first.rest() == await second.rest() == []
            await asyncio.to_thread(write, here, line(here, run, 1))
            assert numbers(await third.events(1)) == [1]
            async with watching(app, oleg, path) as again:
                await again.rest()
                assert again.status == 401
            return [each.end for each in streams]

    assert asyncio.run(look()) == ["unauthenticated", "not-found", None]


def test_what_may_be_seen_is_looked_up_again_while_a_stream_lasts(here: Site) -> None:
    owner, guest = here.person("olga"), here.person("gil", None)
    twin, other = owner.create_twin("one")["id"], owner.create_twin("two")["id"]

    def told(twin_id: str, number: int) -> NewEvent:
        return NewEvent(here.workspace_id, "twin.line", "", twin_id=twin_id, data={"i": number})

    async def look() -> list[int]:
        found: list[int] = []
        async with serving(here, QUICK) as app, watching(app, guest, "events/stream?kind=twin.line") as stream:
            await stream.begun()
            await asyncio.to_thread(write, here, told(twin, 1), told(other, 2))
            await asyncio.to_thread(here.let_in, guest.user_id, other, Role.VIEWER)
            number = 3
            while not found:
                await asyncio.to_thread(write, here, told(twin, number), told(other, number + 1))
                number += 2
                await asyncio.sleep(0.05)
                while not stream.inbox.empty():
                    found += numbers(await stream.take() or [])
        return found

    found = asyncio.run(look())
    assert found == [number for number in range(found[0], found[-1] + 1) if number % 2 == 0]


def test_a_client_that_takes_nothing_is_let_go_and_resumes(sqlite_site: Site) -> None:
    owner = sqlite_site.person("olga")
    run = sqlite_site.run(owner)
    limits = Limits(tick_s=0.05, stuck_s=0.3, ring_bytes=8 * 2_000, read_most=7)

    async def look() -> list[int]:
        path = f"runs/{run}/events/stream"
        async with serving(sqlite_site, limits) as app:
            delivery = app.state.delivery
            async with watching(app, owner, path, holds=4) as stream:
                await stream.begun()
                for n in range(60):
                    await asyncio.to_thread(write, sqlite_site, line(sqlite_site, run, n))
                while delivery.watching:
                    await asyncio.sleep(0.02)
                assert delivery.figures.ended["stuck"] == 1
                found = []
                while not stream.inbox.empty():
                    found += await stream.take() or []
                assert 0 < len(found) < 60
            async with watching(app, owner, path, last_id=found[-1]["id"]) as stream:
                found += await stream.events(60 - len(found))
            assert delivery.figures.from_database > 0
            return numbers(found)

    assert asyncio.run(look()) == list(range(60))


def test_streams_end_by_themselves_and_when_the_server_stops(sqlite_site: Site) -> None:
    owner = sqlite_site.person("olga")
    path = f"events/stream?workspace={sqlite_site.workspace_id}"

    async def look() -> list[Any]:
        async with serving(sqlite_site, Limits(tick_s=0.02, lifetime_s=0.2)) as app, watching(app, owner, path) as one:
            await one.rest()
        async with serving(sqlite_site) as app, watching(app, owner, path) as two:
            await two.begun()
            app.state.delivery.stop()
            await two.rest()
            async with watching(app, owner, path) as three:
                await three.rest()
        return [one.end, two.end, three.status]

    assert asyncio.run(look()) == ["lifetime", "stopping", 503]


def test_nobody_has_more_streams_than_the_settings_say(sqlite_file: str, tmp_path: Path) -> None:
    async def look(here: Site) -> list[int | None]:
        owner, vera = here.person("olga"), here.person("vera", Role.VIEWER)
        app = create_app(here.backend)
        async with (
            app.router.lifespan_context(app),
            watching(app, owner, "events/stream") as one,
            watching(app, owner, "events/stream", token=here.key(vera.user_id)) as two,
        ):
            await one.begun()
            await two.begun()
            statuses = []
            for person in (owner, here.person("nina")):
                async with watching(app, person, "events/stream") as refused:
                    await refused.rest()
                    statuses.append(refused.status)
            return statuses

    with site(tmp_path / "data", sqlite_file, streams={"each": 1, "at_once": 2}) as here:
        assert asyncio.run(look(here)) == [429, 503]


def test_a_broken_connection_for_notifications_is_made_up_for(here: Site) -> None:
    """On SQLite there is none; the test then tells that reading goes on after a pause."""
    owner = here.person("olga")
    run = here.run(owner)
    pace = Pace(notify_s=0.1, fallback_s=0.05, reconnect_s=0.3)

    def cut() -> None:
        if not here.backend.database.is_sqlite:
            with here.backend.database.write() as session:
                session.execute(
                    text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")
                )

    async def look() -> list[int]:
        found: list[int] = []
        async with (
            serving(here, pace=pace) as app,
            watching(app, owner, f"runs/{run}/events/stream") as stream,
        ):
            await stream.begun()
            for n in range(12):
                if n % 4 == 1:
                    await asyncio.to_thread(cut)
                await asyncio.to_thread(write, here, line(here, run, n))
                found += numbers(await stream.events(1))
                await asyncio.sleep(0.1)
        return found

    assert asyncio.run(look()) == list(range(12))


def test_streams_can_end_with_what_there_is(here: Site, owner: Person) -> None:
    run = here.run(owner)
    write(here, *[line(here, run, n) for n in range(700)])
    answer = owner.call("GET", f"runs/{run}/events/stream?after=0&follow=false", code=200)
    assert answer.text.count('\ndata: {"id":') == 700
    assert answer.text.endswith('event: end\ndata: {"reason":"done"}\n\n')
    fresh = owner.call("GET", f"runs/{run}/events/stream?follow=false", code=200)
    assert "id:" not in fresh.text
    problem = owner.call("GET", "events/stream?follow=false", code=422, headers={"Last-Event-ID": "x1"}).json()
    assert problem["errors"][0]["field"] == "last-event-id"
    # One that does not exist yet, as after a restored backup, is taken for the newest.
    beyond = owner.call("GET", f"runs/{run}/events/stream?follow=false&after=99999999", code=200)
    assert "id:" not in beyond.text
