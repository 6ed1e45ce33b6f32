"""Whole folders: what is taken of them, how the sending shows, and how it is stopped."""

import json
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import DEADLINE_MS, Watch
from tests.browser.gateway import UPLOADS, png
from tests.browser.test_uploads import REFUSED

pytestmark = pytest.mark.browser

SUMMARY = "[data-summary]"


def make_folder(parent: Path, photos: int) -> Path:
    """A folder of photos, some in a folder below, with what else lies about in folders."""
    folder = parent / "holiday"
    (folder / "beach").mkdir(parents=True)
    (folder / ".trash").mkdir()
    for number in range(photos):
        (folder / ("beach" if number % 2 else ".") / f"photo {number}.png").write_bytes(png())
    (folder / "notes.txt").write_text("not a photo")
    (folder / ".trash" / "old.png").write_bytes(png())
    return folder


def choose_folder(page: Page, folder: Path) -> None:
    """Pick a folder as a person does."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="A folder", exact=True).click()
    chooser.value.set_files(folder)


def hold(page: Page, pattern: str) -> list[Route]:
    """The requests that the page makes, kept without an answer; see `await_held`."""
    held: list[Route] = []

    def keep(route: Route) -> None:
        held.append(route)

    page.route(pattern, keep)
    return held


def await_held(page: Page, held: list[Route], count: int) -> None:
    """Wait until so many are kept: the page calls an upload sent before its request gets here."""
    deadline = time.monotonic() + DEADLINE_MS / 1000
    while len(held) < count:
        assert time.monotonic() < deadline, f"{len(held)} of {count} requests"
        page.wait_for_timeout(20)  # in which the driver brings them


def test_a_folder_is_sent_whole_with_the_folders_below_it(page: Page, tmp_path: Path) -> None:
    choose_folder(page, make_folder(tmp_path, 6))
    expect(page.locator(SUMMARY)).to_have_text("6 classified")
    expect(page.locator("[data-note]")).to_have_text("Left out 1 file that is no photo.")
    names = page.locator(".upload [data-name]").all_inner_texts()
    assert sorted(names) == ["beach/photo 1.png", "beach/photo 3.png", "beach/photo 5.png"] + [
        f"photo {number}.png" for number in (0, 2, 4)
    ]
    expect(page.locator("result-card", has_text="beach/photo 1.png")).to_have_count(1)
    expect(page.locator("[data-announcer]")).to_contain_text("6 classified")


def test_a_folder_without_photos_says_so(page: Page, tmp_path: Path) -> None:
    choose_folder(page, make_folder(tmp_path, 0))
    expect(page.locator("[data-note]")).to_contain_text("No photos in holiday")
    expect(page.locator("upload-tray")).to_be_hidden()


def test_a_large_folder_shows_one_bar_and_can_be_stopped(page: Page, tmp_path: Path) -> None:
    """Rows for thousands of photos would freeze the page, and a home folder dropped by mistake is to be ended."""
    held = hold(page, UPLOADS)
    choose_folder(page, make_folder(tmp_path, 90))
    expect(page.locator(SUMMARY)).to_have_text("0 of 90 done")
    expect(page.locator("[data-whole]")).to_be_visible()
    expect(page.locator(".upload")).to_have_count(40)
    expect(page.locator(".upload[data-state=sending]")).to_have_count(3)
    await_held(page, held, 3)
    page.get_by_role("button", name="Stop").click()
    for route in held:
        route.continue_()
    expect(page.locator(SUMMARY)).to_have_text("3 classified, 87 not sent")
    expect(page.locator("[data-whole]")).to_be_hidden()
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()
    assert len(held) == 3
    page.get_by_role("button", name="Clear finished").click()
    expect(page.locator("upload-tray")).to_be_hidden()


def test_more_than_the_tray_shows_are_all_counted(page: Page, tmp_path: Path) -> None:
    choose_folder(page, make_folder(tmp_path, 60))
    expect(page.locator(SUMMARY)).to_have_text("60 classified")
    expect(page.locator(".upload")).to_have_count(40)
    expect(page.locator("result-card")).to_have_count(60)


def test_what_failed_on_the_way_is_sent_again_by_one_button(page: Page, tmp_path: Path, watch: Watch) -> None:
    watch.expected.append(REFUSED)
    page.route(UPLOADS, lambda route: route.abort("connectionreset"))
    choose_folder(page, make_folder(tmp_path, 6))
    expect(page.locator(SUMMARY)).to_have_text("0 classified, 6 not")
    page.unroute(UPLOADS)
    page.get_by_role("button", name="Try failed ones again").click()
    expect(page.locator(SUMMARY)).to_have_text("6 classified")


def test_a_drawing_does_not_wait_for_a_folder(page: Page, tmp_path: Path) -> None:
    """The pad said nothing of a drawing in the queue, so this test freed a place before the drawing was in it."""
    held = hold(page, "**/v1/images?model=efficientnet-lite0")
    choose_folder(page, make_folder(tmp_path, 20))
    expect(page.locator(".upload[data-state=sending]")).to_have_count(3)
    await_held(page, held, 3)
    page.get_by_label("Drawing board").press("Space")
    page.keyboard.press("Enter")
    expect(page.locator("digit-pad")).to_have_attribute("data-state", "asking")
    held.pop(0).continue_()  # one place is free: the drawing's, with 17 photos before it
    expect(page.locator("digit-pad")).to_have_attribute("data-state", "answered")
    for route in held:
        route.continue_()


def test_stop_also_ends_what_a_busy_gateway_put_off(page: Page, tmp_path: Path, watch: Watch) -> None:
    """An image that is to be tried again waits for a timer, which must not send it after all."""
    watch.expected.append(REFUSED)
    problem = json.dumps({"code": "overloaded", "detail": "the gateway is busy", "status": 503})
    headers = {"Retry-After": "20"}
    page.route(UPLOADS, lambda route: route.fulfill(status=503, headers=headers, body=problem))
    page.clock.install()
    choose_folder(page, make_folder(tmp_path, 6))
    expect(page.locator(".upload[data-state=pausing]")).to_have_count(6)
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(SUMMARY)).to_have_text("0 classified, 6 not sent")
    page.unroute(UPLOADS)
    page.clock.run_for(30_000)
    expect(page.locator(".upload[data-state=stopped]")).to_have_count(6)


def test_dropped_folders_are_opened(page: Page) -> None:
    """No script can make a drop of folders, so the page's own reading is given entries as a browser hands them."""
    gathered = page.evaluate(
        """async () => {
            const { filesOf } = await import("/console/js/dropped.js");
            const file = (name) => ({ name, isFile: true, file: (give) => give(new File(["x"], name)) });
            const folder = (name, ...inside) => ({
                name, isDirectory: true,
                createReader: () => ({ readEntries: (give) => give(inside.splice(0, 2)) }),
            });
            const [below, hidden] = [folder("sub", file("a.webp")), folder(".git", file("x.png"))];
            const top = folder("top", ...["b10.jpg", "b2.JPG", ".c.png", "readme.md"].map(file), below, hidden);
            const items = [top, file("loose.gif")].map((entry) => ({ kind: "file", webkitGetAsEntry: () => entry }));
            const { photos, others, cut, folder: name } = await filesOf({ items, files: [] });
            return [photos.map((photo) => photo.name), others, cut, name];
        }"""
    )
    assert gathered == [["b2.JPG", "b10.jpg", "loose.gif", "sub/a.webp"], 1, False, "top"]


def test_one_unreadable_file_does_not_lose_the_others(page: Page) -> None:
    """One rejection ended the whole drop without a word."""
    gathered = page.evaluate(
        """async () => {
            const { filesOf } = await import("/console/js/dropped.js");
            const gone = () => new DOMException("it is gone", "NotFoundError");
            const file = (name) => ({ name, isFile: true, file: (give) => give(new File(["x"], name)) });
            const locked = { name: "b.png", isFile: true, file: (give, fail) => fail(gone()) };
            const folder = (name, readEntries) => ({ name, isDirectory: true, createReader: () => ({ readEntries }) });
            const inside = [file("a.png"), locked, folder("closed", (give, fail) => fail(gone())), file("c.png")];
            const top = folder("top", (give) => give(inside.splice(0, 2)));
            const items = [{ kind: "file", webkitGetAsEntry: () => top }];
            const { photos, unread } = await filesOf({ items, files: [] });
            return [photos.map((photo) => photo.name), unread];
        }"""
    )
    assert gathered == [["a.png", "c.png"], 2]


def test_a_walk_through_what_is_no_photo_ends(page: Page) -> None:
    """Only photos were counted: a dropped home folder was walked to its last file."""
    listed, cut = page.evaluate(
        """async () => {
            const { filesOf } = await import("/console/js/dropped.js");
            let listed = 0;
            const text = (name) => ({ name, isFile: true, file: (give) => give(new File(["x"], name)) });
            const readEntries = (give) => {
                listed += 100;
                give(listed > 60_000 ? [] : Array.from({ length: 100 }, (_, i) => text(`${listed + i}.txt`)));
            };
            const home = { name: "home", isDirectory: true, createReader: () => ({ readEntries }) };
            const { cut } = await filesOf({ items: [{ kind: "file", webkitGetAsEntry: () => home }], files: [] });
            return [listed, cut];
        }"""
    )
    assert (listed <= 50_100, cut) == (True, True)
