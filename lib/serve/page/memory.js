// What the user has seen, liked and disliked: on the server with --memory, else in the browser.
import { getMemory, postVerdict, searchMovies } from "./api.js";
import { loadVerdicts, saveVerdicts } from "./storage.js";
import { namesFilm, shortName } from "./wishes.js";

const today = () => new Date().toLocaleDateString("sv-SE");  // YYYY-MM-DD, local time

/** The last line of each tconst of a viewing history; lines that cannot be read are passed over. */
export function parseMemory(lines) {
  const entries = {};
  for (const line of lines.split("\n")) {
    try {
      const entry = JSON.parse(line);
      if (typeof entry.tconst === "string") entries[entry.tconst] = entry;
    } catch {
      // Blank lines, and damaged ones, which the server names in its log.
    }
  }
  return entries;
}

export class Memory {
  #entries;
  #listeners = [];

  /** `onServer`: the server keeps the verdicts. */
  constructor(onServer) {
    this.onServer = onServer;
    this.#entries = onServer ? {} : loadVerdicts();
  }

  /** Reads the server's verdicts anew. */
  async refresh() {
    if (this.onServer) this.#replace(parseMemory(await getMemory()));
  }

  /** `listener()` is called after each change. */
  onChange(listener) {
    this.#listeners.push(listener);
  }

  verdict(tconst) {
    return this.#entries[tconst]?.verdict ?? "none";
  }

  entries() {
    return Object.values(this.#entries);
  }

  async set({ tconst, title, year }, verdict) {
    if (this.onServer) await postVerdict(tconst, verdict);
    this.#replace({ ...this.#entries, [tconst]: { tconst, title, ...(year ? { year } : {}), verdict, date: today() } });
  }

  /** Takes all verdicts back that the browser keeps. */
  clear() {
    this.#replace({});
  }

  /** The entries that are not among `told` ({tconst: verdict}), which the conversation was given. */
  untold(told) {
    if (this.onServer) return [];
    return this.entries().filter((entry) => entry.verdict !== (told[entry.tconst] ?? "none"));
  }

  /**
   * Keeps what an update says of films ("seen it", "I loved Heat"). `films` are those that were offered. Returns what
   * was new, as {tconst: verdict}.
   */
  async learn(update, films) {
    const said = ["seen", "liked", "disliked"].filter((key) => update?.[key]?.length > 0);
    if (said.length === 0) return {};
    if (this.onServer) {
      await this.refresh();
      return {};
    }
    const learned = {}, entries = { ...this.#entries };
    for (const key of said) {
      for (const name of update[key]) {
        const fits = (film) => namesFilm(name, film);
        const film = films.find(fits) ?? (await searchMovies(shortName(name))).find(fits);
        if (!film) continue;
        const { tconst, title, year } = film;
        entries[tconst] = { tconst, title, ...(year ? { year } : {}), verdict: key, date: today() };
        learned[tconst] = key;
      }
    }
    this.#replace(entries);
    return learned;
  }

  /** The viewing history as JSON lines (docs/formats.md). */
  async lines() {
    return this.onServer ? getMemory() : this.entries().map((entry) => `${JSON.stringify(entry)}\n`).join("");
  }

  #replace(entries) {
    this.#entries = entries;
    if (!this.onServer) saveVerdicts(entries);
    for (const listener of this.#listeners) listener();
  }
}
