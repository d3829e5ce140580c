"""The pictures of what is built are what the code builds now, and legible."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.deployer.placements import AWS, AZURE, GCP, THREE_CLOUDS, blueprint, twin
from tests.pages.browser import Browser
from twin2multicloud.deployer.functions import functions_of, used_edges
from twin2multicloud.model.slots import SLOTS

ROOT = Path(__file__).parents[2]
PICTURES = {
    "built-on-aws.svg": AWS,
    "built-on-azure.svg": AZURE,
    "built-on-gcp.svg": GCP,
    "built-on-three-clouds.svg": THREE_CLOUDS,
}
pictures = pytest.mark.parametrize("name", PICTURES)


def test_the_pictures_are_what_the_code_draws_now() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "deployment-pictures"), "--check"]
    checked = subprocess.run(command, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


@pictures
def test_every_function_store_and_link_is_in_its_picture(name: str) -> None:
    path = ROOT / "docs" / "images" / name
    assert path.stat().st_size < 60_000
    texts = {(each.text or "").strip() for each in ET.parse(path).iter() if each.tag.endswith(("text", "tspan"))}
    _, spec = twin("smart-home")
    plan = blueprint(PICTURES[name], "smart-home")
    for slot in SLOTS:
        assert {function.component for function in functions_of(plan, spec, slot)} <= texts, slot
    assert used_edges(plan, spec) <= texts
    assert {place.region for place in plan.places.values()} <= texts
    assert {provider.label for provider in plan.providers} <= texts
    assert ("Links between clouds" in texts) is (len(plan.providers) > 1)


OVERLAPS = """(() => {
  const found = [], page = document.querySelector('.page').getBBox();
  const boxes = [...document.querySelectorAll('.box')].map(box => box.getBBox());
  const texts = [...document.querySelectorAll('text')].map(text => [text.textContent, text.getBBox()]);
  const beyond = (a, b) => a.x < b.x || a.y < b.y || a.x + a.width > b.x + b.width || a.y + a.height > b.y + b.height;
  const touch = (a, b) => a.x < b.x + b.width && b.x < a.x + a.width
    && a.y + 2 < b.y + b.height - 2 && b.y + 2 < a.y + a.height - 2;
  texts.forEach(([text, box], at) => {
    if (beyond(box, page)) found.push(`${text} leaves the page`);
    for (const each of boxes) if (touch(box, each) && beyond(box, each)) found.push(`${text} leaves its box`);
    for (const [other, there] of texts.slice(at + 1)) if (touch(box, there)) found.push(`${text} lies on ${other}`);
  });
  return found;
})()"""


@pytest.mark.slow
@pictures
def test_no_text_lies_on_another_or_leaves_its_box(name: str, chromium: str, tmp_path: Path) -> None:
    with Browser(chromium, tmp_path) as browser:
        browser.window(1400, 2200)
        browser.open((ROOT / "docs" / "images" / name).as_uri())
        assert browser.run("document.querySelectorAll('text').length") > 50
        assert browser.run(OVERLAPS) == []
