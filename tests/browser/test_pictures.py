"""Pictures that the gateway reads back: thumbnails of images from elsewhere, and the files of those that failed."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Request, expect

from tests.browser.conftest import Watch
from tests.browser.gateway import UPLOADS, GatewayUnderTest, png
from tests.browser.test_uploads import REFUSED

pytestmark = pytest.mark.browser

THUMBNAILS = re.compile(r"/v1/images/[^/]+/thumbnail$")


@pytest.fixture
def asked(page: Page) -> list[str]:
    """The thumbnails that the page asked for, by image id."""
    ids: list[str] = []

    def note(request: Request) -> None:
        if THUMBNAILS.search(request.url):
            ids.append(urlsplit(request.url).path.split("/")[-2])

    page.on("request", note)
    return ids


def test_an_image_from_elsewhere_shows_its_thumbnail_and_its_stream(page: Page, gateway: GatewayUnderTest) -> None:
    gateway.post(png("navy", (640, 480)), "frame.png", "?stream=camera-1")
    card = page.locator("result-card", has_text="frame.png")
    expect(card.locator("img")).to_have_attribute("src", re.compile("^blob:"))
    width, colour = card.locator("img").evaluate(
        """async (image) => {
            await image.decode();
            const canvas = new OffscreenCanvas(1, 1);
            const context = canvas.getContext("2d");
            context.drawImage(image, 0, 0, 1, 1);
            return [image.naturalWidth, [...context.getImageData(0, 0, 1, 1).data]];
        }"""
    )
    assert width < 640
    assert colour[2] > 100 > max(colour[0], colour[1])
    expect(card.get_by_role("button", name="camera-1")).to_be_visible()


def test_a_thumbnail_is_asked_for_once_it_is_in_sight(page: Page, gateway: GatewayUnderTest, asked: list[str]) -> None:
    page.goto("about:blank")  # on an open page each is in sight for a moment, on a busy machine for long enough
    ids = {name: gateway.post(png(), name)["id"] for name in (f"frame-{n:02}.png" for n in range(40))}
    for image_id in ids.values():
        gateway.wait_for_result(image_id)
    page.goto(gateway.url)
    expect(page.locator("result-card")).to_have_count(40)
    expect(page.locator("result-card").first.locator("img")).to_have_count(1)
    bottom = page.locator("result-card").last
    wanted = ids[bottom.locator("[data-name]").inner_text()]
    assert wanted not in asked
    bottom.scroll_into_view_if_needed()
    expect(bottom.locator("img")).to_have_count(1)
    assert wanted in asked
    assert len(asked) == len(set(asked)) < 40


def test_own_photos_are_not_asked_for(page: Page, gateway: GatewayUnderTest, asked: list[str]) -> None:
    with page.expect_response(UPLOADS) as posted:
        page.set_input_files("[data-files]", {"name": "mine.png", "mimeType": "image/png", "buffer": png()})
    expect(page.locator("result-card", has_text="mine.png").locator("img")).to_have_count(1)
    other = gateway.post(png(), "other.png")["id"]
    expect(page.locator("result-card", has_text="other.png").locator("img")).to_have_count(1)
    assert asked == [other]
    assert posted.value.json()["id"] not in asked


def test_an_image_that_is_gone_keeps_its_place(page: Page, gateway: GatewayUnderTest, watch: Watch) -> None:
    watch.expected.append(REFUSED)
    page.route(THUMBNAILS, lambda route: route.fulfill(status=410, body="{}"))
    with page.expect_response(THUMBNAILS):
        gateway.post(png(), "frame.png", "?stream=camera-1")
    card = page.locator("result-card", has_text="frame.png")
    expect(card.locator("[data-thumb] svg")).to_be_visible()
    expect(card.locator("img")).to_have_count(0)


def test_a_gateway_without_kafka_is_asked_again_later(page: Page, gateway: GatewayUnderTest, watch: Watch) -> None:
    watch.expected.append(REFUSED)
    page.route(THUMBNAILS, lambda route: route.fulfill(status=503, headers={"Retry-After": "1"}, body="{}"), times=1)
    gateway.post(png(), "frame.png")
    expect(page.locator("result-card", has_text="frame.png").locator("img")).to_have_count(1)


def test_a_failed_image_can_be_saved_under_its_name(page: Page, gateway: GatewayUnderTest) -> None:
    body = png("red", (40, 30))
    gateway.post(body, "holiday/photo 1.png", "?model=unknown")
    card = page.locator("result-card[data-status=failed]")
    with page.expect_download() as download:
        card.get_by_role("button", name="Download the image").click()
    assert download.value.suggested_filename == "photo 1.png"
    assert download.value.path().read_bytes() == body
    expect(card.locator("[data-saving]")).to_have_text("")


def test_a_file_that_is_gone_is_said_to_be(page: Page, gateway: GatewayUnderTest, watch: Watch) -> None:
    watch.expected.append(REFUSED)
    page.route("**/original", lambda route: route.fulfill(status=410, body="{}"))
    gateway.post(png(), "frame.png", "?model=unknown")
    card = page.locator("result-card[data-status=failed]")
    card.get_by_role("button", name="Download the image").click()
    expect(card.locator("[data-saving]")).to_have_text("Kafka no longer has it.")
