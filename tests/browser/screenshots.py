"""Takes the pictures of the console that the documentation shows, from a Sightline that runs.

python -m tests.browser.screenshots http://127.0.0.1:8080/ docs/images
"""

import sys
import time
import urllib.request
from io import BytesIO
from pathlib import Path
from typing import Literal

import numpy as np
import sklearn.datasets
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Page, expect, sync_playwright

from tests.browser.conftest import DESKTOP, FLAGS

PHOTOS = Path(sklearn.datasets.__file__).parent / "images"
PHOTO_MODEL = "efficientnet-lite0"
DIGITS_MODEL = "digits-lenet"
SEVEN = [(0.3, 0.22), (0.7, 0.22), (0.6, 0.45), (0.52, 0.62), (0.46, 0.82)]
FRAMES = 40  # enough for the strip to show a rhythm
RESULT_MS = 60_000


def digit_png(number: int) -> bytes:
    """One of scikit-learn's digits with a margin, as a PNG of 160 x 160 with square pixels."""
    pixels = np.pad(sklearn.datasets.load_digits().images[number] * (255 / 16), 1).astype(np.uint8)
    buffer = BytesIO()
    Image.fromarray(pixels).resize((160, 160), Image.Resampling.NEAREST).save(buffer, "PNG")
    return buffer.getvalue()


def send_frames(url: str, count: int) -> None:
    """Digits from two cameras, a few a second."""
    for number in range(count):
        headers = {"Content-Type": "image/png", "X-Image-Name": f"frame-{number:04}.png"}
        address = f"{url}v1/images?model=digits-lenet&stream=camera-{number % 2 + 1}"
        with urllib.request.urlopen(urllib.request.Request(address, digit_png(number), headers), timeout=30):
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
    page.get_by_label("Model").select_option(DIGITS_MODEL)
    page.set_input_files("[data-files]", digits)
    page.get_by_label("Model").select_option(PHOTO_MODEL)
    page.set_input_files("[data-files]", [PHOTOS / "flower.jpg", PHOTOS / "china.jpg"])
    expect(page.locator("[data-summary]")).to_have_text("4 classified", timeout=RESULT_MS)


def take(browser: Browser, url: str, scheme: Literal["light", "dark"], target: Path) -> None:
    """One picture of 1440 x 1000, in 256 colours so that it stays small."""
    context = browser.new_context(viewport=DESKTOP, color_scheme=scheme, reduced_motion="reduce", locale="en-GB")
    page = context.new_page()
    page.goto(url)
    expect(page.locator("connection-state")).to_have_text("Live")
    send_frames(url, FRAMES)
    draw_seven(page)
    send_photos(page)
    send_frames(url, 1)
    expect(page.locator("result-card").first).to_contain_text("frame-0000")
    picture = Image.open(BytesIO(page.screenshot()))
    picture.convert("RGB").quantize(256, dither=Image.Dither.FLOYDSTEINBERG).save(target, optimize=True)
    context.close()


def main() -> None:
    """Write console.png and console-dark.png into the folder given after the address."""
    url, folder = sys.argv[1].rstrip("/") + "/", Path(sys.argv[2])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        take(browser, url, "light", folder / "console.png")
        take(browser, url, "dark", folder / "console-dark.png")
        browser.close()


if __name__ == "__main__":
    main()
