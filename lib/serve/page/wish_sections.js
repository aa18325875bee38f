// The sections of the editor of wishes. Each makes a fieldset from a draft, a state that changes as the user chooses.
import { getGenres, searchMovies, searchPeople } from "./api.js";
import { element, iconButton } from "./dom.js";
import { searchBox } from "./search_box.js";
import { displayName, parseRuntime, parseYears, runtimeOf, shortName, yearsOf } from "./wishes.js";

const fieldset = (legend, ...children) =>
  element("fieldset", { class: "section" }, element("legend", {}, legend), ...children);

const list = (draft, key) => draft[key] ?? [];
const add = (draft, key, value) => { draft[key] = [...list(draft, key).filter((one) => one !== value), value]; };
const drop = (draft, key, value) => { draft[key] = list(draft, key).filter((one) => one !== value); };

/** A checkbox "one of them is enough" for genre or person. */
function eitherBox(draft, slot, text) {
  const box = element("input", { type: "checkbox", checked: list(draft, "either").includes(slot) });
  box.addEventListener("change", () => (box.checked ? add : drop)(draft, "either", slot));
  return element("label", { class: "check" }, box, text);
}

// A press goes from any to wanted to not wanted.
function genreButton(draft, genre) {
  const button = element("button", { type: "button", class: "option" });
  const show = () => {
    const state = list(draft, "genres").includes(genre) ? "wanted"
      : list(draft, "not_genres").includes(genre) ? "not wanted" : "any";
    button.dataset.state = state;
    button.textContent = state === "not wanted" ? `no ${genre}` : genre;
    button.setAttribute("aria-label", `${genre}: ${state}`);
  };
  button.addEventListener("click", () => {
    const { state } = button.dataset;
    drop(draft, "genres", genre);
    drop(draft, "not_genres", genre);
    if (state === "any") add(draft, "genres", genre);
    if (state === "wanted") add(draft, "not_genres", genre);
    show();
  });
  show();
  return button;
}

function genres(draft) {
  const options = element("div", { class: "options" }, element("span", { class: "quiet" }, "Loading …"));
  getGenres().then((names) => options.replaceChildren(...names.map((genre) => genreButton(draft, genre))),
    (error) => options.replaceChildren(element("span", { role: "alert" }, error.message)));
  return fieldset("Genres", element("p", { class: "hint" }, "Press once to want a genre, twice to leave it out."),
    options, eitherBox(draft, "genre", "One of the wanted genres is enough"));
}

function numberField(label, value, { min, max, step = 1 }) {
  const field = element("input", { type: "number", class: "field number", min, max, step, inputmode: "numeric" });
  field.value = value ?? "";
  return { field, shown: element("label", { class: "field-label" }, label, field) };
}

// Two numbers and buttons that fill them in. `write(low, high)` gets null for an empty field.
function spanFields(labels, limits, { low, high }, presets, write) {
  const from = numberField(labels[0], low, limits), to = numberField(labels[1], high, limits);
  const value = ({ field }) => (field.value === "" || !field.validity.valid ? null : Number(field.value));
  const changed = () => {
    const ends = [value(from), value(to)];
    if (ends[0] !== null && ends[1] !== null && ends[0] > ends[1]) ends.reverse();
    write(...ends);
  };
  for (const { field } of [from, to]) field.addEventListener("input", changed);
  const buttons = presets.map(({ text, span }) => element("button", { type: "button", class: "option", onclick: () => {
    [from.field.value, to.field.value] = span.map((end) => end ?? "");
    changed();
  } }, text));
  return [element("div", { class: "options" }, ...buttons), element("div", { class: "pair" }, from.shown, to.shown)];
}

function years(draft) {
  const decades = [1960, 1970, 1980, 1990, 2000, 2010, 2020].map((first) => (
    { text: `${first}s`, span: [first, first + 9] }));
  const presets = [{ text: "Any", span: [null, null] }, ...decades];
  return fieldset("Years", ...spanFields(["From", "To"], { min: 1890, max: 2030 }, parseYears(draft.years), presets,
    (low, high) => { draft.years = yearsOf(low, high); }));
}

function runtime(draft) {
  const presets = [{ text: "Any", span: [null, null] }, { text: "Under 1½ h", span: [null, 89] },
    { text: "Under 2 h", span: [null, 119] }, { text: "Over 2 h", span: [121, null] }];
  return fieldset("Running time", ...spanFields(["At least (minutes)", "At most (minutes)"], { min: 1, max: 600 },
    parseRuntime(draft.runtime), presets, (low, high) => { draft.runtime = runtimeOf(low, high); }));
}

// Chosen names, each under one of two or three keys, with a search box to add more.
function nameList(draft, keys, textOf, box) {
  const chosen = element("ul", { class: "chosen" });
  const show = () => chosen.replaceChildren(...keys.flatMap(({ key }) => list(draft, key).map((name) => {
    const choice = element("select", { class: "field", "aria-label": `What about ${textOf(name)}` },
      ...keys.map((other) => element("option", { value: other.key, selected: other.key === key }, other.text)));
    choice.addEventListener("change", () => {
      drop(draft, key, name);
      add(draft, choice.value, name);
      show();
    });
    return element("li", {}, choice, element("span", { class: "chosen-name" }, textOf(name)),
      iconButton("close", `Remove ${textOf(name)}`, () => { drop(draft, key, name); show(); }));
  })));
  show();
  return [chosen, box((name) => {
    for (const { key } of keys) drop(draft, key, name);
    add(draft, keys[0].key, name);
    show();
  })];
}

function people(draft) {
  const keys = [{ key: "people", text: "with" }, { key: "not_people", text: "without" }];
  return fieldset("People", ...nameList(draft, keys, (name) => name, (choose) => searchBox({
    label: "Add an actor or a director", placeholder: "Name", search: searchPeople, textOf: (name) => name, choose })),
  eitherBox(draft, "person", "One of the wanted people is enough"));
}

function films(draft) {
  const keys = [{ key: "liked", text: "liked" }, { key: "disliked", text: "disliked" }, { key: "seen", text: "seen" }];
  const names = new Map();
  return fieldset("Films you know", ...nameList(draft, keys, (name) => names.get(name) ?? shortName(name), (choose) =>
    searchBox({ label: "Add a film", placeholder: "Title", search: searchMovies, textOf: displayName,
      choose: (film) => { names.set(film.tconst, displayName(film)); choose(film.tconst); } })));
}

function choiceField(draft, key, label, options) {
  const field = element("select", { class: "field" }, ...options.map(([value, text]) =>
    element("option", { value, selected: String(draft[key] ?? "") === value }, text)));
  field.addEventListener("change", () => {
    draft[key] = key === "min_rating" && field.value !== "" ? Number(field.value) : field.value;
  });
  return element("label", { class: "field-label" }, label, field);
}

function more(draft) {
  const words = element("input", { type: "text", class: "field", placeholder: "christmas, zombies",
    autocomplete: "off" });
  words.value = list(draft, "keywords").join(", ");
  words.addEventListener("input", () => {
    draft.keywords = words.value.split(",").map((word) => word.trim().toLowerCase()).filter((word) => word !== "");
  });
  const rating = ["6", "6.5", "7", "7.5", "8", "8.5"];
  if (draft.min_rating && !rating.includes(String(draft.min_rating))) rating.unshift(String(draft.min_rating));
  return fieldset("More", element("div", { class: "grid" },
    choiceField(draft, "min_rating", "Least rating", [["", "any"], ...rating.map((value) => [value, value])]),
    choiceField(draft, "age", "Age rating at most",
      [["", "any"], ["G", "G"], ["PG", "PG"], ["PG-13", "PG-13"], ["R", "R"]]),
    choiceField(draft, "popularity", "How well known",
      [["", "any"], ["popular", "well known"], ["hidden", "little known"]]),
    choiceField(draft, "sort", "Order",
      [["", "any"], ["best", "best first"], ["newest", "newest first"], ["oldest", "oldest first"],
        ["popular", "best known first"]]),
    element("label", { class: "field-label wide" }, "Words in the title", words)));
}

/** By the name that wishes.js gives each chip. */
export const SECTIONS = { genres, years, runtime, people, films, more };
