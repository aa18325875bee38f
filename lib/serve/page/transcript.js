// The messages of a conversation.
import { byId, element, icon, iconButton } from "./dom.js";
import { spokenText } from "./conversation.js";
import { filmCard } from "./film_card.js";

/** What is wrong, below the messages, and a button that mends it. */
export function noticeItem({ text, button, run }) {
  return element("li", { class: "notice" }, element("p", { role: "alert" }, text),
    element("button", { type: "button", class: "button", onclick: run }, button));
}

/**
 * `actions` holds memory, openFilm(tconst), edit(index, text), regenerate() and ask(text). The transcript only shows;
 * it changes no conversation.
 */
export class Transcript {
  #actions;
  #list = byId("transcript");
  #scroller = byId("scroller");
  #streamed = null;

  constructor(actions) {
    this.#actions = actions;
  }

  /** Shows all messages anew. `notice`, if not null, is {text, button, run}, shown below them. */
  show(conversation, notice = null) {
    const { messages } = conversation;
    const items = messages.map((message, i) => (message.role === "user"
      ? this.#userItem(message, i) : this.#replyItem(message, i === messages.length - 1)));
    if (notice) items.push(noticeItem(notice));
    this.#streamed = null;
    this.#list.replaceChildren(...items);
  }

  /** Shows the reply so far below the messages. */
  stream(text) {
    const follow = this.#atEnd();
    if (!this.#streamed) {
      this.#streamed = element("p", { class: "reply-text" });
      this.#list.append(element("li", { class: "message reply streaming" }, this.#speaker("Matinee"), this.#streamed));
    }
    if (text === "") this.#streamed.replaceChildren(element("span", { class: "waiting" },
      element("span", { class: "hidden-text" }, "Thinking"), element("i"), element("i"), element("i")));
    else this.#streamed.textContent = text;
    if (follow) this.scrollToEnd();
  }

  scrollToEnd() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  /** Shows the last message from its beginning, where it is longer than the view, else the end. */
  scrollToLast() {
    const last = this.#list.querySelector("li.user:last-of-type") ?? this.#list.lastElementChild;
    this.scrollToEnd();
    if (!last) return;
    const above = this.#scroller.getBoundingClientRect().top + 12 - last.getBoundingClientRect().top;
    if (above > 0) this.#scroller.scrollTop -= above;
  }

  #atEnd() {
    return this.#scroller.scrollHeight - this.#scroller.scrollTop - this.#scroller.clientHeight < 80;
  }

  #speaker(name) {
    return element("h2", { class: "hidden-text" }, `${name} said`);
  }

  #userItem(message, index) {
    const item = element("li", { class: message.content ? "message user" : "message user change" },
      this.#speaker("You"), element("p", { class: "user-text" }, spokenText(message)));
    if (message.content) {
      item.append(iconButton("edit", "Edit this line", () => this.#editItem(item, message, index),
        { class: "icon-button quiet-button" }));
    }
    return item;
  }

  #editItem(item, message, index) {
    const field = element("textarea", { class: "field edit-field", rows: "2", "aria-label": "Edit your line",
      maxlength: "4000" });
    field.value = message.content;
    const cancel = () => {
      item.replaceWith(this.#userItem(message, index));
      this.#list.children[index]?.querySelector("button")?.focus();
    };
    const done = () => {
      if (field.value.trim() === "") return;
      this.#actions.edit(index, field.value.trim());
    };
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) done();
      else if (event.key === "Escape") cancel();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    item.classList.add("editing");
    item.replaceChildren(this.#speaker("You"), field, element("div", { class: "edit-buttons" },
      element("button", { type: "button", class: "button", onclick: cancel }, "Cancel"),
      element("button", { type: "button", class: "button primary", onclick: done }, "Send")));
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
  }

  #replyItem(message, isLast) {
    const films = message.answer?.films ?? [];
    const { memory, openFilm } = this.#actions;
    const item = element("li", { class: message.opening ? "message reply opening" : "message reply" },
      this.#speaker("Matinee"), element("p", { class: "reply-text" }, message.content));
    if (message.stopped) item.append(element("p", { class: "quiet stopped" }, "Stopped."));
    if (films.length > 0) {
      const cards = films.map((film, i) => filmCard(film,
        { memory, openFilm, number: films.length > 1 ? i + 1 : 0 }));
      item.append(element("div", { class: films.length > 1 ? "films several" : "films" }, ...cards));
    }
    if (isLast && !message.opening) item.append(this.#replyActions(films, message.stopped));
    return item;
  }

  #replyActions(films, stopped) {
    const { regenerate, ask } = this.#actions;
    const row = element("div", { class: "reply-actions", role: "group", "aria-label": "Go on" });
    if (films.length > 0 && !stopped) {
      for (const text of ["Something else", films.length > 1 ? "Why these?" : "Why this one?"]) {
        row.append(element("button", { type: "button", class: "button small", onclick: () => ask(text) }, text));
      }
    }
    row.append(element("button", { type: "button", class: "button small plain", onclick: regenerate }, icon("again"),
      "Answer again"));
    return row;
  }
}
