"""Headless Chromium in front of the gateway. Every page is watched: no errors, nothing fetched from elsewhere."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, ViewportSize, expect, sync_playwright

from tests.browser.gateway import GatewayUnderTest

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DEADLINE_MS = 15_000
DESKTOP = ViewportSize(width=1440, height=1000)
PHONE = ViewportSize(width=390, height=844)


@dataclass
class Watch:
    """What a page must not do. A test that provokes a refusal expects Chromium's own line about it."""

    origin: str
    complaints: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def attach(self, page: Page) -> None:
        """Listen to the page from before its first request."""
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._requested)

    def verdict(self) -> list[str]:
        """All that was wrong."""
        complaints = [line for line in self.complaints if not any(part in line for part in self.expected)]
        return complaints + self.strangers

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def _requested(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme not in {"blob", "data"} and f"{url.scheme}://{url.netloc}" != self.origin:
            self.strangers.append(request.url)


OpenPage = Callable[..., Page]


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One browser for all tests here; each opens a context of its own.

    Not for the whole session: Playwright keeps an event loop set, beside which no asyncio test of another folder
    could run.
    """
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[GatewayUnderTest]:
    """A gateway that runs, empty."""
    process = GatewayUnderTest(tmp_path)
    try:
        process.start()
        yield process
    finally:
        process.stop()


@pytest.fixture
def watch(gateway: GatewayUnderTest) -> Iterator[Watch]:
    """The watch over the test's pages; its verdict is part of every test."""
    watch = Watch(origin=gateway.url.rstrip("/"))
    yield watch
    assert watch.verdict() == []


@pytest.fixture
def open_page(chromium: Browser, gateway: GatewayUnderTest, watch: Watch) -> Iterator[OpenPage]:
    """Opens the console with context options of the test's choice; returns once live results flow."""
    contexts = []

    def open_console(**options: object) -> Page:
        context = chromium.new_context(**{"viewport": DESKTOP, "locale": "en-GB", **options})  # type: ignore[arg-type]
        contexts.append(context)
        context.set_default_timeout(DEADLINE_MS)
        page = context.new_page()
        watch.attach(page)
        page.goto(gateway.url)
        expect(page.locator("connection-state")).to_have_text("Live")
        expect(page.locator("model-switch option").first).to_have_text("digits-lenet")
        return page

    expect.set_options(timeout=DEADLINE_MS)
    yield open_console
    for context in contexts:
        context.close()


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """The console in a desktop window, light."""
    return open_page()
