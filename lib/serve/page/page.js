// Starts the page.
import { getStart, takeKeyFromAddress } from "./api.js";
import { byId } from "./dom.js";
import { askForKey } from "./key_dialog.js";
import { Memory } from "./memory.js";
import { connectMenu, connectTheme } from "./page_menu.js";
import { Session } from "./session.js";
import { noticeItem } from "./transcript.js";

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
    const isKey = error.kind === "key";
    byId("transcript").replaceChildren(noticeItem({ text: error.message, button: isKey ? "Enter the key" : "Try again",
      run: () => (isKey ? askForKey(begin) : begin()) }));
    if (isKey) askForKey(begin);
  }
}

takeKeyFromAddress();
connectTheme();
begin();
