// A film as a card: its facts, why it was chosen, what is like it, and what the user thinks of it.
import { element, icon, toast } from "./dom.js";
import { displayName, lengthText } from "./wishes.js";

const VERDICTS = [
  { verdict: "seen", label: "Seen", symbol: "eye" },
  { verdict: "liked", label: "Liked", symbol: "heart" },
  { verdict: "disliked", label: "Not for me", symbol: "no" },
];

const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const exact = new Intl.NumberFormat("en");

function facts(film) {
  const parts = [];
  if (film.year) parts.push(String(film.year));
  if (film.genres?.length > 0) parts.push(film.genres.join(", "));
  if (film.runtime) parts.push(lengthText(film.runtime));
  if (film.certificate) parts.push(film.certificate);
  return element("p", { class: "film-facts" }, ...parts.flatMap((part, i) => [
    i > 0 ? element("span", { class: "dot", "aria-hidden": "true" }, " · ") : null, element("span", {}, part)]));
}

function rating(film) {
  if (film.rating === undefined) return null;
  const votes = film.votes === undefined ? "" : `${compact.format(film.votes)} votes`;
  const title = film.votes === undefined ? "" : `${exact.format(film.votes)} votes`;
  return element("p", { class: "film-rating", title }, icon("star"),
    element("span", { class: "hidden-text" }, "Rated "), element("strong", {}, film.rating.toFixed(1)),
    votes ? element("span", { class: "votes" }, ` ${votes}`) : null);
}

const MOST_PEOPLE = 6;

function people(label, names) {
  if (!names || names.length === 0) return null;
  return element("p", { class: "film-people" }, element("span", { class: "quiet" }, `${label} `),
    names.slice(0, MOST_PEOPLE).join(", "), names.length > MOST_PEOPLE ? " …" : null);
}

function reasons(film) {
  if (!film.reasons || film.reasons.length === 0) return null;
  return element("ul", { class: "film-reasons", "aria-label": "Why this one" },
    ...film.reasons.map((reason) => element("li", {}, icon("check"), reason)));
}

function alike(film, openFilm) {
  if (!film.like || film.like.length === 0) return null;
  return element("p", { class: "film-like" }, element("span", { class: "quiet" }, "Similar "),
    ...film.like.flatMap((other, i) => [i > 0 ? ", " : "",
      element("button", { type: "button", class: "link", onclick: () => openFilm(other.tconst) },
        displayName(other))]));
}

/** The buttons for what the user thinks of a film; a second press takes a verdict back. */
export function verdictButtons(film, memory) {
  const name = displayName(film);
  const set = async (verdict) => {
    try {
      await memory.set(film, memory.verdict(film.tconst) === verdict ? "none" : verdict);
    } catch (error) {
      toast(`That was not kept. ${error.message}`, { text: "Try again", run: () => set(verdict) });
    }
  };
  const group = element("div", { class: "verdicts", role: "group", "aria-label": `What you think of ${name}`,
    "data-tconst": film.tconst });
  for (const { verdict, label, symbol } of VERDICTS) {
    group.append(element("button", { type: "button", class: "verdict", "data-verdict": verdict,
      onclick: () => set(verdict) }, icon(symbol), label));
  }
  markVerdicts(group, memory);
  return group;
}

/** Shows in the buttons of all cards below `root` what the memory holds. */
export function markVerdicts(root, memory) {
  const groups = root.matches?.(".verdicts") ? [root] : root.querySelectorAll(".verdicts");
  for (const group of groups) {
    const held = memory.verdict(group.dataset.tconst);
    for (const button of group.children) {
      button.setAttribute("aria-pressed", String(button.dataset.verdict === held));
    }
  }
}

/** `number`: its place in a list that was offered, or 0; `openFilm(tconst)` shows another film. */
export function filmCard(film, { memory, openFilm, number = 0, heading = "h3" }) {
  const imdb = `https://www.imdb.com/title/${encodeURIComponent(film.tconst)}/`;
  return element("article", { class: "film", "aria-label": displayName(film) },
    element("div", { class: "film-head" },
      element(heading, { class: "film-title" },
        number > 0 ? element("span", { class: "film-number" }, `${number}.`) : null,
        element("a", { href: imdb, target: "_blank", rel: "noopener noreferrer" }, film.title)),
      rating(film)),
    facts(film),
    people("Directed by", film.directors),
    people("With", film.cast),
    reasons(film),
    alike(film, openFilm),
    verdictButtons(film, memory));
}
