"""A process that reads price lists is killed in the middle of files; the next goes on, and has the whole of each."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.pricing.live.aws_lists import AwsLists, lists_of
from tests.pricing.live.replay import Fault, FaultyPriceServer
from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.book import load_book
from twin2multicloud.optimizer.pricing.fetching.selectors import load_selectors

REGIONS = ("us-east-1", "eu-central-1")
READ = """
import asyncio, sys
from datetime import datetime
from pathlib import Path
from twin2multicloud.model.slots import PROVIDERS, Provider
from twin2multicloud.optimizer.pricing.book import load_book
from twin2multicloud.optimizer.pricing.fetching.aws import AwsFetcher
from twin2multicloud.optimizer.pricing.fetching.http import PriceHttp
from twin2multicloud.optimizer.pricing.fetching.refreshing import Listed, read_lists
from twin2multicloud.optimizer.pricing.fetching.selectors import load_selectors

async def read(url, cache, regions):
    since = datetime.fromisoformat("2026-11-26T12:00:00+00:00")
    async with PriceHttp(Path(cache), origins=dict.fromkeys(PROVIDERS, url), since=since) as http:
        lists = [Listed(AwsFetcher(), load_selectors(Provider.AWS))]
        found = await read_lists(lists, load_book(), regions, http, "2026-11-26", lambda told: None)
        print(len(found[Provider.AWS].prices), len(found[Provider.AWS].findings))

asyncio.run(read(sys.argv[1], sys.argv[2], sys.argv[3:]))
"""


def begun(server: FaultyPriceServer, cache: Path) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", READ, server.url, str(cache), *REGIONS]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_a_killed_process_is_gone_on_from(server: FaultyPriceServer, tmp_path: Path) -> None:
    lists: AwsLists = lists_of(load_book(), load_selectors(Provider.AWS), REGIONS)
    server.files = lists.files()
    cache = tmp_path / "cache"
    big = lists.file("AmazonS3", "us-east-1")
    server.fault(big, Fault(pause_s=0.1, block=1000))
    first = begun(server, cache)
    deadline = time.monotonic() + 60
    part = cache / f"{hashlib.sha256(f'{server.url}{big}'.encode()).hexdigest()[:32]}.part"
    while not (part.exists() and part.stat().st_size > 2000):
        assert time.monotonic() < deadline, "the slow file never began"
        time.sleep(0.02)
    first.kill()
    first.communicate()
    before = Counter(server.paths())
    server.asked.clear()
    done, _ = begun(server, cache).communicate(timeout=120)
    assert done.split() == ["126", "0"]
    [again] = [each for each in server.asked if each.path == big]
    assert again.headers["Range"].startswith("bytes="), "it goes on where the killed one was"
    whole = [path for path, count in Counter(server.paths()).items() if before[path] and count]
    assert len(whole) <= 8, "what had come whole is not asked for again"
