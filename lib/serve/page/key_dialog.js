// Asks for the key of a server that has one.
import { setKey } from "./api.js";
import { element, openDialog } from "./dom.js";

/** `go()` is called when a key was entered. */
export function askForKey(go) {
  const field = element("input", { type: "password", class: "field", autocomplete: "off", required: true });
  const form = element("form", { class: "dialog-content", method: "dialog" },
    element("p", {}, "Whoever started the server knows its key. It is kept until this tab is closed."),
    element("label", { class: "field-label" }, "Key", field),
    element("div", { class: "dialog-buttons" },
      element("button", { type: "submit", class: "button primary" }, "Go on")));
  const dialog = openDialog({ title: "This server asks for a key", className: "small-dialog", content: form });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    setKey(field.value.trim());
    dialog.close();
    go();
  });
  field.focus();
}
