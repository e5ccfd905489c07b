"""``make screenshots``: photograph every page of a running demo in Debian's Chromium.

Each page of :mod:`bench.shots` is opened once and taken at 1440 and 390 px, light and dark; the
portal is walked through by a citizen who writes, looks up, rates and asks again. Says what a page
wrote to its console and whether it is wider than its window. The accounts are read from the demo's
own home (``MINSHENG_HOME``). With ``--picture FOLDER`` only the pictures of the README are taken.
"""

import argparse
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from bench.shots import LIAISON, SHOTS, Shot
from minsheng.faces.demo.state import DemoState, load_state
from minsheng.runtime.settings import Settings

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
SIZES = ((1440, 900), (390, 844))
SCHEMES = ("light", "dark")
PICTURES = (("queue", "/queue?view=joined"), ("review", "/review"))
_OPEN = """chosen => document.querySelectorAll(chosen).forEach(each =>
  each.tagName === 'SUMMARY' ? each.parentElement.open = true : each.click())"""
_WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

Take = Callable[[Page, str], None]


def main() -> None:
    """Read the arguments, log in, take the pictures."""
    asked = _arguments()
    path = shutil.which("chromium")
    if path is None:
        sys.exit("screenshots: chromium is missing: run `make test` once, which installs it")
    settings = Settings.from_environ()
    state = load_state(settings.home)
    url = f"http://{settings.text('MINSHENG_HOST')}:{settings.text('MINSHENG_PORT')}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        if asked.picture:
            _take_pictures(browser, url, state, asked.picture)
        else:
            _take_all(browser, url, state, asked)
        browser.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make screenshots", description=__doc__)
    parser.add_argument("--only", default="", help="take only pictures whose name holds this")
    parser.add_argument("--language", default="zh-CN", help="zh-CN or en")
    parser.add_argument("--out", type=Path, default=Path("screenshots"), help="folder to fill")
    parser.add_argument("--picture", type=Path, help="take the README's pictures into this folder")
    return parser.parse_args()


def _take_all(browser: Browser, url: str, state: DemoState, asked: argparse.Namespace) -> None:
    def take(page: Page, name: str) -> None:
        if asked.only in name:
            _shoot(page, asked.out, name)

    for account, shots in SHOTS.items():
        wanted = [shot for shot in shots if asked.only in shot.name]
        if wanted:
            page = _open(browser, asked.language)
            _log_in(page, url, account, state)
            for shot in wanted:
                _walk_to(page, url, shot)
                take(page, shot.name)
            page.context.close()
    page = _open(browser, asked.language)
    page.goto(f"{url}/login")
    take(page, "login")
    if asked.only in "portal":
        _visit(page, f"{url}/p/{LIAISON.split('/')[0]}", state, take)
    page.context.close()


def _open(browser: Browser, language: str) -> Page:
    page = browser.new_context(locale=language).new_page()
    page.set_viewport_size({"width": 1440, "height": 900})
    page.on("console", lambda said: _hear(page, said))
    page.on("pageerror", lambda error: print(f"screenshots: {page.url}: page error: {error}"))
    return page


def _hear(page: Page, said: ConsoleMessage) -> None:
    refused = "the server responded with a status of 4" in said.text
    if said.type in ("error", "warning") and not refused:
        print(f"screenshots: {page.url}: console {said.type}: {said.text}")


def _log_in(page: Page, url: str, account: str, state: DemoState) -> None:
    office, _, username = account.partition("/")
    page.goto(f"{url}/login")
    page.fill("#office", office)
    page.fill("#username", username)
    page.fill("#password", state.passwords[account])
    page.click(".login button[type=submit]")
    page.wait_for_load_state()
    if page.url.endswith("/login"):
        sys.exit(f"screenshots: the demo refused {account}: was its password changed?")


def _walk_to(page: Page, url: str, shot: Shot) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(url + shot.path)
    if shot.follow:
        link = page.locator(shot.follow).first
        if not link.count():
            print(f"screenshots: {shot.name}: nothing to follow on {shot.path}")
            return
        page.goto(url + (link.get_attribute("href") or ""))
    page.wait_for_load_state()
    if shot.opens:
        page.evaluate(_OPEN, shot.opens)
    page.wait_for_timeout(300)


def _shoot(page: Page, out: Path, name: str) -> None:
    """Take what the page shows in every size and both schemes."""
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.wait_for_timeout(60)
            page.screenshot(path=out / f"{name}-{width}-{scheme}.png", full_page=True)
        if (wide := page.evaluate(_WIDER)) > 0:
            print(f"screenshots: {name} is {wide} px wider than its window of {width}")
    page.emulate_media(color_scheme="light")
    print(out / name)


def _visit(page: Page, root: str, state: DemoState, take: Take) -> None:
    """A citizen's visit: read, write, and come back with the query code."""
    for name, path in (("home", "/"), ("matters", "/matters"), ("track", "/track")):
        page.goto(root + path)
        take(page, f"portal-{name}")
    page.goto(f"{root}/matters")
    matter = page.locator("main a[href*='/matters/']").first
    if matter.count():
        matter.click()
        take(page, "portal-matter")
    for name in _written(page, root):
        take(page, name)
    for name in _looked_up(page, root, state):
        take(page, name)
    page.goto(f"{root}/nowhere")
    take(page, "portal-problem")


def _written(page: Page, root: str) -> Iterator[str]:
    """The five questions, the similar matters and the query code."""
    go_on = page.locator(".buttons .button-main")
    page.goto(f"{root}/write")
    page.fill("#subject", "文昌街东段路灯又不亮了")
    page.wait_for_timeout(900)
    yield "portal-write-1"
    go_on.click()
    if page.locator("input[name=seen], button[name=seen]").count():
        yield "portal-similar"
        page.locator("button", has_text="接着写").or_(go_on).first.click()
    if page.locator("#body").count():
        page.fill("#body", "文昌街东段的路灯修好两天又灭了，晚上接孩子看不清路。请再派人检查。")
    yield "portal-write-2"
    go_on.click()
    page.fill("#region", "文昌街东段")
    yield "portal-write-3"
    go_on.click()
    page.fill("#name", "周小川")
    page.fill("#phone", "123")
    go_on.click()
    yield "portal-write-4-refused"
    page.fill("#phone", "13800130178")
    go_on.click()
    yield "portal-write-5"
    go_on.click()
    yield "portal-sent"


def _looked_up(page: Page, root: str, state: DemoState) -> Iterator[str]:
    """What the demo's own citizen finds: the answer, the rating, adding, asking again."""
    if not state.asked:
        print("screenshots: this demo was begun before it had a citizen: begin it in a new home")
        return
    page.goto(f"{root}/track")
    page.fill("#code", state.asked["code"])
    page.fill("#digits", "0000")
    page.click(".buttons .button-main")
    yield "portal-track-refused"
    page.fill("#digits", state.asked["digits"])
    page.click(".buttons .button-main")
    page.evaluate(_OPEN, "main summary")
    yield "portal-mine"
    for name, mark in (("solved", 4), ("manner", 5), ("speed", 3)):
        box = page.locator(f"input[name={name}][value='{mark}']")
        if box.count():
            box.check()
    if page.locator("input[name=solved]").count():
        page.get_by_role("button", name="提交评价").click()
    yield "portal-rated"
    page.locator("button[name=look][value='size:big']").click()
    yield "portal-big"
    page.locator("button[name=look][value='contrast:high']").click()
    yield "portal-high-contrast"
    page.locator("button[name=look][value='contrast:normal']").click()
    page.locator("button[name=look][value='size:normal']").click()


def _take_pictures(browser: Browser, url: str, state: DemoState, folder: Path) -> None:
    # A README is read at some 1,000 px: fewer pixels keep the file small.
    context = browser.new_context(
        viewport={"width": 1340, "height": 640}, device_scale_factor=0.8, locale="zh-CN"
    )
    page = context.new_page()
    _log_in(page, url, LIAISON, state)
    folder.mkdir(parents=True, exist_ok=True)
    for name, path in PICTURES:
        page.goto(url + path)
        page.wait_for_timeout(600)
        target = folder / f"{name}.png"
        page.screenshot(path=target)
        print(target, target.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
