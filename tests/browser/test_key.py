"""A gateway that asks for a key, in the console."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from sightline_gateway.guard.callers import Scope
from sightline_gateway.guard.keys import make_key
from tests.browser.conftest import DEADLINE_MS, Watch
from tests.browser.gateway import GatewayUnderTest
from tests.browser.test_uploads import REFUSED

pytestmark = pytest.mark.browser

KEY, ENTRY = make_key("console", frozenset({Scope.UPLOAD, Scope.READ}))


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[GatewayUnderTest]:
    """A gateway that knows one key."""
    keys = tmp_path / "keys"
    keys.write_text(ENTRY.line())
    process = GatewayUnderTest(tmp_path, gateway_keys_file=keys)
    try:
        process.start()
        yield process
    finally:
        process.stop()


def test_the_console_asks_for_a_key_and_then_works(chromium: Browser, gateway: GatewayUnderTest, watch: Watch) -> None:
    watch.expected.append(REFUSED)
    context = chromium.new_context(locale="en-GB")
    context.set_default_timeout(DEADLINE_MS)
    expect.set_options(timeout=DEADLINE_MS)
    try:
        page = context.new_page()
        watch.attach(page)
        page.goto(gateway.url)
        question = page.get_by_role("dialog", name="This gateway asks for a key")
        expect(question).to_be_visible()
        question.get_by_label("API key").fill(KEY[:-1] + ("a" if KEY[-1] != "a" else "b"))
        question.get_by_role("button", name="Sign in").click()
        expect(question).to_contain_text("does not know this key")
        question.get_by_label("API key").fill(KEY)
        question.get_by_role("button", name="Sign in").click()
        expect(question).to_be_hidden()
        expect(page.locator("connection-state")).to_have_text("Live")
        expect(page.locator("model-switch option").first).to_have_text("digits-lenet")
        assert page.evaluate("document.cookie") == ""
        page.reload()
        expect(page.locator("connection-state")).to_have_text("Live")
        expect(question).to_be_hidden()
    finally:
        context.close()
