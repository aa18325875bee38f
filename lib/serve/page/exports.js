// Conversations as files.
import { element } from "./dom.js";
import { spokenText, titleOf } from "./conversation.js";

export const asJson = (value) => `${JSON.stringify(value, null, 2)}\n`;

/** A conversation to read. */
export function asText(conversation) {
  const lines = [titleOf(conversation), conversation.created.slice(0, 10), ""];
  for (const message of conversation.messages) {
    lines.push(`${message.role === "user" ? "You" : "Matinee"}: ${spokenText(message)}`);
    for (const film of message.answer?.films ?? []) {
      lines.push(`  - ${film.title}${film.year ? ` (${film.year})` : ""} https://www.imdb.com/title/${film.tconst}/`);
    }
    lines.push("");
  }
  return lines.join("\n");
}

/**
 * JSON lines of `messages`, as tokenize reads them: a conversation each. Replies that were stopped, or whose films are
 * all disliked by `verdictOf(tconst)`, have weight 0, so they are not learned.
 */
export function asTraining(conversations, verdictOf) {
  const learned = ({ stopped, answer }) => !stopped &&
    !(answer?.films?.length > 0 && answer.films.every((film) => verdictOf(film.tconst) === "disliked"));
  return conversations.map(({ messages }) => messages
    .filter((message) => spokenText(message) !== "")
    .map((message) => ({ role: message.role, content: spokenText(message),
      ...(message.role === "assistant" && !learned(message) ? { weight: 0 } : {}) })))
    .filter((messages) => messages.some((message) => message.role === "user"))
    .map((messages) => `${JSON.stringify({ messages })}\n`).join("");
}

/** Lets the browser save a text. */
export function save(name, text, type = "application/json") {
  const address = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const link = element("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** A name for a file from a title. */
export const fileName = (title) => title.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "") || "film";
