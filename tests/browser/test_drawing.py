"""Drawing a digit by mouse and by keyboard."""

from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, Request, expect

from tests.browser.gateway import UPLOADS

pytestmark = pytest.mark.browser

SEVEN = [(0.1, 0.1), (0.3, 0.1), (0.15, 0.4)]  # small, in the corner: the page must centre it


def draw(page: Page, *points: tuple[float, float]) -> None:
    """One stroke of the mouse through points given as shares of the board."""
    box = page.get_by_label("Drawing board").bounding_box()
    assert box is not None
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=5)
    page.mouse.up()


@pytest.fixture
def sent(page: Page) -> Callable[[], Image.Image]:
    """Gives the picture sent last. Chromium does not show a request's Blob to its driver, so the page keeps a copy."""
    page.evaluate(
        """() => {
            const send = XMLHttpRequest.prototype.send;
            XMLHttpRequest.prototype.send = function (body) {
                globalThis.lastBody = body;
                return send.call(this, body);
            };
        }"""
    )

    def picture() -> Image.Image:
        codes = page.evaluate("async () => [lastBody.type, ...new Uint8Array(await lastBody.arrayBuffer())]")
        assert codes[0] == "image/png"
        opened = Image.open(BytesIO(bytes(codes[1:])))
        assert opened.format == "PNG"
        return opened.convert("L")

    return picture


def test_a_drawing_is_sent_as_a_centred_png_and_answered_beside_the_board(
    page: Page, sent: Callable[[], Image.Image]
) -> None:
    with page.expect_response(UPLOADS) as posted:
        draw(page, *SEVEN)  # nothing is pressed: the pen's lifting is enough
    assert posted.value.url.endswith("?model=digits-lenet")
    ink = np.asarray(sent())
    assert ink.shape == (280, 280)
    assert ink[0, 0] == 0
    assert ink.max() == 255
    rows, columns = np.nonzero(ink > 127)
    assert abs((rows.min() + rows.max()) / 2 - 140) < 3
    assert abs((columns.min() + columns.max()) / 2 - 140) < 3
    assert 0.7 < (rows.max() - rows.min()) / 280 < 0.85
    label = posted.value.json()["predictions"][0]["label"]
    expect(page.locator("digit-pad [data-digit]")).to_have_text(label)
    expect(page.locator("digit-pad [data-sure]")).to_contain_text("% sure")
    expect(page.locator("result-card", has_text="drawing").locator("h3")).to_have_text(label)


def test_a_drawing_is_not_sent_while_the_pen_is_down(page: Page) -> None:
    requests: list[Request] = []
    page.on("request", lambda request: requests.append(request) if request.method == "POST" else None)
    page.clock.install(time=0)
    page.clock.pause_at(1_000)  # or a busy machine would let the page's own time pass between two strokes
    draw(page, (0.3, 0.2), (0.3, 0.5))
    page.mouse.down()
    page.clock.run_for(5_000)
    assert requests == []
    page.mouse.up()
    with page.expect_response(UPLOADS):
        page.clock.run_for(1_000)
    assert len(requests) == 1


def test_the_button_sends_at_once_and_clear_wipes_the_board(page: Page) -> None:
    classify, clear = (
        page.get_by_role("button", name="Classify", exact=True),
        page.get_by_role("button", name="Clear", exact=True),
    )
    expect(classify).to_be_disabled()
    draw(page, *SEVEN)
    classify.click()
    expect(page.locator("digit-pad")).to_have_attribute("data-state", "answered")
    clear.click()
    expect(classify).to_be_disabled()
    expect(page.locator("digit-pad [data-digit]")).to_have_text("?")
    inked = page.locator("canvas").evaluate(
        "board => board.getContext('2d').getImageData(0, 0, 280, 280).data.some((value, i) => i % 4 < 3 && value > 0)"
    )
    assert not inked


def test_a_new_stroke_after_an_answer_starts_a_new_drawing(page: Page, sent: Callable[[], Image.Image]) -> None:
    draw(page, (0.5, 0.2), (0.5, 0.8))
    expect(page.locator("digit-pad")).to_have_attribute("data-state", "answered")
    with page.expect_request(UPLOADS):
        draw(page, (0.2, 0.5), (0.8, 0.5))
    ink = np.asarray(sent()) > 127
    assert ink.any(axis=0).sum() > 3 * ink.any(axis=1).sum(), "only the flat stroke, not a cross"


def test_a_digit_can_be_drawn_by_keyboard(page: Page, sent: Callable[[], Image.Image]) -> None:
    board = page.get_by_label("Drawing board")
    board.focus()
    page.keyboard.press("Space")
    for key in ["ArrowRight"] * 5 + ["ArrowDown"] * 12:
        page.keyboard.press(key)
    with page.expect_request(UPLOADS):
        page.keyboard.press("Enter")
    ink = np.asarray(sent()) > 127
    assert ink[:60].any(axis=0).sum() > 60, "the bar of the 7"
    expect(page.locator("digit-pad")).to_have_attribute("data-state", "answered")
    page.keyboard.press("Delete")
    expect(page.get_by_role("button", name="Classify", exact=True)).to_be_disabled()
