// The editor of wishes, in a dialog: all sections, or the one of a chip.
import { element, openDialog } from "./dom.js";
import { SECTIONS } from "./wish_sections.js";
import { tidied } from "./wishes.js";

/** `apply(preferences)` is called with the changed state if the user applies it. */
export function openWishEditor(preferences, section, apply) {
  const draft = structuredClone(preferences);
  const names = section ? [section] : Object.keys(SECTIONS);
  const form = element("form", { class: "dialog-content", method: "dialog" },
    ...names.map((name) => SECTIONS[name](draft)),
    element("div", { class: "dialog-buttons" },
      element("button", { type: "button", class: "button", onclick: () => dialog.close() }, "Cancel"),
      element("button", { type: "submit", class: "button primary" }, "Find films")));
  const dialog = openDialog({ title: section ? "Change the wish" : "What would you like?",
    className: section ? "wish-dialog small-dialog" : "wish-dialog", content: form });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    dialog.close();
    apply(tidied(draft));
  });
  return dialog;
}
