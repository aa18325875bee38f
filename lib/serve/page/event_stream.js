// Server-sent events, as the endpoint streams them.

/**
 * Takes a stream's text piece by piece and gives back the data of the events that are complete: lines "data: ..." up to
 * an empty line, joined by line ends. Lines end with \n, \r\n or \r; other fields and comments are passed over.
 */
export class EventParser {
  #rest = "";
  #data = [];

  push(piece) {
    const events = [];
    this.#rest += piece;
    let begin = 0;
    for (;;) {
      const end = this.#lineEnd(begin);
      if (end < 0) break;
      this.#line(this.#rest.slice(begin, end), events);
      begin = end + (this.#rest.startsWith("\r\n", end) ? 2 : 1);
    }
    this.#rest = this.#rest.slice(begin);
    return events;
  }

  // A \r at the very end may be the first half of \r\n.
  #lineEnd(begin) {
    for (let i = begin; i < this.#rest.length; i++) {
      if (this.#rest[i] === "\n") return i;
      if (this.#rest[i] === "\r") return i + 1 < this.#rest.length ? i : -1;
    }
    return -1;
  }

  #line(line, events) {
    if (line === "") {
      if (this.#data.length > 0) events.push(this.#data.join("\n"));
      this.#data = [];
    } else if (line.startsWith("data:")) {
      this.#data.push(line.slice(line[5] === " " ? 6 : 5));
    }
  }
}
