// A conversation and its changes, without the page.
//
//   {id, title, created, changed, seed, round, messages}
//
// `round` counts how often it was started again; it is missing before the first time.
//
// A message of the user is {role, content}, with `preferences` where it replaces the wishes so far (`note` says in
// words what changed) and `told`, the verdicts {tconst: verdict} that went along. A reply is {role, content} with
// `answer`, the server's object `matinee`, `stopped` where it is not whole, and `learned`, the verdicts that the user's
// words gave.
import { namesFilm, wishTexts } from "./wishes.js";

export function newConversation(id, seed, opening, now = new Date()) {
  const messages = opening ? [{ role: "assistant", content: opening, opening: true }] : [];
  return { id, title: "", created: now.toISOString(), changed: now.toISOString(), seed, messages };
}

/** True until the user has said something. */
export const isFresh = (conversation) => !conversation.messages.some((message) => message.role === "user");

/** The messages as the server reads them. A reply that was stopped before its first word was never given. */
export function requestMessages(conversation) {
  return conversation.messages
    .filter((message) => message.role === "user" || message.content !== "")
    .map(({ role, content, preferences }) => (
      preferences ? { role, content, matinee: { preferences } } : { role, content }));
}

/** The conversation's name for the server's memory. To start again takes back nothing that was said before. */
export const nameForMemory = ({ id, round = 0 }) => `${id}.${round}`;

/** The wishes after the last message. */
export function preferencesOf(conversation) {
  for (let i = conversation.messages.length - 1; i >= 0; i--) {
    const message = conversation.messages[i];
    if (message.answer) return message.answer.preferences ?? {};
    if (message.preferences) return message.preferences;
  }
  return {};
}

/** The verdicts that the conversation has been given, and those that the user said in it. */
export function toldVerdicts(conversation) {
  return Object.assign({}, ...conversation.messages.map((message) => message.told ?? message.learned ?? {}));
}

/** True if the movie's name is among the wishes because of a verdict, of these entries, that went along. */
export function isTold(conversation, name, entries) {
  const told = Object.assign({}, ...conversation.messages.map((message) => message.told ?? {}));
  return entries.some((entry) => entry.tconst in told && namesFilm(name, entry));
}

/** All films that were offered, each once, in order. */
export function offeredFilms(conversation) {
  const films = new Map();
  for (const message of conversation.messages) {
    for (const film of message.answer?.films ?? []) films.set(film.tconst, film);
  }
  return [...films.values()];
}

/** Takes the last turn back: the user's last message and what follows it. Returns the messages, [] if there is none. */
export function takeBackTurn(conversation) {
  const place = conversation.messages.findLastIndex((message) => message.role === "user");
  return place < 0 ? [] : conversation.messages.splice(place);
}

/** Removes a reply at the end, so that the turn can be answered anew. */
export function takeBackReply(conversation) {
  const last = conversation.messages.at(-1);
  return last?.role === "assistant" && !last.opening ? conversation.messages.splice(-1) : [];
}

/** What the message says, for people: the text, or what it changed. */
export const spokenText = (message) => message.content || message.note || "";

/** The title that was given, or the first thing that the user said. */
export function titleOf(conversation) {
  if (conversation.title) return conversation.title;
  const first = conversation.messages.find((message) => message.role === "user");
  const text = (first ? spokenText(first) : "").trim().replace(/\s+/g, " ");
  if (!text) return "New conversation";
  return text.length > 60 ? `${text.slice(0, 59).trimEnd()}…` : text;
}

/** A message that changes the wishes. */
export function wishMessage(before, after) {
  const old = new Set(wishTexts(before)), now = new Set(wishTexts(after));
  const gone = [...old].filter((text) => !now.has(text)), come = [...now].filter((text) => !old.has(text));
  const parts = [];
  if (gone.length > 0) parts.push(`No longer: ${gone.join(", ")}`);
  if (come.length > 0) parts.push(`Now: ${come.join(", ")}`);
  return { role: "user", content: "", preferences: after, note: parts.join(". ") || "The same wishes" };
}
