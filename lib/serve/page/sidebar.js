// The list of conversations, beside the page or, where it is narrow, over it.
import { byId, element, iconButton } from "./dom.js";
import { isFresh, titleOf } from "./conversation.js";

const narrow = matchMedia("(max-width: 55rem)");

export class Sidebar {
  #actions;
  #box = byId("sidebar");
  #opener = byId("open-sidebar");

  /** `actions` holds open(id), rename(id, title), remove(id) and create(). */
  constructor(actions) {
    this.#actions = actions;
    this.#opener.addEventListener("click", () => this.#setOpen(true));
    byId("close-sidebar").addEventListener("click", () => this.close());
    byId("shade").addEventListener("click", () => this.close());
    byId("new-conversation").addEventListener("click", () => { this.close(); actions.create(); });
    document.addEventListener("keydown", (event) => { if (event.key === "Escape") this.close(); });
    narrow.addEventListener("change", () => this.#setOpen(false));
    this.#setOpen(false);
  }

  show(conversations, currentId) {
    byId("conversations").replaceChildren(...conversations.map((conversation) =>
      this.#item(conversation, conversation.id === currentId)));
  }

  close() {
    if (!narrow.matches || this.#opener.getAttribute("aria-expanded") === "false") return;
    this.#setOpen(false);
    this.#opener.focus();
  }

  // Over a narrow page the list is hidden from the keyboard while it is closed, and the page while it is open.
  #setOpen(open) {
    this.#box.classList.toggle("open", open);
    this.#box.inert = narrow.matches && !open;
    document.querySelector("main").inert = open;
    byId("shade").hidden = !open;
    this.#opener.setAttribute("aria-expanded", String(open));
    if (open) byId("close-sidebar").focus();
  }

  #item(conversation, isCurrent) {
    const title = titleOf(conversation);
    const item = element("li", { class: "conversation" });
    const open = () => {
      this.close();
      this.#actions.open(conversation.id);
    };
    item.append(element("button", { type: "button", class: "conversation-title", title, onclick: open,
      "aria-current": isCurrent && "true" }, title));
    if (isFresh(conversation)) return item;
    item.append(
      iconButton("edit", `Rename “${title}”`, () => this.#rename(item, conversation)),
      iconButton("delete", `Delete “${title}”`, () => this.#actions.remove(conversation.id)));
    return item;
  }

  #rename(item, conversation) {
    const field = element("input", { type: "text", class: "field", "aria-label": "New title", maxlength: "80" });
    field.value = titleOf(conversation);
    let done = false;
    const finish = (keep) => {
      if (done) return;
      done = true;
      this.#actions.rename(conversation.id, keep ? field.value.trim() : conversation.title);
    };
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== "Escape") return;
      event.stopPropagation();
      finish(event.key === "Enter");
    });
    field.addEventListener("blur", () => finish(true));
    item.replaceChildren(field);
    field.select();
  }
}
