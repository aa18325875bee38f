// The field for the next message, and the buttons to send it and to stop a reply.
import { byId } from "./dom.js";

export class Composer {
  #field = byId("message");
  #send = byId("send");
  #stop = byId("stop");
  #busy = false;

  /** `send(text)` takes a line that is not empty; `stop()` ends the reply. */
  constructor({ send, stop }) {
    const submit = () => {
      const text = this.#field.value.trim();
      if (text === "" || this.#busy) return;
      this.text = "";
      send(text);
    };
    byId("form").addEventListener("submit", (event) => {
      event.preventDefault();
      submit();
    });
    this.#field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      submit();
    });
    this.#field.addEventListener("input", () => this.#fit());
    this.#stop.addEventListener("click", stop);
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.#busy && !document.querySelector("dialog[open]")) stop();
    });
    this.#fit();
  }

  get text() {
    return this.#field.value;
  }

  set text(text) {
    this.#field.value = text;
    this.#fit();
  }

  /** While a reply arrives, the button stops it. Lines can be written but not sent. */
  set busy(busy) {
    const focused = document.activeElement === this.#send || document.activeElement === this.#stop;
    this.#busy = busy;
    this.#stop.hidden = !busy;
    this.#send.hidden = busy;
    this.#fit();
    if (focused) (busy ? this.#stop : this.#field).focus();
  }

  focus() {
    this.#field.focus();
    this.#field.setSelectionRange(this.#field.value.length, this.#field.value.length);
  }

  // As high as its text, up to the limit of the style sheet.
  #fit() {
    this.#send.disabled = this.#field.value.trim() === "";
    this.#field.style.height = "auto";
    this.#field.style.height = `${this.#field.scrollHeight}px`;
  }
}
