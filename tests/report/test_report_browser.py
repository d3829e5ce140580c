"""The report in a real browser: it lays out at every width, and prints."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.report.conftest import report
from twin2multicloud.optimizer.bill.result import BillResult

pytestmark = pytest.mark.slow

# Measures the layout; only the copy under test carries it, without the policy that forbids scripts.
MEASURE = """<script>
const root = document.documentElement;
const shown = [...document.querySelectorAll("svg.architecture")].filter(s => s.getBoundingClientRect().width > 0);
const over = [...document.querySelectorAll("body *:not(.skip):not(nav *)")].filter(e => !e.closest("nav") &&
  e.getBoundingClientRect().width > 0 && e.getBoundingClientRect().right > root.clientWidth + 1);
const outside = shown.flatMap(s => [...s.querySelectorAll("text")].filter(t =>
  t.getBoundingClientRect().right > s.getBoundingClientRect().right + 1));
root.dataset.over = over.map(e => e.tagName + "." + (e.getAttribute("class") || "")).slice(0, 5).join(" ");
root.dataset.outside = outside.length;
root.dataset.shown = shown.map(s => s.getAttribute("class")).join(" ");
</script>"""


def run_browser(chromium: str, tmp_path: Path, page: Path, *options: str) -> str:
    command = [
        chromium,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--hide-scrollbars",
        f"--user-data-dir={tmp_path / 'profile'}",
        *options,
        page.as_uri(),
    ]
    return subprocess.run(command, check=True, capture_output=True, timeout=120).stdout.decode()


@pytest.mark.parametrize(("width", "drawing"), [(1280, "architecture wide"), (500, "architecture narrow")])
def test_the_report_fits_the_window(
    chromium: str, tmp_path: Path, result: BillResult, width: int, drawing: str
) -> None:
    page = tmp_path / "report.html"
    measured = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", report(result))
    page.write_text(measured.replace("<details>", "<details open>").replace("</body>", f"{MEASURE}</body>"))
    dom = run_browser(chromium, tmp_path, page, f"--window-size={width},1000", "--dump-dom")
    assert re.search('data-over="([^"]*)"', dom), "the page was not measured"
    assert 'data-over=""' in dom, re.search('data-over="[^"]*"', dom)
    assert 'data-outside="0"' in dom
    assert f'data-shown="{drawing}"' in dom


def test_the_report_prints_with_all_that_is_folded_on_screen(chromium: str, tmp_path: Path, result: BillResult) -> None:
    folded = report(result)
    assert "<details>" in folded
    pages = []
    for name, html in (("folded", folded), ("open", folded.replace("<details>", "<details open>"))):
        page, pdf = tmp_path / f"{name}.html", tmp_path / f"{name}.pdf"
        page.write_text(html, encoding="utf-8")
        run_browser(chromium, tmp_path, page, f"--print-to-pdf={pdf}", "--no-pdf-header-footer")
        content = pdf.read_bytes()
        assert content.startswith(b"%PDF")
        pages.append(len(re.findall(rb"/Type\s*/Page\b", content)))
    assert pages[0] == pages[1]
    assert 8 <= pages[0] <= 40
