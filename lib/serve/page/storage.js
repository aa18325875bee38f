// What the browser keeps: each conversation under a key of its own, so that several tabs do not overwrite each other's.
const CONVERSATION = "matinee.conversation.";
const CURRENT = "matinee.current";
const SEEDS = "matinee.seeds";
const VERDICTS = "matinee.verdicts";

function read(key, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

/** False if the browser's storage is full or turned off. */
function write(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

const isConversation = (value) => typeof value?.id === "string" && Array.isArray(value.messages);

/** All conversations, the one changed last first. */
export function loadConversations() {
  const keys = Array.from({ length: localStorage.length }, (_, i) => localStorage.key(i));
  return keys.filter((key) => key.startsWith(CONVERSATION)).map((key) => read(key, null)).filter(isConversation)
    .sort((a, b) => (a.changed < b.changed ? 1 : -1));
}

export const saveConversation = (conversation) => write(CONVERSATION + conversation.id, conversation);
export const deleteConversation = (id) => localStorage.removeItem(CONVERSATION + id);

export const loadCurrentId = () => read(CURRENT, null);
export const saveCurrentId = (id) => write(CURRENT, id);

/** The next seed: 1, 2, 3 ... in this browser. */
export function nextSeed() {
  const seed = Number(read(SEEDS, 0)) + 1;
  write(SEEDS, seed);
  return seed;
}

/** The verdicts that are kept here because the server keeps none, by tconst. */
export const loadVerdicts = () => read(VERDICTS, {});
export const saveVerdicts = (verdicts) => write(VERDICTS, verdicts);

/** Chooses light or dark for later visits, too; null follows the system. */
export function saveTheme(theme) {
  try {
    if (theme === null) localStorage.removeItem("matinee.theme");
    else localStorage.setItem("matinee.theme", theme);
  } catch {
    // The choice then lasts as long as the page.
  }
}
