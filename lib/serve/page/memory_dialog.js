// The films that the user has seen, liked or does not want, as a list that can be changed and saved.
import { element, openDialog, toast } from "./dom.js";
import { save } from "./exports.js";
import { verdictButtons } from "./film_card.js";
import { displayName } from "./wishes.js";

export function openMemoryDialog(memory) {
  const entries = memory.entries().filter((entry) => entry.verdict !== "none").reverse();
  const list = entries.length === 0
    ? element("p", { class: "quiet" }, "None yet. Press “Seen”, “Liked” or “Not for me” on a film.")
    : element("ul", { class: "memory-list" }, ...entries.map((entry) => element("li", {},
      element("span", { class: "chosen-name" }, displayName(entry)), verdictButtons(entry, memory))));
  const place = memory.onServer ? "The server keeps these in its memory file; they are not offered again."
    : "This browser keeps these and tells them to each conversation; they are not offered again.";
  const download = async () => {
    try {
      save("memory.jsonl", await memory.lines(), "application/jsonl");
    } catch (error) {
      toast(error.message);
    }
  };
  const buttons = element("div", { class: "dialog-buttons" });
  if (!memory.onServer && entries.length > 0) {
    buttons.append(element("button", { type: "button", class: "button", onclick: () => {
      memory.clear();
      dialog.close();
      toast("All are forgotten.");
    } }, "Forget all"));
  }
  if (entries.length > 0) {
    buttons.append(element("button", { type: "button", class: "button primary", id: "export-memory",
      onclick: download }, "Save as a file"));
  }
  const dialog = openDialog({ title: "Seen and liked films", content: element("div", { class: "dialog-content" },
    element("p", { class: "hint" }, place), list, buttons) });
}
