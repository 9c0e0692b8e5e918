"""The index page of evidence in a real browser: quiet, alone, readable on every screen and on paper."""

from __future__ import annotations

import base64
import json
import os
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

from pcreconcile.rendering.evidence_page import render
from tests.e2e.conftest import Desk
from tests.rendering import sample_evidence as sample

WIDTHS = (360, 768, 1280)
SCHEMES = ("light", "dark")
NAMES = ("chromium", "chromium-browser", "google-chrome")
SAMPLES = {
    "ordinary": sample.evidence(),
    "big": sample.big(30, 200),
    "nothing": sample.nothing(),
    "unknowing": sample.unknowing(),
}

# WCAG 2.2, 1.4.3: 4.5 to 1, and 3 to 1 for large text (24 px, or 18.66 px and bold).
CONTRAST = """() => {
  const rgb = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = node => {
    for (let e = node; e; e = e.parentElement) {
      const c = rgb(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  const poor = new Set();
  for (const e of document.body.querySelectorAll("*")) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
    const s = getComputedStyle(e);
    const [one, other] = [light(rgb(s.color)), light(behind(e))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    const size = parseFloat(s.fontSize);
    const large = size >= 24 || (size >= 18.66 && s.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) poor.add(`${e.tagName}.${e.className} ${ratio.toFixed(2)}`);
  }
  return [...poor];
}"""

# What an accessibility checker asks first.
BASICS = """() => {
  const all = selector => [...document.querySelectorAll(selector)];
  const found = [];
  if (document.documentElement.lang !== "en") found.push("no language");
  if (!document.title) found.push("no title");
  if (all("h1").length !== 1) found.push("not one h1");
  if (all("main").length !== 1) found.push("not one main");
  all("table").forEach(t => {
    if (!t.caption || !t.caption.textContent.trim()) found.push("table without caption");
    if (!t.querySelector("thead th[scope=col]")) found.push("table without column headers");
  });
  all("th").forEach(h => { if (!h.scope) found.push(`th without scope: ${h.textContent}`); });
  all("img").forEach(i => { if (!i.hasAttribute("alt")) found.push("img without alt"); });
  all("svg").forEach(s => {
    if (s.getAttribute("aria-hidden") !== "true" && !s.getAttribute("aria-label")) found.push("svg without a name");
  });
  all("a").forEach(a => { if (!a.textContent.trim()) found.push("link without text"); });
  all("[aria-labelledby]").forEach(e => {
    if (!document.getElementById(e.getAttribute("aria-labelledby"))) found.push("label that is not there");
  });
  all("h1,h2,h3,h4,h5,h6").map(h => Number(h.tagName[1])).reduce((last, level) => {
    if (level > last + 1) found.push(`heading ${level} after ${last}`);
    return level;
  }, 0);
  return found;
}"""

# How many colours a picture has, and which part of it is not its most frequent one.
COLOURS = """async source => {
  const picture = new Image();
  picture.src = source;
  await picture.decode();
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  const pen = canvas.getContext("2d");
  pen.drawImage(picture, 0, 0);
  const counts = new Map();
  for (const dot of new Uint32Array(pen.getImageData(0, 0, canvas.width, canvas.height).data.buffer))
    counts.set(dot, (counts.get(dot) || 0) + 1);
  return [counts.size, 1 - Math.max(...counts.values()) / (canvas.width * canvas.height)];
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The machine's own Chromium; in CI it must be there."""
    path = next((found for found in map(shutil.which, NAMES) if found), None)
    if path is None:
        if os.environ.get("CI"):
            pytest.fail(f"none of {', '.join(NAMES)} is installed")
        pytest.skip("no Chromium here")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=sandbox)
        yield started
        started.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every sample as a file, as it lies in an unpacked archive."""
    folder = tmp_path_factory.mktemp("evidence")
    for name, evidence in SAMPLES.items():
        (folder / f"{name}.html").write_text(render(evidence), encoding="utf-8")
    return {name: folder / f"{name}.html" for name in SAMPLES}


class Visit:
    """One look at a file, with everything that the page asked for or complained about."""

    def __init__(self, browser: Browser, file: Path, width: int = 1280, scheme: Any = "light") -> None:
        self.requests: list[str] = []
        self.sent: list[str] = []  # of the requests those that the browser did not stop by itself
        self.complaints: list[str] = []
        self.address = file.as_uri()
        self.page: Page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.complaints.append(dialog.message), dialog.dismiss()))
        self.page.route("**/*", self._only_itself)
        self.page.goto(self.address, wait_until="networkidle")

    def _only_itself(self, route: Route) -> None:
        self.sent.append(route.request.url)
        if route.request.url == self.address:
            route.continue_()
        else:
            route.abort()

    def __enter__(self) -> Visit:
        return self

    def __exit__(self, *_: object) -> None:
        self.page.close()

    def spills(self) -> list[str]:
        """What is wider than the window; empty for a page that never scrolls sideways."""
        return self.page.evaluate(
            """() => document.documentElement.scrollWidth <= document.documentElement.clientWidth ? [] :
            [...document.body.querySelectorAll("*")]
              .filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5)
              .map(e => `${e.tagName}.${e.className} ${e.textContent.slice(0, 40)}`)"""
        )


@pytest.mark.parametrize("name", SAMPLES)
def test_the_page_asks_for_nothing_and_complains_of_nothing(browser: Browser, pages: dict[str, Path], name: str):
    with Visit(browser, pages[name]) as visit:
        assert visit.requests == [visit.address]
        assert visit.complaints == []


def test_the_page_s_own_policy_stops_what_would_run_or_load(browser: Browser, pages: dict[str, Path], tmp_path: Path):
    forged = tmp_path / "forged.html"
    html = pages["ordinary"].read_text(encoding="utf-8")
    evil = '<script>document.title = "ran"</script><img src="https://example.com/x.png">'
    forged.write_text(html.replace("<main>", f"<main>{evil}"), encoding="utf-8")
    with Visit(browser, forged) as visit:
        assert visit.page.title().startswith("Evidence: run ")
        assert visit.sent == [visit.address]
        assert len([each for each in visit.complaints if "Content Security Policy" in each]) == 2


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", SAMPLES)
def test_the_page_never_scrolls_sideways(browser: Browser, pages: dict[str, Path], name: str, width: int):
    with Visit(browser, pages[name], width) as visit:
        assert visit.spills() == []


@pytest.mark.parametrize("name", SAMPLES)
def test_the_page_has_what_a_screen_reader_needs(browser: Browser, pages: dict[str, Path], name: str):
    with Visit(browser, pages[name]) as visit:
        assert visit.page.evaluate(BASICS) == []


def test_tables_stay_tables_on_a_small_screen(browser: Browser, pages: dict[str, Path]):
    counts = []
    for width in (360, 1280):
        with Visit(browser, pages["ordinary"], width) as visit:
            roles = ("table", "row", "columnheader", "rowheader", "cell")
            counts.append({role: visit.page.get_by_role(role).count() for role in roles})
    assert counts[0] == counts[1]
    assert counts[0]["table"] == 9


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", ["ordinary", "big", "unknowing"])
def test_all_text_stands_out_from_what_is_behind_it(browser: Browser, pages: dict[str, Path], name: str, scheme: str):
    with Visit(browser, pages[name], 768, scheme) as visit:
        assert visit.page.evaluate(CONTRAST) == []


def test_the_page_is_dark_for_those_who_want_it_dark_and_paper_stays_white(browser: Browser, pages: dict[str, Path]):
    background = "getComputedStyle(document.body).backgroundColor"
    with Visit(browser, pages["ordinary"], 768, "dark") as dark, Visit(browser, pages["ordinary"], 768) as light:
        assert (light.page.evaluate(background), dark.page.evaluate(background)) == (
            "rgb(255, 255, 255)",
            "rgb(20, 23, 29)",
        )
        dark.page.emulate_media(media="print", color_scheme="dark")
        assert dark.page.evaluate(background) == "rgb(255, 255, 255)"
        assert dark.page.evaluate(CONTRAST) == []


@pytest.mark.parametrize("name", SAMPLES)
def test_the_page_prints_whole(browser: Browser, pages: dict[str, Path], name: str):
    with Visit(browser, pages[name], 688) as visit:  # what A4 leaves between the margins
        visit.page.emulate_media(media="print")
        assert visit.spills() == []
        assert visit.page.locator("h2").count() == 8
        assert all(heading.is_visible() for heading in visit.page.locator("h2").all())
        pdf = visit.page.pdf(prefer_css_page_size=True)
    assert pdf.startswith(b"%PDF-")
    assert pdf.count(b"/Type /Page\n") >= {"nothing": 1, "unknowing": 2, "ordinary": 3, "big": 40}[name]
    assert b"[0 0 594.95996 841.91998]" in pdf or b"[0 0 595" in pdf or b"[0 0 594" in pdf, "A4"


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_two_loads_give_the_same_picture_and_there_is_something_on_it(
    browser: Browser, pages: dict[str, Path], width: int, scheme: str
):
    pictures = []
    for _ in range(2):
        with Visit(browser, pages["ordinary"], width, scheme) as visit:
            pictures.append(visit.page.screenshot(full_page=True))
    assert pictures[0] == pictures[1]
    blank = browser.new_page()
    source = "data:image/png;base64," + base64.b64encode(pictures[0]).decode()
    colours, drawn = blank.evaluate(COLOURS, source)
    blank.close()
    assert colours > 100
    assert 0.03 < drawn < 0.5


def test_a_reader_gets_from_the_list_to_a_customer_and_sees_it(browser: Browser, pages: dict[str, Path]):
    with Visit(browser, pages["big"]) as visit:
        visit.page.get_by_role("link", name="customer-021", exact=True).first.click()
        heading = visit.page.get_by_role("heading", name="customer-021", exact=True)
        box = heading.bounding_box()
        assert box is not None
        assert 0 <= box["y"] < 900


def test_names_are_shown_as_they_are_written_and_do_nothing(browser: Browser, pages: dict[str, Path]):
    with Visit(browser, pages["big"]) as visit:
        title = visit.page.locator("h1").inner_text()
    assert title == (
        "customer <script>alert(1)</script>\"'&\\u202egnp.exe\\u2066\\x1b[2J {{ 7*7 }} שלום עולם"
        ", from 2026-11-22 to 2027-03-22"
    )


@pytest.mark.parametrize("names", [(), ("--full",)])
def test_the_page_of_the_shipped_demo(browser: Browser, shipped: Desk, names: tuple[str, ...]):
    shipped("plan", "--out", "fleet.plan.json")
    done = shipped("apply", "fleet.plan.json", "--json", expect=0)
    run = json.loads(done.stdout.splitlines()[-1])["receipt"]["run"]
    shipped("evidence", run, "--out", "evidence.zip", "--offline", *names, expect=0)
    with zipfile.ZipFile(shipped.folder / "evidence.zip") as archive:
        archive.extract("index.html", shipped.folder)
    for width in WIDTHS:
        with Visit(browser, shipped.folder / "index.html", width) as visit:
            assert visit.requests == [visit.address]
            assert visit.complaints == []
            assert visit.spills() == []
            assert visit.page.evaluate(BASICS) == []
            assert visit.page.evaluate(CONTRAST) == []
            assert visit.page.locator(".verdict .title").inner_text().startswith("Proven: ")
            shown = visit.page.locator("body").inner_text()
            assert ("birch-clinic" in shown) == bool(names)
