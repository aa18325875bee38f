// What can go wrong with a request, in plain words.

/** `kind`: unreachable, broken (the reply broke off), busy, key, missing, refused; `retryAfter`: seconds or 0. */
export class RequestError extends Error {
  constructor(kind, message, retryAfter = 0) {
    super(message);
    this.name = "RequestError";
    this.kind = kind;
    this.retryAfter = retryAfter;
  }
}

export const unreachable = () =>
  new RequestError("unreachable", "The server cannot be reached. Is “chat --serve” still running?");

export const brokeOff = () =>
  new RequestError("broken", "The reply broke off. The server may have stopped.");

/** The message of a body of OpenAI's form for errors, or "". */
export function errorMessage(body) {
  try {
    const message = JSON.parse(body).error.message;
    return typeof message === "string" ? message : "";
  } catch {
    return "";
  }
}

/** The error of an answer with this status; `retryAfter` is the header's text or null. */
export function errorOfStatus(status, body, retryAfter) {
  const said = errorMessage(body);
  if (status === 401) return new RequestError("key", said || "The server asks for a key.");
  if (status === 404) return new RequestError("missing", said || "The server does not have that.");
  if (status === 429 || status === 503) {
    const seconds = /^\d+$/.test(retryAfter ?? "") ? Number(retryAfter) : 0;
    const wait = seconds > 0 ? `Try again in ${seconds} ${seconds === 1 ? "second" : "seconds"}.` : "Try again soon.";
    return new RequestError("busy", `The server has too many conversations at the moment. ${wait}`, seconds);
  }
  return new RequestError("refused", `The server refused the request (${status})${said ? `: ${said}` : "."}`);
}
