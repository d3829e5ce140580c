"""Asking the clouds' price lists over HTTP: politely, again where that helps, and never taking a part for the whole.

One `PriceHttp` serves all fetchers. Answers are kept on disk (`kept`): what came since `since`, the beginning of a
refresh, is not asked for again, so a refresh that was killed goes on where it was; what is older is asked for anew, by
its ETag or date. A body that broke off is continued by range where the server tells that it is still the same.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import httpx2

from twin2multicloud.model.errors import PriceError
from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.fetching import answers
from twin2multicloud.optimizer.pricing.fetching.kept import Begun, KeptAnswer, KeptAnswers

ORIGINS: Final[Mapping[Provider, str]] = MappingProxyType(
    {
        Provider.AWS: "https://pricing.us-east-1.amazonaws.com",
        Provider.AZURE: "https://prices.azure.com",
        Provider.GCP: "https://cloudbilling.googleapis.com",
    }
)
"""Where the price lists are. A mirror may stand in for each."""

_TIMEOUT: Final = httpx2.Timeout(30.0, connect=10.0)
MOST_PAGE_BYTES: Final = 64 << 20
MOST_FILE_BYTES: Final = 4 << 30


class FetchError(PriceError):
    """A price list that cannot be read: what was asked for, and what came instead (exit code 5)."""


@dataclass(frozen=True)
class Patience:
    """How often and how long an answer is asked for. `most_wait_s` is the time spent waiting between attempts in a row
    without a byte of progress, all told; waiting begins with `first_wait_s` and doubles. A host that never answered is
    tried `attempts_unreached` times: a machine without a network shall say so soon. `at_once` bounds requests per host.
    """

    most_attempts: int = 8
    attempts_unreached: int = 3
    first_wait_s: float = 0.5
    longest_wait_s: float = 30.0
    most_wait_s: float = 180.0
    at_once: int = 4


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Timekeeping:
    """The clock, waiting, and the share (0 … 1) of a wait that is left to chance."""

    now: Callable[[], datetime] = _utc_now
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random


class PriceHttp:
    """An HTTP client for price lists. Close it when done (`async with`)."""

    def __init__(
        self,
        directory: Path,
        *,
        origins: Mapping[Provider, str] = ORIGINS,
        since: datetime | None = None,
        patience: Patience | None = None,
        time: Timekeeping | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
        timeout: httpx2.Timeout = _TIMEOUT,
    ) -> None:
        """Answers are kept in `directory`; those that came after `since` (None: now) are not asked for again."""
        self._origins = {provider: origins.get(provider, ORIGINS[provider]).rstrip("/") for provider in Provider}
        for provider, origin in self._origins.items():
            answers.check_origin(provider, origin)
        self._kept = KeptAnswers(directory)
        self._patience = patience or Patience()
        self._time = time or Timekeeping()
        self._since = since or self._time.now()
        # Compressed bodies could be neither continued nor held against the length that was announced.
        self._client = httpx2.AsyncClient(
            follow_redirects=False, timeout=timeout, transport=transport, headers={"Accept-Encoding": "identity"}
        )
        self._turns: dict[str, asyncio.Semaphore] = {}
        self._reached: set[str] = set()
        self._asking: dict[str, asyncio.Lock] = {}

    async def __aenter__(self) -> PriceHttp:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    def url(self, provider: Provider, address: str) -> str:
        """The address on the provider's origin: a path as it is, or a whole address if it is on that origin.
        `FetchError` for one that leads elsewhere: lists are followed nowhere but where they were asked for.
        """
        return answers.on_origin(self._origins[provider], address)

    async def json(
        self, url: str, headers: Mapping[str, str] | None = None, *, most_bytes: int = MOST_PAGE_BYTES
    ) -> Any:
        """The JSON at that address. `headers` may authenticate: they are neither kept nor told. `FetchError` where it
        cannot be had, or is no JSON.
        """
        kept = await self.download(url, headers, most_bytes=most_bytes, check=_check_json)
        return json.loads(kept.read_bytes())

    async def download(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        immutable: bool = False,
        most_bytes: int = MOST_FILE_BYTES,
        check: Callable[[Path], None] | None = None,
    ) -> Path:
        """The whole body at that address as a file, which is not to be changed. What is `immutable` is never asked for
        twice. `check` raises `ValueError` for a body that cannot be right: it is dropped and fetched again.
        `FetchError` where it cannot be had.
        """
        async with self._asking.setdefault(url, asyncio.Lock()):
            known = self._kept.find(url)
            if known is not None and known.asked_at >= self._since:
                return known.body
            if known is not None and immutable:
                return self._kept.touch(known, self._time.now()).body
            part, held = self._kept.hold(url)
            try:
                return (await self._persist(url, dict(headers or {}), known, part, most_bytes, check)).body
            finally:
                if held is None:
                    self._kept.forget_part(part)
                else:
                    held.release()

    def prune(self, before: datetime) -> None:
        """Drop what was last used before that moment, and what has come of bodies that nobody went on with since."""
        self._kept.prune(before)

    # -- asking again -------------------------------------------------------------------------------------------------

    async def _persist(
        self,
        url: str,
        headers: dict[str, str],
        known: KeptAnswer | None,
        part: Path,
        most_bytes: int,
        check: Callable[[Path], None] | None,
    ) -> KeptAnswer:
        attempts, waited_s = 0, 0.0
        while True:
            had = answers.size(part)
            try:
                async with self._turn(url):
                    return await self._attempt(url, headers, known, part, most_bytes, check)
            except answers.Again as again:
                problem, asked_s = again.problem, again.after_s
            if answers.size(part) > had:
                attempts, waited_s = 0, 0.0
            attempts += 1
            wait_s = self._wait_s(attempts, asked_s)
            waited_s += wait_s
            reached = httpx2.URL(url).host in self._reached
            most = self._patience.most_attempts if reached else self._patience.attempts_unreached
            if attempts >= most or waited_s > self._patience.most_wait_s:
                raise FetchError(f"{answers.shown(url)} {problem}; tried {attempts} times. Try again later")
            await self._time.sleep(wait_s)

    def _wait_s(self, attempt: int, asked_s: float | None) -> float:
        """How long to wait: at least what the server asks for, and not the same as everybody else."""
        wait = min(self._patience.first_wait_s * 2.0 ** (attempt - 1), self._patience.longest_wait_s)
        wait *= 0.5 + 0.5 * self._time.chance()
        return wait if asked_s is None else asked_s + wait * self._time.chance()

    @asynccontextmanager
    async def _turn(self, url: str) -> AsyncIterator[None]:
        host = httpx2.URL(url).host
        async with self._turns.setdefault(host, asyncio.Semaphore(self._patience.at_once)):
            yield

    # -- one attempt --------------------------------------------------------------------------------------------------

    async def _attempt(
        self,
        url: str,
        headers: dict[str, str],
        known: KeptAnswer | None,
        part: Path,
        most_bytes: int,
        check: Callable[[Path], None] | None,
    ) -> KeptAnswer:
        begun = self._kept.begun(part)
        asked_at = self._time.now()
        asking = {**headers, **answers.conditions(known, begun, answers.size(part))}
        try:
            async with self._client.stream("GET", url, headers=asking) as answer:
                self._reached.add(answer.url.host)
                if answer.status_code == httpx2.codes.NOT_MODIFIED and known is not None:
                    return self._kept.touch(known, asked_at)
                begun = self._place(answer, begun, part, url)
                await _write(answer, part, url, most_bytes)
        except httpx2.TransportError as error:
            raise answers.Again(f"does not answer ({type(error).__name__})") from error
        try:
            answers.check_whole(part, begun)
            if check is not None:
                check(part)
        except ValueError as error:
            self._kept.forget_part(part)
            raise answers.Again(f"answers what cannot be read: {error}") from error
        return self._kept.keep(url, part, begun, asked_at)

    def _place(self, answer: httpx2.Response, begun: Begun | None, part: Path, url: str) -> Begun:
        """Decide by status and headers whether the body goes on with what is there, or begins anew."""
        status = answer.status_code
        if status == httpx2.codes.PARTIAL_CONTENT and begun is not None and answers.continues(answer, begun, part):
            return begun
        if status in (httpx2.codes.PARTIAL_CONTENT, httpx2.codes.RANGE_NOT_SATISFIABLE):
            self._kept.forget_part(part)
            raise answers.Again("does not go on with the body that it began")
        if status in answers.PASSING:
            raise answers.Again(f"answers {status}", answers.retry_after_s(answer, self._time.now()))
        if status != httpx2.codes.OK:
            raise FetchError(f"{answers.shown(url)} answers {status}{answers.advice(status)}")
        begun = answers.beginning(answer)
        self._kept.begin(part, begun)
        return begun


async def _write(answer: httpx2.Response, part: Path, url: str, most_bytes: int) -> None:
    """Append the body, as far as it comes."""
    if answer.headers.get("content-encoding", "identity") != "identity":
        raise FetchError(f"{answers.shown(url)} answers compressed, which was not asked for")
    written = answers.size(part)
    # Unbuffered: what has come is there for whoever goes on, however this process ends.
    with part.open("ab", buffering=0) as file:
        async for block in answer.aiter_raw():
            written += len(block)
            if written > most_bytes:
                raise FetchError(
                    f"{answers.shown(url)} answers with more than {most_bytes} bytes; that is no price list"
                )
            file.write(block)


def _check_json(body: Path) -> None:
    json.loads(body.read_bytes())
