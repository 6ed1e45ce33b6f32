"""One image large: what is shown of it, and the way to its neighbours."""

import json
import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PHONE, OpenPage, Watch
from tests.browser.gateway import GatewayUnderTest, png
from tests.browser.test_page import overflow
from tests.browser.test_uploads import REFUSED

pytestmark = pytest.mark.browser


def opened(page: Page, name: str) -> Locator:
    """The dialog about the image of this name."""
    page.get_by_role("button", name=f"Look at {name}").click()
    return page.get_by_role("dialog")


def test_a_picture_opens_large_with_all_that_is_known(page: Page, gateway: GatewayUnderTest) -> None:
    image_id = gateway.post(png("teal", (640, 480)), "frame.png", "?stream=camera-1")["id"]
    dialog = opened(page, "frame.png")
    expect(dialog.locator(".bars li")).to_have_count(5)
    expect(dialog.locator("dl")).to_contain_text("camera-1, over http")
    expect(dialog.locator("dl")).to_contain_text(image_id)
    expect(dialog.locator("dl")).to_contain_text(re.compile(r"\d ms: queue \d+ ms, decode \d+ ms, inference \d+ ms"))
    expect(page.locator("dialog img")).to_have_js_property("naturalWidth", 640)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Look at frame.png")).to_be_focused()


def test_the_arrow_keys_go_along_the_wall(page: Page, gateway: GatewayUnderTest) -> None:
    for name in ("one.png", "two.png", "three.png"):
        gateway.wait_for_result(gateway.post(png(), name)["id"])
    expect(page.locator("result-card")).to_have_count(3)
    dialog = opened(page, "three.png")
    expect(dialog.get_by_role("button", name="Newer")).to_be_disabled()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(dialog.locator("dd").first).to_have_text("one.png")
    expect(dialog.get_by_role("button", name="Older")).to_be_disabled()
    dialog.get_by_role("button", name="Newer").click()
    expect(dialog.locator("dd").first).to_have_text("two.png")


def test_a_failed_image_says_why_and_can_be_saved(page: Page, gateway: GatewayUnderTest) -> None:
    gateway.post(png(), "lost.png", "?model=unknown")
    dialog = opened(page, "lost.png")
    expect(dialog.locator(".trouble")).to_have_text("there is no model 'unknown'")
    with page.expect_download() as download:
        dialog.get_by_role("button", name="Download the image").click()
    assert download.value.path().read_bytes() == png()


def test_an_image_that_is_gone_is_said_to_be(page: Page, gateway: GatewayUnderTest, watch: Watch) -> None:
    watch.expected.append(REFUSED)
    page.route(re.compile("/(thumbnail|original)$"), lambda route: route.fulfill(status=410, body="{}"))
    gateway.post(png(), "frame.png")
    expect(opened(page, "frame.png").get_by_text("no longer has this image")).to_be_visible()


def test_one_that_cannot_be_read_now_is_not_called_gone(page: Page, gateway: GatewayUnderTest, watch: Watch) -> None:
    """Whatever went wrong, the page once said that Kafka no longer had the image."""
    watch.expected.append(REFUSED)
    problem = json.dumps({"code": "overloaded", "detail": "too many images are being downloaded", "status": 503})
    page.route(re.compile("/(thumbnail|original)$"), lambda route: route.fulfill(status=503, body=problem))
    gateway.post(png(), "frame.png")
    expect(opened(page, "frame.png").get_by_text("too many images are being downloaded")).to_be_visible()


def test_leafing_asks_only_for_what_is_looked_at(page: Page, gateway: GatewayUnderTest) -> None:
    """Each look was a whole image, read to its end: an arrow key held down took the gateway's four places."""
    for name in ("one.png", "two.png", "three.png"):
        gateway.wait_for_result(gateway.post(png("teal", (640, 480)), name)["id"])
    expect(page.locator("result-card")).to_have_count(3)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/original") else None)
    page.evaluate(
        """() => {
            const detail = document.querySelector("image-detail");
            for (const card of document.querySelectorAll("result-card")) detail.show(card);
        }"""
    )
    expect(page.locator("dialog img")).to_have_js_property("naturalWidth", 640)
    assert len(asked) == 1


def test_it_fills_a_phone_and_nothing_is_wider(open_page: OpenPage, gateway: GatewayUnderTest) -> None:
    page = open_page(viewport=PHONE, has_touch=True, is_mobile=True)
    gateway.post(png("teal", (640, 480)), "a-rather-long-file-name-that-nobody-would-choose-2026-11-22.png")
    dialog = opened(page, "a-rather-long")
    box = dialog.bounding_box()
    assert box is not None
    assert (box["width"], box["height"]) == (390, 844)
    assert overflow(page) == []
