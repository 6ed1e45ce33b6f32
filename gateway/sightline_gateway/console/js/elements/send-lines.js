/** <send-lines>: command lines that work as they are, each with a copy button. Set `model`. */
import { address } from "../api.js";
import { copyText } from "../clipboard.js";
import { part, setIcon, stamp } from "../dom.js";

/** The bridge's usual port; the gateway does not know where the bridge listens. */
const BRIDGE_PORT = 9500;
/** How long a copy button shows its tick, in ms. */
const TICK = 1600;

export class SendLinesElement extends HTMLElement {
  connectedCallback() {
    this.model = "";
  }

  /** @param {string} model */
  set model(model) {
    const lines = [
      line("One photo over HTTP, waiting for its result", curl(model)),
      line("A folder over raw TCP, as a camera or an FPGA would send it", sender()),
    ];
    this.replaceChildren(...lines);
  }
}

/** @param {string} model */
function curl(model) {
  const url = address("v1/images");
  if (model) url.searchParams.set("model", model);
  return `curl --data-binary @photo.jpg -H 'Content-Type: image/jpeg' -H 'Prefer: wait=10' '${url}'`;
}

const sender = () => `.venv/bin/sightline-send ${location.hostname || "127.0.0.1"}:${BRIDGE_PORT} FOLDER --framing fixed28`;

/** @param {string} title @param {string} code @returns {DocumentFragment} */
function line(title, code) {
  const box = stamp("line-template");
  part(box, "title").textContent = title;
  part(box, "code").textContent = code;
  const [button, icon] = [part(box, "copy"), part(box, "copy-icon")];
  button.setAttribute("aria-label", `Copy: ${title}`);
  button.addEventListener("click", async () => {
    if (!(await copyText(code))) return;
    setIcon(icon, "check");
    setTimeout(() => setIcon(icon, "copy"), TICK);
  });
  return box;
}
