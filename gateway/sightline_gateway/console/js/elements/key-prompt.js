/** <key-prompt>: asks for an API key. Fires "signed-in" once the gateway has taken it. */
import { signIn } from "../api.js";
import { part, setText } from "../dom.js";
import { Problem } from "../problem.js";

export class KeyPromptElement extends HTMLElement {
  connectedCallback() {
    part(this, "form").addEventListener("submit", (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      void this.#submit();
    });
  }

  /** Shows the question, unless it is there already. */
  ask() {
    const dialog = part(this, "dialog");
    if (!dialog.open) dialog.showModal();
  }

  async #submit() {
    const [field, trouble] = [part(this, "key"), part(this, "trouble")];
    try {
      await signIn(field.value.trim());
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setText(trouble, error.status === 401 ? "The gateway does not know this key." : error.detail);
      trouble.hidden = false;
      return;
    }
    trouble.hidden = true;
    field.value = "";
    part(this, "dialog").close();
    this.dispatchEvent(new CustomEvent("signed-in"));
  }
}
