"""The wall's filter: what it leaves out, what it finds in the past, and where it is remembered."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, Watch
from tests.browser.gateway import GatewayUnderTest, png

pytestmark = pytest.mark.browser

CARDS = "result-card"
NAMES = "result-card [data-name]"


def send(gateway: GatewayUnderTest, *names: str, query: str = "") -> list[str]:
    """Upload images from elsewhere and wait until all have their result; their ids."""
    ids = [gateway.post(png(), name, query)["id"] for name in names]
    for image_id in ids:
        gateway.wait_for_result(image_id)
    return ids


def choose_status(page: Page, status: str) -> None:
    """Press one of All, Classified, Failed."""
    page.get_by_role("radio", name=status).check()


def filter_field(page: Page, name: str) -> Any:
    """One of the filter's fields."""
    return page.locator("result-filter").get_by_label(name)


def test_only_what_failed_is_shown_also_of_what_comes_later(page: Page, gateway: GatewayUnderTest) -> None:
    send(gateway, "good.png")
    send(gateway, "bad.png", query="?model=unknown")
    expect(page.locator(CARDS)).to_have_count(2)
    choose_status(page, "Failed")
    expect(page.locator(NAMES)).to_have_text(["bad.png"])
    expect(page.locator("[data-total]")).to_have_text("1 matching")
    send(gateway, "good-2.png")
    send(gateway, "bad-2.png", query="?model=unknown")
    expect(page.locator(NAMES)).to_have_text(["bad-2.png", "bad.png"])
    choose_status(page, "All")
    expect(page.locator(CARDS)).to_have_count(4)


def test_the_past_is_searched_not_only_what_the_page_has_heard(page: Page, gateway: GatewayUnderTest) -> None:
    """The page keeps 60 results when it opens: the one that is looked for is older."""
    send(gateway, "needle.png", query="?stream=camera-7")
    send(gateway, *(f"hay-{n}.png" for n in range(70)))
    page.reload()
    expect(page.locator(CARDS)).to_have_count(60)
    expect(page.locator(CARDS, has_text="needle.png")).to_have_count(0)
    filter_field(page, "Stream").fill("camera-7")
    expect(page.locator(NAMES)).to_have_text(["needle.png"])


def test_older_results_come_page_by_page_without_repeats(page: Page, gateway: GatewayUnderTest) -> None:
    send(gateway, *(f"image-{n:03}.png" for n in range(130)))
    page.reload()
    expect(page.locator(CARDS)).to_have_count(60)
    older = page.get_by_role("button", name="Show older results")
    older.click()
    expect(page.locator(CARDS)).to_have_count(120)
    older.click()
    expect(page.locator(CARDS)).to_have_count(130)
    expect(older).to_be_hidden()
    assert sorted(page.locator(NAMES).all_inner_texts()) == [f"image-{n:03}.png" for n in range(130)]


def test_a_label_and_a_model_narrow_together(page: Page, gateway: GatewayUnderTest) -> None:
    ids = send(gateway, *(f"photo-{n}.png" for n in range(8)), query="?model=efficientnet-lite0")
    send(gateway, "digit.png")
    documents = [page.request.get(f"{gateway.url}v1/images/{image_id}").json() for image_id in ids]
    label = documents[0]["predictions"][0]["label"]
    expected = [each["name"] for each in documents if each["predictions"][0]["label"] == label]
    expect(page.locator(CARDS)).to_have_count(9)
    filter_field(page, "Model").select_option("efficientnet-lite0")
    expect(page.locator(CARDS)).to_have_count(8)
    filter_field(page, "Label").fill(label)
    filter_field(page, "Label").press("Enter")
    expect(page.locator(NAMES)).to_have_count(len(expected))
    assert sorted(page.locator(NAMES).all_inner_texts()) == expected
    page.get_by_role("button", name="Clear filter").click()
    expect(page.locator(CARDS)).to_have_count(9)


def test_a_click_on_a_stream_or_a_label_shows_only_its_images(page: Page, gateway: GatewayUnderTest) -> None:
    send(gateway, "one.png", query="?stream=camera-1")
    send(gateway, "two.png", query="?stream=camera-2")
    send(gateway, "lost.png", query="?model=unknown")
    page.get_by_role("button", name="camera-2").click()
    expect(page.locator(NAMES)).to_have_text(["two.png"])
    expect(filter_field(page, "Stream")).to_have_value("camera-2")
    page.locator("result-filter").get_by_role("button", name="Clear filter").click()
    page.locator("live-strip").get_by_role("button", name="failed").click()
    expect(page.locator(NAMES)).to_have_text(["lost.png"])
    expect(page.get_by_role("radio", name="Failed")).to_be_checked()


def test_a_reload_and_a_link_keep_the_filter_and_the_export_has_it(page: Page, gateway: GatewayUnderTest) -> None:
    send(gateway, "one.png", query="?stream=front%20door")
    send(gateway, "two.png", query="?stream=camera-2")
    expect(page.locator(CARDS)).to_have_count(2)
    filter_field(page, "Stream").fill("front door")
    expect(page.locator(NAMES)).to_have_text(["one.png"])
    page.reload()
    expect(page).to_have_url(re.compile(r"\?stream=front\+door$"))
    expect(filter_field(page, "Stream")).to_have_value("front door")
    expect(page.locator(NAMES)).to_have_text(["one.png"])
    with page.expect_download() as download:
        page.get_by_role("link", name="Export").click()
    lines = download.value.path().read_text().splitlines()
    assert [json.loads(line)["name"] for line in lines] == ["one.png"]


def test_nothing_found_is_said_and_goes_once_something_comes(page: Page, gateway: GatewayUnderTest) -> None:
    expect(page.locator("result-filter")).to_be_hidden()  # there is nothing to filter yet
    send(gateway, "other.png")
    expect(page.locator(CARDS)).to_have_count(1)
    filter_field(page, "Stream").fill("camera-9")
    expect(page.get_by_text("No result matches so far")).to_be_visible()
    expect(page.get_by_text("Nothing has come through yet")).to_be_hidden()
    send(gateway, "first.png", query="?stream=camera-9")
    expect(page.locator(CARDS)).to_have_count(1)
    expect(page.get_by_text("No result matches so far")).to_be_hidden()


def test_escape_clears_the_filter_and_the_status_is_chosen_by_arrows(page: Page, gateway: GatewayUnderTest) -> None:
    send(gateway, "good.png")
    expect(page.locator(CARDS)).to_have_count(1)
    page.get_by_role("radio", name="All").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="Failed")).to_be_checked()
    expect(page.locator(CARDS)).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_role("radio", name="All")).to_be_checked()
    expect(page.locator(CARDS)).to_have_count(1)


def test_names_that_were_seen_are_offered(page: Page, gateway: GatewayUnderTest) -> None:
    for stream in ("camera-10", "camera-2"):
        send(gateway, "frame.png", query=f"?stream={stream}")
    expect(page.locator(CARDS)).to_have_count(2)
    filter_field(page, "Stream").focus()
    offered = page.locator("#known-streams option").evaluate_all("options => options.map((each) => each.value)")
    assert offered == ["camera-2", "camera-10"]


def test_a_listing_that_fails_says_why(page: Page, gateway: GatewayUnderTest, watch: Watch) -> None:
    send(gateway, "good.png")
    watch.expected.append("Failed to load resource")
    problem = {"code": "stopping", "detail": "the gateway is stopping", "status": 503}
    page.route(
        "**/v1/images?status=failed*",
        lambda route: route.fulfill(status=503, content_type="application/problem+json", body=json.dumps(problem)),
    )
    choose_status(page, "Failed")
    expect(page.get_by_text("the gateway is stopping")).to_be_visible()


def test_an_hour_is_drawn_from_the_past(open_page: OpenPage, gateway: GatewayUnderTest) -> None:
    send(gateway, "early.png", "earlier.png")
    page = open_page()
    detail = page.locator("live-strip [data-detail]")
    page.get_by_role("radio", name="1 h", exact=True).check()
    expect(detail).to_contain_text("2 in the last hour")
    send(gateway, "live.png")
    expect(detail).to_contain_text("3 in the last hour")
    page.reload()
    expect(page.get_by_role("radio", name="1 h", exact=True)).to_be_checked()
    expect(detail).to_contain_text("3 in the last hour")
