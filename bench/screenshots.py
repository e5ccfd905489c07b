"""``make screenshots``: photograph every page of a running demo in Debian's Chromium.

Shows each page at 1440, 1024 and 390 px, light and dark, and says what a page wrote to its console
and whether it is wider than its window. With ``--picture FILE`` the queue alone is taken, as a
small picture for the README.
"""

import argparse
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
WIDTHS = (1440, 1024, 390)
SCHEMES = ("light", "dark")
_BIGGEST = "[...document.querySelectorAll('[data-row]')].map(row => [row.querySelectorAll('.badge')"
_BIGGEST += ".length, row.querySelector('a').getAttribute('href')]).sort().pop()?.[1] ?? ''"


def main() -> None:
    """Read the arguments, log in, take the pictures."""
    asked = _arguments()
    path = shutil.which("chromium")
    if path is None:
        sys.exit("screenshots: chromium is missing: run `make test` once, which installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        if asked.picture:
            _take_picture(browser, asked)
        else:
            _take_all(browser, asked)
        browser.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make screenshots", description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="where the demo runs")
    parser.add_argument("--office", default="130129", help="code of the office")
    parser.add_argument("--user", default="wanglianluo", help="an account that reads cases")
    parser.add_argument("--password", required=True, help="its password, as the demo printed it")
    parser.add_argument("--language", default="zh-CN", help="zh-CN or en")
    parser.add_argument("--out", type=Path, default=Path("screenshots"), help="folder to fill")
    parser.add_argument("--picture", type=Path, help="take the queue alone into this file")
    return parser.parse_args()


def _open(browser: Browser, asked: argparse.Namespace, width: int, scheme: str) -> Page:
    size = {"width": width, "height": 900 if width > 500 else 844}
    context = browser.new_context(
        viewport=size,  # type: ignore[arg-type]
        color_scheme=scheme,  # type: ignore[arg-type]
        locale=asked.language,
    )
    page = context.new_page()
    page.on("console", _hear)
    page.on("pageerror", lambda error: print(f"screenshots: page error: {error}"))
    return page


def _hear(said: ConsoleMessage) -> None:
    if said.type in ("error", "warning"):
        print(f"screenshots: console {said.type}: {said.text}")


def _log_in(page: Page, asked: argparse.Namespace) -> None:
    page.goto(f"{asked.url}/login")
    page.fill("#office", asked.office)
    page.fill("#username", asked.user)
    page.fill("#password", asked.password)
    page.click(".login button[type=submit]")
    page.wait_for_load_state("networkidle")
    if page.url.endswith("/login"):
        sys.exit("screenshots: the demo refused the login: look at what `make run` printed")


def _take_all(browser: Browser, asked: argparse.Namespace) -> None:
    for scheme in SCHEMES:
        for width in WIDTHS:
            page = _open(browser, asked, width, scheme)
            _shoot(page, asked, f"login-{width}-{scheme}", "/login")
            _log_in(page, asked)
            for name, path in _pages(page, asked):
                _shoot(page, asked, f"{name}-{width}-{scheme}", path)
            page.context.close()


def _pages(page: Page, asked: argparse.Namespace) -> Iterator[tuple[str, str]]:
    yield "queue", "/queue"
    yield "joined", "/queue?view=joined"
    page.goto(f"{asked.url}/queue?view=joined")
    case = page.evaluate(_BIGGEST)
    if case:
        yield "case", case
    yield "pair", "/review"
    yield "pairs", "/review/list"
    yield "due", "/queue?sort=due"
    yield "styleguide", "/styleguide"
    yield "channels", "/channels"
    yield "quarantine", "/quarantine"
    page.goto(f"{asked.url}/quarantine")
    raw = page.locator(".table a").first
    if raw.count():
        yield "raw", raw.get_attribute("href") or ""
    yield "nothing", "/queue?q=%E6%B2%A1%E6%9C%89%E8%BF%99%E5%8F%A5%E8%AF%9D"
    yield "problem", "/nowhere"


def _shoot(page: Page, asked: argparse.Namespace, name: str, path: str) -> None:
    page.goto(asked.url + path)
    page.wait_for_timeout(400)
    wide = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    if wide > 0:
        print(f"screenshots: {name} is {wide} px wider than its window")
    target = asked.out / f"{name}.png"
    page.screenshot(path=target, full_page=True)
    print(target)


def _take_picture(browser: Browser, asked: argparse.Namespace) -> None:
    # A README is read at some 1,000 px: fewer pixels keep the file small.
    context = browser.new_context(
        viewport={"width": 1340, "height": 580},
        device_scale_factor=0.8,
        locale=asked.language,
    )
    page = context.new_page()
    _log_in(page, asked)
    page.goto(f"{asked.url}/queue?view=joined")
    page.wait_for_timeout(600)
    asked.picture.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=asked.picture)
    print(asked.picture, asked.picture.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
