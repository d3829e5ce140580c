"""How long the front end takes to be seen: in a browser that was never here, and in one that was.

Run: python -m benchmarks.front_end [--runs N]

Baselines: a page with one word, from the same kind of server; and Flet's own mount (`flet.fastapi.app`) with a page of
one line, which is what ours would be without files of a version, compression, and what is left out.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright._impl._api_structures import SetCookieParam
from playwright.sync_api import BrowserContext, Playwright, sync_playwright
from tests.ui.browser import AUTO_A11Y, FLAGS

SEEN = re.compile(r"\S")
"""Something can be read: also by a screen reader, to whom Flutter tells what it has painted."""
HELLO = """
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route
app = Starlette(routes=[Route("/", lambda _: HTMLResponse("<h1>hello</h1>"))])
"""
FLET = """
import contextlib, fastapi, flet as ft, flet.fastapi as ff
def main(page): page.add(ft.Text("hello"))
@contextlib.asynccontextmanager
async def lifespan(_):
    await ff.app_manager.start(); yield; await ff.app_manager.shutdown()
app = fastapi.FastAPI(lifespan=lifespan)
app.mount("/", ff.app(main, no_cdn=True))
"""
COUNTER = FLET.replace(
    'def main(page): page.add(ft.Text("hello"))',
    """
def main(page):
    told = ft.Text("count 0")
    def more(_):
        told.value = f"count {int(told.value.split()[1]) + 1}"
    page.add(told, ft.Button("more", on_click=more))
""",
)
"""The least that a server can be asked for."""
RUN = "\nimport sys, uvicorn; uvicorn.run(app, port=int(sys.argv[1]), log_level='error')"


@dataclass
class Visit:
    """One: seconds until something is seen, what came over the network, and in how many answers."""

    seconds: float
    megabytes: float
    answers: int


@contextmanager
def baseline(code: str) -> Iterator[str]:
    """A server's address."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with subprocess.Popen([sys.executable, "-c", code + RUN, str(port)]) as process:
        try:
            _until_answered(f"http://127.0.0.1:{port}/")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


@contextmanager
def ours(folder: Path) -> Iterator[tuple[str, list[SetCookieParam]]]:
    """The front end's address, and what a browser has that was let in. Its files are compressed by then."""
    environment = {**os.environ, "T2M_DATA": str(folder / "data"), "T2M_CACHE": str(folder / "cache")}
    command = [sys.executable, "-m", "twin2multicloud", "serve", "--port", "0"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            file = folder / "data" / "server.json"
            while not file.exists():
                time.sleep(0.05)
            url = json.loads(file.read_text())["url"]
            _until_answered(f"{url}/")
            deadline = time.monotonic() + 60
            while len(list((folder / "cache").glob("front-end/*/*.br"))) < 7 and time.monotonic() < deadline:
                time.sleep(0.1)
            yield url, _cookies(url, (folder / "data" / "local.key").read_text().strip())
        finally:
            process.terminate()


def _until_answered(url: str) -> None:
    while True:
        try:
            with urllib.request.urlopen(url):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)


def _cookies(url: str, key: str) -> list[SetCookieParam]:
    def post(path: str, body: dict[str, str], **headers: str) -> tuple[dict[str, str], list[str]]:
        content = {"Content-Type": "application/json", **headers}
        request = urllib.request.Request(f"{url}{path}", json.dumps(body).encode(), content, method="POST")
        with urllib.request.urlopen(request) as answer:
            return json.load(answer), answer.headers.get_all("set-cookie") or []

    link = post("/api/v1/login/local/link", {}, Authorization=f"Bearer {key}")[0]["url"]
    cookies = post("/api/v1/login/local", {"code": link.partition("#")[2]}, Origin=url)[1]
    pairs = [each.partition(";")[0].partition("=") for each in cookies]
    return [{"name": name, "value": value, "url": url} for name, _, value in pairs if value]


def visit(context: BrowserContext, url: str) -> Visit:
    """Go there and look until something is seen."""
    page = context.new_page()
    page.add_init_script(AUTO_A11Y)
    network = context.new_cdp_session(page)
    sizes: list[float] = []
    network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    network.send("Network.enable")
    began = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.locator("h1, flt-semantics-host").filter(has_text=SEEN).first.wait_for(state="attached", timeout=60_000)
    seconds = time.perf_counter() - began
    page.wait_for_timeout(300)
    page.close()
    return Visit(seconds, sum(sizes) / 1e6, sum(size > 0 for size in sizes))


def visits(
    playwright: Playwright, chromium: str, url: str, cookies: list[SetCookieParam], runs: int
) -> tuple[Visit, Visit]:
    """The median first visit of new browsers, and the median next one after a restart of each."""
    cold: list[Visit] = []
    warm: list[Visit] = []
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as profile:
            for found in (cold, warm):
                context = playwright.chromium.launch_persistent_context(
                    profile, executable_path=chromium, headless=True, args=list(FLAGS)
                )
                context.add_cookies(cookies)
                found.append(visit(context, url))
                context.close()
    return _median(cold), _median(warm)


def _median(found: list[Visit]) -> Visit:
    return Visit(
        statistics.median(each.seconds for each in found),
        statistics.median(each.megabytes for each in found),
        round(statistics.median(each.answers for each in found)),
    )


def main() -> None:
    runs = int(sys.argv[sys.argv.index("--runs") + 1]) if "--runs" in sys.argv else 5
    chromium = shutil.which("chromium") or sys.exit("benchmarks of the front end need chromium: make tools")
    rows: list[tuple[str, Visit, Visit]] = []
    with sync_playwright() as playwright:
        for name, code in (("a page with one word", HELLO), ("Flet's own mount", FLET)):
            with baseline(code) as url:
                rows.append((name, *visits(playwright, chromium, f"{url}/", [], runs)))
        with tempfile.TemporaryDirectory() as folder, ours(Path(folder)) as (url, cookies):
            rows.append(("the front end", *visits(playwright, chromium, f"{url}/", cookies, runs)))
    flet = rows[1]
    print(f"until something is seen, medians of {runs}; × Flet's own mount")
    print(f"{'':24}{'first visit':>26}{'next visit':>30}")
    for name, cold, warm in rows:
        ratios = (cold.seconds / flet[1].seconds, warm.seconds / flet[2].seconds)
        told = [
            f"{each.seconds:6.2f} s {ratio:5.2f}× {each.megabytes:6.2f} MB {each.answers:3}"
            for each, ratio in zip((cold, warm), ratios, strict=True)
        ]
        print(f"{name:24}{told[0]}    {told[1]}")


if __name__ == "__main__":
    main()
