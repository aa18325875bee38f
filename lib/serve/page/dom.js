// Making elements. Text is always set as text; nothing here or elsewhere parses HTML.

/**
 * An element with properties and children. Keys that begin with "on" are listeners, "class" is the class, other keys
 * are attributes: true sets an empty one, false, null and undefined none. Children are nodes or texts; null and false
 * are left out.
 */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key === "class") made.className = value;
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, String(value));
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

const SVG = "http://www.w3.org/2000/svg";

/** One of the symbols of index.html, for decoration. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

/** A button with an icon whose label is read aloud and shown as a tooltip. */
export function iconButton(name, label, onclick, properties = {}) {
  return element("button", { type: "button", class: "icon-button", "aria-label": label, title: label, onclick,
    ...properties }, icon(name));
}

export const byId = (id) => document.getElementById(id);

/** Says a text to screen readers. */
export function announce(text) {
  byId("announcer").textContent = text;
}

let toastTimer = 0, dialogs = 0;

/** Shows a line at the bottom for some seconds, with an action that may be null: {text, run}. */
export function toast(text, action = null) {
  const box = byId("toast");
  // While a dialog is open everything outside of it cannot be pressed.
  ([...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body).append(box);
  const hide = () => { box.hidden = true; };
  box.replaceChildren(element("span", {}, text));
  if (action) {
    box.append(element("button", { type: "button", class: "text-button",
      onclick: () => { hide(); action.run(); } }, action.text));
  }
  box.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(hide, action ? 9000 : 4000);
}

/**
 * A modal dialog with a heading and a close button, opened. It closes by its button, by Esc and by a click beside it,
 * gives the focus back, and is then removed; `onClose` is called after that.
 */
export function openDialog({ title, className = "", content, onClose = () => {} }) {
  const before = document.activeElement;
  const heading = element("h2", { id: `dialog-title-${++dialogs}`, class: "dialog-title" }, title);
  const dialog = element("dialog", { class: `dialog ${className}`, "aria-labelledby": heading.id },
    element("header", { class: "dialog-bar" }, heading, iconButton("close", "Close", () => dialog.close())), content);
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => {
    if (dialog.contains(byId("toast"))) document.body.append(byId("toast"));
    dialog.remove();
    if (before instanceof HTMLElement && before.isConnected) before.focus();
    onClose();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
