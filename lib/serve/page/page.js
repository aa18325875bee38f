// Starts the page.
import { getStart, takeKeyFromAddress } from "./api.js";
import { byId } from "./dom.js";
import { askForKey } from "./key_dialog.js";
import { Memory } from "./memory.js";
import { Session } from "./session.js";
import { connectMenu, connectTheme } from "./page_menu.js";

/** Loads what the page needs; shows what is wrong until that succeeds. */
async function begin() {
  try {
    const start = await getStart();
    const memory = new Memory(start.memory);
    await memory.refresh();
    const session = new Session(start, memory);
    connectMenu(session, memory);
    session.open();
  } catch (error) {
    const text = document.createElement("p");
    text.setAttribute("role", "alert");
    text.textContent = error.message;
    const button = document.createElement("button");
    button.className = "button";
    button.textContent = error.kind === "key" ? "Enter the key" : "Try again";
    button.addEventListener("click", () => (error.kind === "key" ? askForKey(begin) : begin()));
    const item = document.createElement("li");
    item.className = "notice";
    item.append(text, button);
    byId("transcript").replaceChildren(item);
    if (error.kind === "key") askForKey(begin);
  }
}

takeKeyFromAddress();
connectTheme();
begin();
