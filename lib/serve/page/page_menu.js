// The buttons of the bar that do not change the conversation: light or dark, and files to save.
import { byId, toast } from "./dom.js";
import { asJson, asText, asTraining, fileName, save } from "./exports.js";
import { titleOf } from "./conversation.js";
import { openMemoryDialog } from "./memory_dialog.js";
import { saveTheme } from "./storage.js";

const dark = matchMedia("(prefers-color-scheme: dark)");

/** The button changes between light and dark. Where that is the system's choice, the page follows the system. */
export function connectTheme() {
  const root = document.documentElement, button = byId("theme");
  const shown = () => root.dataset.theme ?? (dark.matches ? "dark" : "light");
  const label = () => {
    const text = shown() === "dark" ? "Switch to light" : "Switch to dark";
    button.setAttribute("aria-label", text);
    button.title = text;
  };
  button.addEventListener("click", () => {
    const theme = shown() === "dark" ? "light" : "dark";
    const isSystems = theme === (dark.matches ? "dark" : "light");
    if (isSystems) delete root.dataset.theme;
    else root.dataset.theme = theme;
    saveTheme(isSystems ? null : theme);
    label();
    dispatchEvent(new Event("matinee-theme"));
  });
  dark.addEventListener("change", label);
  label();
}

export function connectMenu(session, memory) {
  const menu = byId("more-menu");
  const item = (id, run) => byId(id).addEventListener("click", async () => {
    menu.hidePopover();
    try {
      await run();
    } catch (error) {
      toast(error.message);
    }
  });
  const name = () => fileName(titleOf(session.current));
  item("restart", () => session.restart());
  item("export-text", () => save(`${name()}.txt`, asText(session.current), "text/plain"));
  item("export-json", () => save(`${name()}.json`, asJson(session.current)));
  item("export-all", () => save("conversations.json", asJson(session.conversations())));
  item("export-training", () => save("conversations.jsonl",
    asTraining(session.conversations(), (tconst) => memory.verdict(tconst)), "application/jsonl"));
  item("open-memory", () => openMemoryDialog(memory));
}
