"""The wall, the strip and the connection: what arrives while the page is open, and before."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, Watch
from tests.browser.gateway import GatewayUnderTest, png

pytestmark = pytest.mark.browser


def test_a_result_from_elsewhere_appears_live(page: Page, gateway: GatewayUnderTest) -> None:
    expect(page.get_by_text("Nothing has come through yet")).to_be_visible()
    gateway.post(png(), "frame-7.png", "?stream=camera-1")
    card = page.locator("result-card", has_text="frame-7.png")
    expect(card.locator(".bars li")).to_have_count(5)
    expect(card.locator("[data-source]")).to_have_text("http")
    expect(card.locator("[data-origin]")).to_have_text("camera-1")
    expect(card.locator("[data-latency]")).to_have_text(re.compile(r"^\d+ ms$"))
    expect(card.locator("time")).to_have_text("now")
    expect(page.get_by_text("Nothing has come through yet")).to_be_hidden()


def test_results_from_before_are_there_when_the_page_opens(open_page: OpenPage, gateway: GatewayUnderTest) -> None:
    for i in range(3):  # one after the other: results that come together have no order
        gateway.wait_for_result(gateway.post(png(), f"early-{i}.png")["id"])
    page = open_page()
    expect(page.locator("result-card")).to_have_count(3)
    assert page.locator("result-card [data-name]").all_inner_texts() == ["early-2.png", "early-1.png", "early-0.png"]


def test_a_failed_result_says_why(page: Page, gateway: GatewayUnderTest) -> None:
    gateway.post(png(), "frame.png", "?model=unknown")
    card = page.locator("result-card[data-status=failed]")
    expect(card.locator(".trouble")).to_have_text("there is no model 'unknown'")
    expect(card.locator("[data-sure]")).to_have_text("unknown-model")
    expect(card.locator(".bars")).to_be_hidden()


def test_the_page_reconnects_after_the_gateway_restarts(page: Page, gateway: GatewayUnderTest, watch: Watch) -> None:
    watch.expected += ["Failed to load resource", "net::ERR_"]
    gateway.post(png(), "before.png")
    expect(page.locator("result-card")).to_have_count(1)
    gateway.stop()
    expect(page.locator("connection-state")).to_have_text("Reconnecting")
    gateway.start()
    expect(page.locator("connection-state")).to_have_text("Live")
    gateway.post(png(), "after.png")
    expect(page.locator("result-card", has_text="after.png")).to_have_count(1)
    expect(page.locator("result-card", has_text="before.png")).to_have_count(1)


def test_results_missed_while_the_stream_was_closed_for_good_are_fetched(
    page: Page, gateway: GatewayUnderTest, watch: Watch
) -> None:
    """A proxy's 502 ends an EventSource; a new one has no Last-Event-ID, so the list must close the gap."""
    watch.expected += ["Failed to load resource", "net::ERR_", "EventSource's response"]
    page.route("**/v1/results/stream", lambda route: route.fulfill(status=502, body="bad gateway"))
    with page.expect_response(lambda response: response.status == 502):
        gateway.stop()
    expect(page.locator("connection-state")).to_have_text("Reconnecting")
    gateway.start()
    image_id = gateway.post(png(), "missed.png")["id"]
    gateway.wait_for_result(image_id)
    expect(page.locator("result-card")).to_have_count(0)
    page.unroute("**/v1/results/stream")
    expect(page.locator("result-card", has_text="missed.png")).to_have_count(1)


def test_an_upload_finds_its_result_without_the_stream(open_page: OpenPage, watch: Watch) -> None:
    page = open_page()
    watch.expected += ["Failed to load resource", "EventSource's response"]
    page.route("**/v1/results/stream", lambda route: route.fulfill(status=502, body="bad gateway"))
    page.reload()
    expect(page.locator("connection-state")).to_have_text("Reconnecting")
    page.set_input_files("[data-files]", {"name": "boat.png", "mimeType": "image/png", "buffer": png()})
    expect(page.locator(".upload")).to_have_attribute("data-state", "done")
    expect(page.locator("result-card", has_text="boat.png")).to_have_count(1)


def make_results(page: Page, first: int, count: int) -> None:
    """Hand results straight to the wall and the strip: more than a test could wait for."""
    page.evaluate(
        """([first, count]) => {
            const [wall, strip] = [document.querySelector("result-wall"), document.querySelector("live-strip")];
            const now = Date.now();
            for (let i = first; i < first + count; i += 1) {
                const label = String(i % 2);
                const result = {
                    id: `made-${i}`, status: "classified", model: { name: "m", version: "1" }, stream: null,
                    precision: "bf16", engine: i % 2 ? "onednn" : "bigdl",
                    predictions: [{ index: i % 2, label, probability: 0.9 }], name: `frame-${i}`, source: "tcp",
                    accepted_at: now, classified_at: now, timing_ms: { queue: 1, decode: 1, inference: 1 }, error: null,
                };
                wall.add(result, false);
                strip.add(result, now);
            }
        }""",
        [first, count],
    )


def test_the_wall_keeps_two_hundred_cards_and_the_strip_counts_all(page: Page, watch: Watch) -> None:
    watch.expected.append("Failed to load resource")  # the gateway has no pictures of made-up images
    make_results(page, 0, 150)
    expect(page.locator("result-card")).to_have_count(150)
    make_results(page, 150, 350)
    expect(page.locator("live-strip [data-rate]")).to_have_text(re.compile(r"^[1-9]"))  # of the last seconds: first
    expect(page.locator("result-card").first).to_contain_text("frame-499")
    expect(page.locator("result-card")).to_have_count(200)
    expect(page.locator("[data-total]")).to_have_text("500 images")
    titles = [page.locator("result-card [title^=frame]").nth(n).get_attribute("title") for n in (0, 1)]
    assert titles == ["frame-499, by m version 1, bf16", "frame-498, by m version 1, bf16 on bigdl"]
    expect(page.locator("live-strip [data-detail]")).to_contain_text("500 in the last minute")
    expect(page.locator("live-strip [data-counts] li")).to_have_text(["0250", "1250"])


def test_pause_holds_new_results_until_resume(page: Page, gateway: GatewayUnderTest) -> None:
    gateway.post(png(), "first.png")
    expect(page.locator("result-card")).to_have_count(1)  # else it may be what comes after the pause
    page.get_by_role("button", name="Pause").click()
    gateway.post(png(), "second.png")
    expect(page.get_by_role("button", name="1 newer")).to_be_visible()
    expect(page.locator("result-card")).to_have_count(1)
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("result-card")).to_have_count(2)


def test_a_result_that_comes_twice_is_shown_once(page: Page, gateway: GatewayUnderTest) -> None:
    """A drawing's result comes as the answer to its upload and over the stream."""
    page.get_by_label("Drawing board").press("Space")
    page.keyboard.press("Enter")
    expect(page.locator("digit-pad")).to_have_attribute("data-state", "answered")
    gateway.post(png(), "last.png")
    expect(page.locator("result-card", has_text="last.png")).to_have_count(1)
    expect(page.locator("result-card", has_text="drawing")).to_have_count(1)
