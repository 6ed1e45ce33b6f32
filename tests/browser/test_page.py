"""The page as a page: phone, dark mode, keyboard, and the modules that have no face."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, OpenPage
from tests.browser.gateway import GatewayUnderTest, png

pytestmark = pytest.mark.browser

WIDTHS = (320, 390, 600, 768, 910, 1024, 1200, 1440, 1920)


def luminance(rgb: str) -> float:
    """Relative luminance (WCAG 2) of a colour as getComputedStyle writes it."""
    channels = [int(part) / 255 for part in re.findall(r"\d+", rgb)[:3]]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio (WCAG 2), 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def style(page: Page, selector: str, name: str) -> str:
    """A computed style."""
    value: str = page.locator(selector).first.evaluate("(element, name) => getComputedStyle(element)[name]", name)
    return value


def fill(page: Page, gateway: GatewayUnderTest) -> None:
    """Some of everything on the page."""
    gateway.post(png(), "a-rather-long-file-name-that-nobody-would-choose-2026-11-22.png", "?stream=" + "camera" * 20)
    gateway.post(png(), "frame.png", "?model=unknown")
    gateway.post(png(), "photo.png", "?model=efficientnet-lite0")
    page.set_input_files("[data-files]", {"name": "boat.png", "mimeType": "image/png", "buffer": png()})
    expect(page.locator("result-card")).to_have_count(4)
    expect(page.locator("live-strip [data-counts] li").first).to_be_visible()


def overflow(page: Page) -> list[str]:
    """Elements that stick out to the right of the window."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("body *")]
            .filter((each) => each.getBoundingClientRect().right > innerWidth + 0.5 && !each.closest(".sr"))
            .map((each) => each.outerHTML.slice(0, 120))"""
    )
    return found


def test_nothing_is_wider_than_the_window(page: Page, gateway: GatewayUnderTest) -> None:
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 844})
        assert overflow(page) == [], f"empty, at {width} px"
    fill(page, gateway)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert overflow(page) == [], f"filled, at {width} px"


def test_a_phone_offers_its_camera(open_page: OpenPage) -> None:
    page = open_page(viewport=PHONE, has_touch=True, is_mobile=True)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Take a photo").tap()
    assert chooser.value.element.get_attribute("capture") == "environment"
    box = page.get_by_role("button", name="Take a photo").bounding_box()
    assert box is not None
    assert box["height"] >= 44


def test_a_finger_draws_without_scrolling(open_page: OpenPage) -> None:
    page = open_page(viewport=PHONE, has_touch=True, is_mobile=True)
    page.get_by_label("Drawing board").tap()
    expect(page.locator("digit-pad")).to_have_attribute("data-state", "answered")
    assert style(page, "canvas", "touchAction") == "none"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable_in_light_and_dark(open_page: OpenPage, gateway: GatewayUnderTest, scheme: str) -> None:
    page = open_page(color_scheme=scheme)
    fill(page, gateway)
    paper, panel = style(page, "body", "backgroundColor"), style(page, "result-card", "backgroundColor")
    assert (luminance(paper) < 0.05) == (scheme == "dark")
    on_panel = [".card-meta .num", ".card-top h3", ".bars li:nth-child(2) .bar-label", ".upload-state", "#model-note"]
    pairs = [(style(page, selector, "color"), panel) for selector in [*on_panel, "[data-status=failed] h3"]]
    pairs += [(style(page, selector, "color"), paper) for selector in ["body", ".quiet", ".rate .fine"]]
    pairs.append((style(page, "button.primary", "color"), style(page, "button.primary", "backgroundColor")))
    assert min(contrast(*pair) for pair in pairs) >= 4.5


def test_everything_is_reached_by_keyboard_with_a_visible_focus(page: Page) -> None:
    reached: list[dict[str, Any]] = []
    for _ in range(25):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                """() => ({
                    name: document.activeElement.ariaLabel ?? document.activeElement.textContent.trim(),
                    tag: document.activeElement.localName,
                    outline: getComputedStyle(document.activeElement.closest(".field") ?? document.activeElement)
                        .outlineStyle,
                })"""
            )
        )
    names = [each["name"] for each in reached]
    order = [names.index(name) for name in ("Skip to the results", "API", "Choose photos", "Drawing board")]
    assert order == sorted(order)
    assert "select" in [each["tag"] for each in reached]
    assert any(name.startswith("Copy: ") for name in names)
    focused = [each for each in reached if each["tag"] != "body"]
    assert {each["outline"] for each in focused} == {"solid"}


def test_enter_opens_the_file_chooser(page: Page) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose photos").focus()
        page.keyboard.press("Enter")
    assert chooser.value.is_multiple()


def test_results_of_own_images_are_announced(page: Page) -> None:
    page.set_input_files("[data-files]", {"name": "boat.png", "mimeType": "image/png", "buffer": png()})
    expect(page.locator("[data-announcer]")).to_have_text(re.compile(r"^boat\.png: .+, \d+(\.\d)?%$"))


def test_the_empty_page_teaches_lines_for_this_very_address(open_page: OpenPage, gateway: GatewayUnderTest) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    empty = page.locator(".empty")
    expect(empty.locator("code").first).to_contain_text(f"'{gateway.url}v1/images?model=efficientnet-lite0'")
    expect(empty.locator("code").last).to_have_text(".venv/bin/sightline-send 127.0.0.1:9500 FOLDER --framing fixed28")
    empty.get_by_role("button", name="Copy: A folder").click()
    expect(empty.locator("[data-copy-icon]").last).to_have_attribute("href", re.compile("check"))
    assert page.evaluate("navigator.clipboard.readText()") == empty.locator("code").last.inner_text()


def test_photos_go_to_a_model_of_colour_photos_until_another_is_chosen(page: Page) -> None:
    """The default model of grey digits was preselected, and called the first photo of a newcomer a 7."""
    expect(page.locator("model-switch select")).to_have_value("efficientnet-lite0")
    page.locator("model-switch select").select_option("digits-lenet")
    page.reload()
    expect(page.locator("connection-state")).to_have_text("Live")
    expect(page.locator("model-switch select")).to_have_value("digits-lenet")


def test_reduced_motion_stops_every_animation(open_page: OpenPage, gateway: GatewayUnderTest) -> None:
    page = open_page(reduced_motion="reduce")
    gateway.post(png(), "frame.png")
    expect(page.locator("result-card")).to_have_count(1)
    assert style(page, "result-card", "animationName") == "none"


def test_thumbnails_over_the_budget_are_revoked_oldest_first(page: Page) -> None:
    outcome = page.evaluate(
        """async () => {
            const { ThumbnailStore } = await import("/console/js/thumbnails.js");
            const revoked = [];
            const revoke = URL.revokeObjectURL;
            URL.revokeObjectURL = (url) => { revoked.push(url); revoke.call(URL, url); };
            const store = new ThumbnailStore(25);
            const ids = ["a", "b", "c"];
            const urls = ids.map((id) => { store.put(id, new Blob(["x".repeat(10)])); return store.get(id); });
            return { kept: ids.map((id) => store.get(id) !== null), revoked: revoked.map((url) => urls.indexOf(url)) };
        }"""
    )
    assert outcome == {"kept": [False, True, True], "revoked": [0]}


def test_the_window_forgets_and_never_counts_ahead(page: Page) -> None:
    outcome = page.evaluate(
        """async () => {
            const { RateWindow } = await import("/console/js/rate-window.js");
            const minute = new RateWindow(1, 60);
            const now = 1_000_000_000;
            minute.add(now - 61_000, "too old", now);
            minute.add(now - 59_000, "old", now);
            minute.add(now + 5_000, "clock ahead", now);
            minute.add(now, "clock ahead", now);
            const counts = minute.counts(now);
            const old = minute.counts(now, "old").slice(0, 2);
            return [counts.length, counts[0], counts[59], old, minute.labels(now), minute.labels(now + 2_000)];
        }"""
    )
    assert outcome == [60, 1, 2, [1, 0], [["clock ahead", 2], ["old", 1]], [["clock ahead", 2]]]


def test_a_wide_window_gathers_seconds_into_slots(page: Page) -> None:
    outcome = page.evaluate(
        """async () => {
            const { RateWindow } = await import("/console/js/rate-window.js");
            const hour = new RateWindow(60, 60);
            const now = 36_000_000_000;
            for (const seconds of [0, 1, 59, 60, 61, 3599, 3601]) hour.add(now - seconds * 1000, "a", now);
            const counts = hour.counts(now);
            return [hour.span, counts.at(-1), counts.at(-2), counts[0], hour.beginning(now, 59)];
        }"""
    )
    # `now` begins a minute: the running slot has one, the one before those of 1 to 60 s ago
    assert outcome == [3600, 1, 3, 0, 36_000_000_000]


def test_charts_draw_what_they_are_given(page: Page) -> None:
    drawn = page.evaluate(
        """async () => {
            const { bars, gaps, gathered, line } = await import("/console/js/chart.js");
            const size = { width: 40, height: 10 };
            return [
                bars([0, 5, 10, 1], 10, size), gaps([0, 5, 0, 5], size), line([0, 5, 10], 10, size),
                line([0, 0], 0, size), gathered([1, 2, 3, 4, 5], 2),
            ];
        }"""
    )
    assert drawn[0] == "M10 10h6.2v-5h-6.2zM20 10h6.2v-10h-6.2zM30 10h6.2v-3h-6.2z"
    assert drawn[1] == "M0 10h6.2v-1.5h-6.2zM20 10h6.2v-1.5h-6.2z"
    assert drawn[2:] == ["M0 10L20 5L40 0", "M0 10L40 10", [3, 7, 5]]


def test_blocked_storage_costs_the_memory_and_not_the_page(page: Page, gateway: GatewayUnderTest) -> None:
    """Where a browser blocks storage, `localStorage` throws as soon as it is named, and that ended the page's start."""
    page.add_init_script(
        """Object.defineProperty(window, "localStorage", {
            get() { throw new DOMException("storage is blocked", "SecurityError"); },
        });"""
    )
    page.reload()
    expect(page.locator("connection-state")).to_have_text("Live")
    expect(page.locator("model-switch option").first).to_have_text("digits-lenet")
    page.locator("model-switch select").select_option("efficientnet-lite0")
    gateway.post(png(), "frame.png")
    expect(page.locator("result-card")).to_have_count(1)
