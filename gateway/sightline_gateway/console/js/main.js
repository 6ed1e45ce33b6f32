/** Builds the page's objects and connects them. Everything else is in the elements and the modules they use. */
import { Announcer } from "./announcer.js";
import { access, listModels } from "./api.js";
import { Browsing } from "./browsing.js";
import { part } from "./dom.js";
import { ConnectionStateElement } from "./elements/connection-state.js";
import { DigitPadElement } from "./elements/digit-pad.js";
import { ImageDetailElement } from "./elements/image-detail.js";
import { ImageDropElement } from "./elements/image-drop.js";
import { KeyPromptElement } from "./elements/key-prompt.js";
import { LiveStripElement } from "./elements/live-strip.js";
import { ModelSwitchElement } from "./elements/model-switch.js";
import { ResultCardElement } from "./elements/result-card.js";
import { ResultFilterElement } from "./elements/result-filter.js";
import { ResultWallElement } from "./elements/result-wall.js";
import { SendLinesElement } from "./elements/send-lines.js";
import { UploadTrayElement } from "./elements/upload-tray.js";
import { fromQuery, toQuery } from "./filter.js";
import { spoken } from "./format.js";
import { pastResults } from "./history.js";
import { PictureLoader } from "./picture-loader.js";
import { Problem } from "./problem.js";
import { ResultFeed } from "./result-feed.js";
import { saveImage } from "./save.js";
import { ThumbnailStore } from "./thumbnails.js";
import { UploadQueue } from "./upload-queue.js";

/** The model that reads drawn digits. */
const DIGITS = "digits-lenet";
/** How far back the longest chart reaches, in ms. */
const LONGEST_SPAN = 3_600_000;
/** Seconds a drawing's request stays open for its answer; the event stream brings later ones. */
const DRAWING_WAIT = 10;

const ELEMENTS = {
  "connection-state": ConnectionStateElement,
  "digit-pad": DigitPadElement,
  "image-detail": ImageDetailElement,
  "image-drop": ImageDropElement,
  "key-prompt": KeyPromptElement,
  "live-strip": LiveStripElement,
  "model-switch": ModelSwitchElement,
  "result-card": ResultCardElement,
  "result-filter": ResultFilterElement,
  "result-wall": ResultWallElement,
  "send-lines": SendLinesElement,
  "upload-tray": UploadTrayElement,
};

/** @typedef {import("./upload-queue.js").Item} Item */

/** @param {string} name @returns {any} the page's element of that name */
const element = (name) => document.querySelector(name);

function main() {
  for (const [name, constructor] of Object.entries(ELEMENTS)) customElements.define(name, constructor);
  const thumbnails = new ThumbnailStore();
  const feed = new ResultFeed();
  const queue = new UploadQueue(feed, thumbnails);
  const announcer = new Announcer(part(document, "announcer"));
  showResults(feed, thumbnails);
  showNumbers(feed);
  showConnection(feed, announcer);
  sendPhotos(queue, thumbnails, announcer);
  sendDrawings(queue, announcer);
  offerModels(feed);
  askForKey(feed);
  feed.start();
}

/** @param {ResultFeed} feed @param {ThumbnailStore} thumbnails */
function showResults(feed, thumbnails) {
  const [wall, filter] = [element("result-wall"), element("result-filter")];
  wall.thumbnails = thumbnails;
  wall.pictures = new PictureLoader(thumbnails);
  on(thumbnails, "thumbnail", (id) => wall.showThumbnail(id));
  filter.value = fromQuery(location.search);
  remember(filter.value);
  const browsing = new Browsing(wall, filter.value);
  on(feed, "result", ({ result, live }) => {
    filter.learn(result);
    browsing.heard(result, live);
  });
  on(feed, "filled", ({ next }) => browsing.filled(next));
  on(filter, "filter", (chosen) => {
    remember(chosen);
    void browsing.apply(chosen);
  });
  on(document, "narrow", (more) => filter.narrow(more));
  const detail = element("image-detail");
  detail.thumbnails = thumbnails;
  on(wall, "look", (card) => detail.show(card));
  for (const place of [wall, detail]) {
    on(place, "save", ({ result, card }) => void saveImage(result, (words) => (card.saving = words)));
  }
}

/** Puts the filter into the page's address, so that a reload and a bookmark keep it. @param {import("./filter.js").Filter} filter */
function remember(filter) {
  const query = toQuery(filter).toString();
  history.replaceState(null, "", `${location.pathname}${query && `?${query}`}${location.hash}`);
  part(document, "export").href = `v1/results/export${query && `?${query}`}`;
}

/** @param {ResultFeed} feed */
function showNumbers(feed) {
  const [strip, opened] = [element("live-strip"), Date.now()];
  on(feed, "result", ({ result, live }) => strip.add(result, live ? Date.now() : result.classified_at, live));
  const read = async () => {
    const { results, since } = await pastResults(opened - LONGEST_SPAN, opened);
    strip.addPast(results, since);
  };
  strip.addEventListener("far", () => void read(), { once: true });
  strip.restore();
}

/** @param {ResultFeed} feed @param {Announcer} announcer */
function showConnection(feed, announcer) {
  let before = "connecting";
  on(feed, "state", (state) => {
    element("connection-state").state = state;
    if (before === "live" && state === "reconnecting") announcer.say("Connection lost, trying again");
    if (before === "reconnecting" && state === "live") announcer.say("Connected again");
    before = state;
  });
}

/** @param {UploadQueue} queue @param {ThumbnailStore} thumbnails @param {Announcer} announcer */
function sendPhotos(queue, thumbnails, announcer) {
  const tray = element("upload-tray");
  on(element("image-drop"), "images", ({ photos, note }) => {
    for (const { file, name } of photos) queue.add(file, name, { model: element("model-switch").value });
    if (note) announcer.say(note);
  });
  on(tray, "retry", (item) => queue.retry(item));
  on(tray, "stop", () => queue.stop());
  on(queue, "change", (/** @type {Item} */ item) => {
    if (item.wait) return; // a drawing
    tray.update(item, item.id ? thumbnails.get(item.id) : null);
    if (!tray.many) announce(item, announcer);
  });
  on(tray, "finished", (words) => announcer.say(words));
}

/** @param {UploadQueue} queue @param {Announcer} announcer */
function sendDrawings(queue, announcer) {
  const pad = element("digit-pad");
  /** @type {Item | null} */
  let latest = null;
  on(pad, "drawing", ({ png }) => {
    latest = queue.add(png, `drawing ${new Date().toTimeString().slice(0, 8)}`, { model: DIGITS, wait: DRAWING_WAIT });
    pad.show(latest); // its first change came before anybody knew it
  });
  on(queue, "change", (/** @type {Item} */ item) => {
    if (item === latest) pad.show(item);
    if (item.wait) announce(item, announcer);
  });
}

/** @param {Item} item @param {Announcer} announcer */
function announce(item, announcer) {
  if (item.state === "done" && item.result) announcer.say(spoken(item.result));
  if (item.state === "refused" && item.problem) announcer.say(`${item.name}: ${item.problem.detail}`);
}

/** Models may be installed while the gateway is away, so they are read again whenever it is back. @param {ResultFeed} feed */
function offerModels(feed) {
  const control = element("model-switch");
  on(control, "model", (model) => {
    for (const lines of document.querySelectorAll("send-lines")) Object.assign(lines, { model });
  });
  on(feed, "state", (state) => {
    if (state === "live") void readModels(control);
  });
}

/** @param {ResultFeed} feed */
function askForKey(feed) {
  const prompt = element("key-prompt");
  on(access, "key-needed", () => prompt.ask());
  on(prompt, "signed-in", () => feed.start());
  on(feed, "state", (state) => {
    // An EventSource does not tell why it was closed; this call does.
    if (state === "reconnecting") void readModels(element("model-switch"));
  });
}

/** @param {ModelSwitchElement} control */
async function readModels(control) {
  try {
    control.models = element("result-filter").models = await listModels();
  } catch (error) {
    if (!(error instanceof Problem)) throw error; // no answer: the choice stays as it is until the next connection
  }
}

/** @param {EventTarget} target @param {string} name @param {(detail: any) => void} listener */
function on(target, name, listener) {
  target.addEventListener(name, (event) => listener(/** @type {CustomEvent} */ (event).detail));
}

main();
