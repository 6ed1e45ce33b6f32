/** <connection-state>: says whether live results arrive. Set `state`. */
import { part, setText } from "../dom.js";

const WORDS = { connecting: "Connecting", live: "Live", reconnecting: "Reconnecting" };

export class ConnectionStateElement extends HTMLElement {
  /** @param {keyof typeof WORDS} state */
  set state(state) {
    this.dataset.state = state;
    setText(part(this, "text"), WORDS[state]);
    this.title = state === "live" ? "Results appear the moment they are ready" : "No live results until the gateway answers again";
  }
}
