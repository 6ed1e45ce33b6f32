"""Takes the pictures of the console that the documentation shows, from a Sightline that runs.

python -m tests.browser.screenshots http://127.0.0.1:8080/ docs/images
"""

import sys
import time
import urllib.request
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import numpy as np
import sklearn.datasets
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Page, expect, sync_playwright

from tests.browser.conftest import DESKTOP, FLAGS, PHONE

PHOTOS = Path(sklearn.datasets.__file__).parent / "images"
PHOTO_MODEL = "efficientnet-lite0"
DIGITS_MODEL = "digits-lenet"
SEVEN = [(0.3, 0.22), (0.7, 0.22), (0.6, 0.45), (0.52, 0.62), (0.46, 0.82)]
FRAMES = 60  # enough for the strip to show a rhythm
FAILING_EVERY = 12
# The strip has its labels, and every card in sight its picture but those whose files nobody can read.
SETTLED = """() => document.querySelector("[data-counts] li") && [...document.querySelectorAll("result-card")]
    .filter((card) => card.getBoundingClientRect().top < innerHeight && !card.textContent.includes("corrupt"))
    .every((card) => card.querySelector("img")?.complete)"""
RESULT_MS = 60_000


def digit_png(number: int) -> bytes:
    """One of scikit-learn's digits with a margin, as a PNG of 160 x 160 with square pixels."""
    pixels = np.pad(sklearn.datasets.load_digits().images[number] * (255 / 16), 1).astype(np.uint8)
    buffer = BytesIO()
    Image.fromarray(pixels).resize((160, 160), Image.Resampling.NEAREST).save(buffer, "PNG")
    return buffer.getvalue()


def damaged(png: bytes) -> bytes:
    """The PNG with pixels that do not unpack, under checksums that are right: only a decoder finds out."""
    start = png.index(b"IDAT")
    size = int.from_bytes(png[start - 4 : start], "big")
    chunk = b"IDAT" + bytes(size)
    return png[:start] + chunk + zlib.crc32(chunk).to_bytes(4, "big") + png[start + size + 8 :]


def send(url: str, body: bytes, name: str, query: str) -> None:
    """Upload one PNG."""
    headers = {"Content-Type": "image/png", "X-Image-Name": name}
    with urllib.request.urlopen(urllib.request.Request(f"{url}v1/images?{query}", body, headers), timeout=30):
        pass


def send_frames(url: str, count: int) -> None:
    """Digits from two cameras, a few a second; now and then one that is damaged, or for a model that is not there."""
    for number in range(count):
        body, query = digit_png(number), f"model={DIGITS_MODEL}&stream=camera-{number % 2 + 1}"
        if number % FAILING_EVERY == FAILING_EVERY - 1:
            body = damaged(body)
        elif number % FAILING_EVERY == FAILING_EVERY // 2:
            query = "model=plates&stream=gate"
        send(url, body, f"frame-{number:04}.png", query)
        time.sleep(0.1 if number % 7 else 0.9)


def draw_seven(page: Page) -> None:
    """Draw a 7 and wait for its answer."""
    box = page.get_by_label("Drawing board").bounding_box()
    assert box is not None
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in SEVEN]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=6)
    page.mouse.up()
    expect(page.locator("digit-pad")).to_have_attribute("data-state", "answered", timeout=RESULT_MS)


def send_photos(page: Page) -> None:
    """Two digits and the two photos as files of one's own, and wait for their results."""
    digits = [FilePayload(name=f"digit-{n}.png", mimeType="image/png", buffer=digit_png(n)) for n in (18, 24)]
    page.locator("model-switch select").select_option(DIGITS_MODEL)
    page.set_input_files("[data-files]", digits)
    page.locator("model-switch select").select_option(PHOTO_MODEL)
    page.set_input_files("[data-files]", [PHOTOS / "flower.jpg", PHOTOS / "china.jpg"])
    expect(page.locator("[data-summary]")).to_have_text("4 classified", timeout=RESULT_MS)


def open_console(browser: Browser, url: str, **options: Any) -> Page:
    """The console in a window of its own, live."""
    context = browser.new_context(**{"viewport": DESKTOP, "reduced_motion": "reduce", "locale": "en-GB", **options})
    page = context.new_page()
    page.goto(url)
    expect(page.locator("connection-state")).to_have_text("Live")
    expect(page.locator("model-switch option")).to_have_count(2)
    return page


def save(page: Page, target: Path) -> None:
    """One picture of what the window shows, in 256 colours so that it stays small; closes the window."""
    page.wait_for_function(SETTLED)
    picture = Image.open(BytesIO(page.screenshot()))
    picture.convert("RGB").quantize(256, dither=Image.Dither.FLOYDSTEINBERG).save(target, optimize=True)
    page.context.close()


def take_whole(browser: Browser, url: str, scheme: Literal["light", "dark"], target: Path) -> None:
    """All of the console in use."""
    page = open_console(browser, url, color_scheme=scheme)
    send_frames(url, FRAMES)
    draw_seven(page)
    send_photos(page)
    send_frames(url, 2)
    expect(page.locator("result-card").first).to_contain_text("frame-0001", timeout=RESULT_MS)
    save(page, target)


def take_failed(browser: Browser, url: str, target: Path) -> None:
    """Only what failed, over ten minutes."""
    page = open_console(browser, url)
    page.get_by_role("radio", name="10 min").check()
    page.get_by_role("radio", name="Failed").check()
    expect(page.locator("result-card[data-status=failed]").nth(6)).to_be_visible()
    save(page, target)


def take_phone(browser: Browser, url: str, target: Path) -> None:
    """Results on a phone."""
    page = open_console(browser, url, viewport=PHONE, device_scale_factor=2, has_touch=True, is_mobile=True)
    expect(page.locator("live-strip [data-counts] li").first).to_be_visible()
    page.locator("#results").evaluate("results => window.scrollTo(0, results.offsetTop - 16)")
    save(page, target)


def main() -> None:
    """Write the pictures into the folder given after the address."""
    url, folder = sys.argv[1].rstrip("/") + "/", Path(sys.argv[2])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        take_whole(browser, url, "light", folder / "console.png")
        take_phone(browser, url, folder / "console-phone.png")
        take_whole(browser, url, "dark", folder / "console-dark.png")
        take_failed(browser, url, folder / "console-failed.png")
        browser.close()


if __name__ == "__main__":
    main()
