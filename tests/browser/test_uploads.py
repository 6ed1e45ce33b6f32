"""Photos: choose, drop, paste; what becomes of each is shown."""

import base64
import json
import re
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Locator, Page, Route, expect

from tests.browser.conftest import Watch
from tests.browser.gateway import UPLOADS, png

pytestmark = pytest.mark.browser

REFUSED = "Failed to load resource"  # Chromium's own line for every answer that is not a success


def photo(name: str, body: bytes | None = None) -> FilePayload:
    """A file for the chooser."""
    return FilePayload(name=name, mimeType="image/png", buffer=png() if body is None else body)


def choose(page: Page, *files: FilePayload) -> None:
    """Pick files as a person does."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose photos").click()
    chooser.value.set_files(list(files))


def row(page: Page, name: str) -> Locator:
    """The upload's row."""
    return page.locator(".upload", has_text=name)


def result_of(page: Page, image_id: str) -> dict[str, Any]:
    """The finished result as the API tells it."""
    result: dict[str, Any] = page.request.get(f"{page.url}v1/images/{image_id}").json()
    return result


def test_a_chosen_photo_shows_the_label_and_top_five_of_its_result(page: Page) -> None:
    with page.expect_response(UPLOADS) as posted:
        choose(page, photo("boat.png"))
    assert posted.value.status == 202
    card = page.locator("result-card", has_text="boat.png")
    expect(card.locator(".bars li")).to_have_count(5)
    predictions = result_of(page, posted.value.json()["id"])["predictions"]
    assert card.locator("[data-bars] [data-label]").all_inner_texts() == [each["label"] for each in predictions]
    assert card.locator("h3").inner_text() == predictions[0]["label"]
    shown = float(card.locator("[data-bars] [data-value]").first.inner_text().rstrip("%"))
    assert shown == pytest.approx(100 * predictions[0]["probability"], abs=0.051)
    expect(row(page, "boat.png").locator("[data-state]")).to_contain_text(predictions[0]["label"])


def test_own_photos_show_their_thumbnail_at_once(page: Page) -> None:
    choose(page, photo("mine.png", png(size=(800, 600))))
    mine = page.locator("result-card", has_text="mine.png").locator("img")
    expect(mine).to_have_attribute("src", re.compile("^blob:"))
    assert mine.evaluate("image => image.decode().then(() => image.naturalWidth)") == 360


def test_the_chosen_model_is_the_one_asked_for(page: Page) -> None:
    page.locator("model-switch select").select_option("efficientnet-lite0")
    with page.expect_request(UPLOADS) as posted:
        choose(page, photo("boat.png"))
    assert posted.value.url.endswith("?model=efficientnet-lite0")
    expect(page.locator("#model-note")).to_contain_text("1,000 labels")
    expect(page.locator("send-lines code").first).to_contain_text("model=efficientnet-lite0")


def test_several_files_at_once_each_end_in_words(page: Page, watch: Watch) -> None:
    watch.expected.append(REFUSED)
    choose(page, photo("one.png"), photo("notes.png", b"not an image"), photo("cut.png", png()[:-20]), photo("two.png"))
    expect(page.locator("[data-summary]")).to_have_text("2 classified, 2 not")
    expect(page.locator("result-card")).to_have_count(2)
    expect(row(page, "two.png").locator(".trouble")).to_be_hidden()


@pytest.mark.parametrize(("body", "status"), [(b"not an image at all", 415), (png()[:-20], 422), (b"", 422)])
def test_a_refused_file_shows_the_reason_the_gateway_gives(page: Page, watch: Watch, body: bytes, status: int) -> None:
    watch.expected.append(REFUSED)
    with page.expect_response(UPLOADS) as posted:
        choose(page, photo("bad.png", body))
    assert posted.value.status == status
    expect(row(page, "bad.png").locator(".trouble")).to_have_text(posted.value.json()["detail"])
    expect(row(page, "bad.png").get_by_role("button", name="Try again")).to_be_hidden()
    expect(page.locator("[data-announcer]")).to_contain_text("bad.png")


def test_a_busy_gateway_is_tried_again_under_the_same_key(page: Page, watch: Watch) -> None:
    watch.expected.append(REFUSED)
    keys: list[str] = []

    def refuse_once(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) > 1:
            route.continue_()
            return
        problem = {"code": "kafka-unavailable", "detail": "Kafka does not answer.", "status": 503}
        route.fulfill(
            status=503,
            headers={"Retry-After": "1"},
            content_type="application/problem+json",
            body=json.dumps(problem),
        )

    page.route(UPLOADS, refuse_once)
    choose(page, photo("boat.png"))
    expect(row(page, "boat.png")).to_contain_text("Kafka does not answer.")
    expect(row(page, "boat.png")).to_have_attribute("data-state", "done")
    expect(row(page, "boat.png").locator(".trouble")).to_be_hidden()
    assert len(keys) == 2
    assert len(set(keys)) == 1


def test_a_broken_connection_can_be_tried_again_by_hand(page: Page, watch: Watch) -> None:
    watch.expected.append(REFUSED)
    page.route(UPLOADS, lambda route: route.abort("connectionreset"), times=1)
    choose(page, photo("boat.png"))
    expect(row(page, "boat.png")).to_contain_text("broke before it answered")
    row(page, "boat.png").get_by_role("button", name="Try again").click()
    expect(row(page, "boat.png")).to_have_attribute("data-state", "done")


def test_names_the_gateway_would_refuse_are_tidied(page: Page) -> None:
    """Screenshots on a Mac have U+202F in their names, which is not printable; names go as UTF-8 bytes."""
    choose(page, photo("Bildschirmfoto 9.41\u202fAM Grün 漢字.png"))
    expect(page.locator("result-card [data-name]")).to_have_text("Bildschirmfoto 9.41 AM Grün 漢字.png")


def give(page: Page, event: str, files: dict[str, bytes]) -> None:
    """Drop or paste files by script: Playwright has no gesture for either."""
    page.evaluate(
        """([event, files]) => {
            const transfer = new DataTransfer();
            for (const [name, text] of Object.entries(files)) {
                const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
                transfer.items.add(new File([bytes], name, { type: "image/png" }));
            }
            const options = { bubbles: true, cancelable: true, dataTransfer: transfer, clipboardData: transfer };
            const Kind = event === "paste" ? ClipboardEvent : DragEvent;
            document.body.dispatchEvent(new Kind(event, options));
        }""",
        [event, {name: base64.b64encode(body).decode() for name, body in files.items()}],
    )


@pytest.mark.parametrize("event", ["drop", "paste"])
def test_dropped_and_pasted_photos_are_sent(page: Page, event: str) -> None:
    give(page, event, {"first.png": png("red"), "second.png": png("blue")})
    expect(page.locator("result-card")).to_have_count(2)
    expect(page.locator("[data-summary]")).to_have_text("2 classified")


def test_the_page_says_where_to_drop_while_files_hover_over_it(page: Page) -> None:
    give(page, "dragenter", {"first.png": png()})
    expect(page.get_by_text("Drop to classify")).to_be_visible()
    give(page, "dragleave", {"first.png": png()})
    expect(page.get_by_text("Drop to classify")).to_be_hidden()


def test_finished_uploads_can_be_cleared(page: Page) -> None:
    choose(page, photo("boat.png"))
    page.get_by_role("button", name="Clear finished").click()
    expect(page.locator("upload-tray")).to_be_hidden()
    expect(page.locator("result-card")).to_have_count(1)
