// Requests to the server. All throw RequestError, except that an aborted reply throws the AbortError of fetch.
import { EventParser } from "./event_stream.js";
import { RequestError, brokeOff, errorMessage, errorOfStatus, unreachable } from "./errors.js";

const KEY = "matinee.key";

/** Moves a key from the address ("#key=...") into the session, so that it is not in the history or a shared link. */
export function takeKeyFromAddress() {
  const parameters = new URLSearchParams(location.hash.slice(1));
  if (!parameters.has("key")) return;
  setKey(parameters.get("key"));
  history.replaceState(null, "", location.pathname + location.search);
}

export function setKey(key) {
  sessionStorage.setItem(KEY, key);
}

async function request(path, options = {}) {
  const headers = { ...options.headers };
  const key = sessionStorage.getItem(KEY);
  if (key) headers.Authorization = `Bearer ${key}`;
  if (options.body) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, { ...options, headers, cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw unreachable();
  }
  if (response.ok) return response;
  throw errorOfStatus(response.status, await response.text().catch(() => ""), response.headers.get("Retry-After"));
}

async function json(path) {
  const response = await request(path);
  return response.json().catch(() => { throw brokeOff(); });
}

export const getStart = () => json("/api/start");
export const getMovie = (tconst) => json(`/api/movies/${encodeURIComponent(tconst)}`);
export const getMap = () => json("/api/map");
export const getGenres = async () => (await json("/api/genres")).genres;
export const searchMovies = async (text) => (await json(`/api/movies?q=${encodeURIComponent(text)}`)).films;
export const searchPeople = async (text) => (await json(`/api/people?q=${encodeURIComponent(text)}`)).people;
export const getMemory = async () => (await request("/api/memory")).text();

export async function postVerdict(tconst, verdict) {
  await request("/api/memory", { method: "POST", body: JSON.stringify({ tconst, verdict }) });
}

/**
 * The next turn of the conversation with this name. `onText` gets the text so far. Returns {content, answer}; `answer`
 * is the object `matinee` of the server, or null.
 */
export async function complete({ name, messages, seed }, signal, onText) {
  const body = JSON.stringify({ model: "matinee", messages, stream: true, seed, metadata: { conversation: name } });
  const response = await request("/v1/chat/completions", { method: "POST", body, signal });
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  const parser = new EventParser();
  const reply = { content: "", answer: null, finished: false };
  for (;;) {
    const { done, value } = await reader.read().catch((error) => {
      throw error.name === "AbortError" ? error : brokeOff();
    });
    for (const data of parser.push(done ? decoder.decode() : decoder.decode(value, { stream: true }))) {
      if (data !== "[DONE]") takeChunk(data, reply, onText);
    }
    if (done) break;
  }
  if (!reply.finished) throw brokeOff();
  return { content: reply.content, answer: reply.answer };
}

function takeChunk(data, reply, onText) {
  const said = errorMessage(data);
  if (said) throw new RequestError("refused", `The reply broke off: ${said}`);
  let chunk;
  try {
    chunk = JSON.parse(data);
  } catch {
    throw brokeOff();
  }
  const choice = chunk.choices?.[0];
  if (chunk.matinee ?? choice?.matinee) reply.answer = chunk.matinee ?? choice.matinee;
  if (!choice) return;
  if (choice.delta?.content) {
    reply.content += choice.delta.content;
    onText(reply.content);
  }
  if (choice.finish_reason) reply.finished = true;
}
