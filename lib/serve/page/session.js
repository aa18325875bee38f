// The conversation in front of the user: what they do to it, the server's replies, and what is shown of both.
import { complete } from "./api.js";
import { Composer } from "./composer.js";
import { isFresh, isTold, nameForMemory, newConversation, offeredFilms, preferencesOf, requestMessages, takeBackReply,
  takeBackTurn, titleOf, toldVerdicts, wishMessage } from "./conversation.js";
import { announce, byId, element, toast } from "./dom.js";
import { markVerdicts } from "./film_card.js";
import { openFilmDialog } from "./film_dialog.js";
import { askForKey } from "./key_dialog.js";
import { openMapView } from "./map_view.js";
import { Sidebar } from "./sidebar.js";
import { deleteConversation, loadConversations, loadCurrentId, nextSeed, saveConversation, saveCurrentId }
  from "./storage.js";
import { Transcript } from "./transcript.js";
import { showWishes } from "./wish_bar.js";
import { openWishEditor } from "./wish_editor.js";
import { displayName, withoutChip, withVerdicts } from "./wishes.js";

const MOST_VERDICTS = 300;  // that go along with one message

export class Session {
  #start;
  #memory;
  #current = null;
  #running = null;  // {controller, done} while a reply arrives
  #notice = null;

  constructor(start, memory) {
    this.#start = start;
    this.#memory = memory;
    const openFilm = (tconst) => this.openFilm(tconst);
    this.transcript = new Transcript({ memory, openFilm, ask: (text) => this.say(text),
      edit: (index, text) => this.edit(index, text), regenerate: () => this.regenerate() });
    this.composer = new Composer({ send: (text) => this.say(text), stop: () => this.stop() });
    this.sidebar = new Sidebar({ open: (id) => this.switchTo(id), create: () => this.create(),
      rename: (id, title) => this.rename(id, title), remove: (id) => this.remove(id) });
    memory.onChange(() => this.#showVerdicts());
    byId("model").textContent = `${new Intl.NumberFormat("en").format(start.movies)} films · ${start.model}`;
    byId("add-wish").addEventListener("click", () => this.#editWishes(null));
    byId("undo").addEventListener("click", () => this.undo());
    byId("show-map").hidden = !start.map;
    addEventListener("storage", () => this.#showList());
    byId("show-map").addEventListener("click", () => this.openMap());
  }

  /** Shows the conversation of the last visit, or a new one. */
  open() {
    const kept = loadConversations();
    this.#show(kept.find(({ id }) => id === loadCurrentId()) ?? this.#made());
    this.#rest();
  }

  get current() {
    return this.#current;
  }

  /** All conversations that the user has begun. */
  conversations() {
    return loadConversations();
  }

  // What the user does. A reply that still arrives is stopped first, except by what needs none.

  async say(text) {
    if (this.#running) return;
    this.#add({ role: "user", content: text });
    this.#rest();
    await this.#answer();
  }

  async stop() {
    this.#running?.controller.abort();
    await this.#running?.done;
  }

  async edit(index, text) {
    await this.#change("The line is changed.", (conversation) => conversation.messages.splice(index));
    await this.say(text);
  }

  async regenerate() {
    await this.#change("Answered again.", (conversation) => {
      takeBackReply(conversation);
      conversation.seed += 1;
    });
    await this.#answer();
  }

  undo() {
    return this.#change("The last turn is taken back.", takeBackTurn);
  }

  restart() {
    return this.#change("Started again.", (conversation) =>
      Object.assign(conversation, {
        messages: this.#made().messages, seed: nextSeed(), round: (conversation.round ?? 0) + 1 }));
  }

  // Lets `change(conversation)` take something away, says `text`, and offers to bring it back.
  async #change(text, change) {
    await this.stop();
    const conversation = this.#current, messages = [...conversation.messages];
    const { seed, round } = conversation;
    change(conversation);
    this.#notice = null;
    this.#changed(conversation);
    this.#rest();
    toast(text, { text: "Bring it back", run: async () => {
      await this.stop();
      Object.assign(conversation, { messages, seed, round });
      this.#changed(conversation);
    } });
  }

  async create() {
    await this.stop();
    if (!isFresh(this.#current)) this.#show(this.#made());
    this.#rest();
  }

  async switchTo(id) {
    await this.stop();
    const found = this.conversations().find((conversation) => conversation.id === id);
    if (found) this.#show(found);
    this.#rest();
  }

  rename(id, title) {
    const conversation = this.#byId(id);
    if (!conversation) return;
    conversation.title = title;
    this.#keep(conversation);
    if (id === this.#current.id) this.#render();
    else this.#showList();
  }

  async remove(id) {
    if (id === this.#current.id) await this.stop();
    const conversation = this.#byId(id);
    if (!conversation || isFresh(conversation)) return;
    deleteConversation(id);
    if (id === this.#current.id) this.#show(this.#made());
    this.#showList();
    this.#rest();
    toast(`“${titleOf(conversation)}” is deleted.`, { text: "Bring it back", run: () => {
      this.#keep(conversation);
      this.#show(conversation);
    } });
  }

  openFilm(tconst) {
    openFilmDialog(tconst, this.#memory, (film) => this.say(`Something like ${film.title}`));
  }

  openMap() {
    const marks = { offered: offeredFilms(this.#current).map((film) => film.tconst) };
    for (const verdict of ["seen", "liked", "disliked"]) {
      marks[verdict] = this.#memory.entries().filter((entry) => entry.verdict === verdict).map((entry) => entry.tconst);
    }
    openMapView(marks, (tconst) => this.openFilm(tconst));
  }

  // Wishes.

  async #changeWishes(preferences) {
    await this.stop();
    const before = preferencesOf(this.#current);
    if (JSON.stringify(before) === JSON.stringify(preferences)) return;
    this.#add(wishMessage(before, preferences));
    this.#rest();
    await this.#answer();
  }

  #editWishes(section) {
    openWishEditor(preferencesOf(this.#current), section, (preferences) => this.#changeWishes(preferences));
  }

  // Messages and replies.

  #made() {
    const id = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
    return newConversation(id, nextSeed(), this.#start.opening);
  }

  #byId(id) {
    return id === this.#current.id ? this.#current : this.conversations().find((one) => one.id === id);
  }

  // Adds a message of the user, with the verdicts that the conversation has not been given yet.
  #add(message) {
    const untold = this.#memory.untold(toldVerdicts(this.#current)).slice(-MOST_VERDICTS);
    if (untold.length > 0) {
      message.preferences = withVerdicts(message.preferences ?? preferencesOf(this.#current), untold);
      message.told = Object.fromEntries(untold.map(({ tconst, verdict }) => [tconst, verdict]));
    }
    this.#current.messages.push(message);
  }

  async #answer() {
    const controller = new AbortController();
    const conversation = this.#current;
    const running = { controller, done: null };
    this.#running = running;
    this.#notice = null;
    this.#changed(conversation);
    this.composer.busy = true;
    this.transcript.stream("");
    this.transcript.scrollToEnd();
    running.done = this.#receive(conversation, controller.signal);
    await running.done;
  }

  async #receive(conversation, signal) {
    let text = "", notice = null;
    try {
      const { seed } = conversation;
      const name = nameForMemory(conversation), messages = requestMessages(conversation);
      const { content, answer } = await complete({ name, messages, seed }, signal, (soFar) => {
        text = soFar;
        if (conversation === this.#current) this.transcript.stream(soFar);
      });
      const message = { role: "assistant", content, ...(answer ? { answer } : {}) };
      conversation.messages.push(message);
      const names = (answer?.films ?? []).map(displayName);
      announce(names.length > 1 ? `${content} ${names.join(", ")}` : content);
      message.learned = await this.#memory.learn(answer?.update, offeredFilms(conversation)).catch(() => ({}));
    } catch (error) {
      if (this.#forgetUnknown(conversation.messages.at(-1), error)) return this.#receive(conversation, signal);
      const isStop = error.name === "AbortError";
      if (isStop || text !== "") conversation.messages.push({ role: "assistant", content: text, stopped: true });
      if (!isStop) notice = this.#noticeOf(error);
      if (isStop) announce("Stopped.");
    }
    this.#running = null;
    this.composer.busy = false;
    this.#notice = notice;
    this.#changed(conversation);
  }

  // Verdicts of films that this server's catalog lacks, from another one, are left out. True if one was.
  #forgetUnknown(message, error) {
    const tconst = error.kind === "refused" ? /\btt\d+\b/.exec(error.message)?.[0] : undefined;
    const lists = Object.values(message.preferences ?? {});
    const isTold = tconst !== undefined && lists.some((list) => list.includes?.(tconst));
    if (isTold) message.preferences = withVerdicts(message.preferences, [{ tconst, title: tconst, verdict: "none" }]);
    return isTold;
  }

  #noticeOf(error) {
    const again = () => {
      takeBackReply(this.#current);
      return this.#answer();
    };
    if (error.kind === "key") return { text: error.message, button: "Enter the key", run: () => askForKey(again) };
    const text = error.kind ? error.message : `Something went wrong: ${error.message}`;
    return { text, button: "Try again", run: again };
  }

  // What is shown.

  #show(conversation) {
    this.#current = conversation;
    this.#notice = null;
    saveCurrentId(conversation.id);
    this.#render();
  }

  #changed(conversation) {
    conversation.changed = new Date().toISOString();
    this.#keep(conversation);
    if (conversation === this.#current) this.#render();
    else this.#showList();
  }

  #keep(conversation) {
    if (isFresh(conversation)) deleteConversation(conversation.id);
    else if (!saveConversation(conversation)) toast("The browser's storage is full. Delete some conversations.");
  }

  #render() {
    const conversation = this.#current, fresh = isFresh(conversation);
    const unanswered = conversation.messages.at(-1)?.role === "user" && !this.#running;
    const notice = this.#notice ?? (unanswered
      ? { text: "This line has no answer yet.", button: "Ask again", run: () => this.#answer() } : null);
    document.body.classList.toggle("fresh", fresh);
    byId("title").textContent = fresh ? "Matinee" : titleOf(conversation);
    byId("undo").disabled = byId("restart").disabled = fresh;
    this.transcript.show(conversation, notice);
    this.#showSuggestions(fresh);
    this.#showChips();
    this.#showList();
    this.transcript.scrollToLast();
  }

  #showList() {
    const kept = this.conversations();
    const all = kept.some(({ id }) => id === this.#current.id) ? kept : [this.#current, ...kept];
    this.sidebar.show(all, this.#current.id);
  }

  #showChips() {
    showWishes(preferencesOf(this.#current), (name) => isTold(this.#current, name, this.#memory.entries()), {
      remove: (chip) => this.#changeWishes(withoutChip(preferencesOf(this.#current), chip)),
      change: (chip) => this.#editWishes(chip.section) });
  }

  #showVerdicts() {
    markVerdicts(document, this.#memory);
    if (this.#current) this.#showChips();
  }

  #showSuggestions(fresh) {
    const box = byId("suggestions");
    box.hidden = !fresh || this.#start.suggestions.length === 0;
    box.replaceChildren(...this.#start.suggestions.map((text) =>
      element("button", { type: "button", class: "suggestion", onclick: () => this.say(text) }, text)));
  }

  // Gives the focus to the field for the next message, except where that would open a keyboard on the screen.
  #rest() {
    if (matchMedia("(pointer: fine)").matches) this.composer.focus();
    else byId("scroller").focus();
  }
}
