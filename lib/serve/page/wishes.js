// Wishes: preference states as the server writes them (docs/formats.md), as chips, and in words.

const AGES = { G: "rated G", PG: "up to PG", "PG-13": "up to PG-13", R: "up to R", "NC-17": "up to NC-17" };
const POPULARITY = { popular: "well known", hidden: "little known" };
const ORDERS = { best: "best first", newest: "newest first", oldest: "oldest first", popular: "best known first" };

const lower = (text) => text.toLowerCase();
const hours = (minutes) => {
  const whole = Math.floor(minutes / 60), rest = minutes % 60;
  if (whole === 0) return `${rest} min`;
  return rest === 0 ? `${whole} h` : `${whole} h ${rest} min`;
};

/** 150 as "2 h 30 min". */
export const lengthText = hours;

/** A running time as the server writes it, in words: "up to 119" as "under 2 h". */
export function runtimeText(text) {
  const { low, high } = parseRuntime(text);
  if (/^around/.test(text)) return `about ${hours(Number(text.match(/\d+/)?.[0] ?? 0))}`;
  if (low === null && high === null) return text;
  if (low === null) return high % 10 === 9 ? `under ${hours(high + 1)}` : `up to ${hours(high)}`;
  if (high === null) return low % 10 === 1 ? `over ${hours(low - 1)}` : `at least ${hours(low)}`;
  return low === high ? hours(low) : `${hours(low)} to ${hours(high)}`;
}

/** {low, high} in years; null where open. */
export function parseYears(text) {
  const numbers = (text ?? "").match(/\d{4}/g)?.map(Number) ?? [];
  if (numbers.length === 0) return { low: null, high: null };
  if (/^since/.test(text)) return { low: numbers[0], high: null };
  if (/^until/.test(text)) return { low: null, high: numbers[0] };
  if (/^around/.test(text)) return { low: numbers[0] - 3, high: numbers[0] + 3 };
  if (/^\d{4}s$/.test(text)) return { low: numbers[0], high: numbers[0] + 9 };
  return { low: numbers[0], high: numbers[1] ?? numbers[0] };
}

/** The inverse of parseYears; "" if both are open. */
export function yearsOf(low, high) {
  if (low === null && high === null) return "";
  if (high === null) return `since ${low}`;
  if (low === null) return `until ${high}`;
  if (low === high) return String(low);
  return low % 10 === 0 && high === low + 9 ? `${low}s` : `${low} to ${high}`;
}

/** {low, high} in minutes; null where open. */
export function parseRuntime(text) {
  const numbers = (text ?? "").match(/\d+/g)?.map(Number) ?? [];
  if (numbers.length === 0) return { low: null, high: null };
  if (/^up to/.test(text)) return { low: null, high: numbers[0] };
  if (/^at least/.test(text)) return { low: numbers[0], high: null };
  if (/^around/.test(text)) return { low: numbers[0] - 10, high: numbers[0] + 10 };
  return { low: numbers[0], high: numbers[1] ?? numbers[0] };
}

/** The inverse of parseRuntime; "" if both are open. */
export function runtimeOf(low, high) {
  if (low === null && high === null) return "";
  if (high === null) return `at least ${low}`;
  if (low === null) return `up to ${high}`;
  return low === high ? String(low) : `${low} to ${high}`;
}

/** A display name without what only tells it apart: "Heat (1995) [tt1]" as "Heat". */
export const shortName = (name) => name.replace(/ \[\w+\]$/, "").replace(/ \((\d{4}|\w+\d+)\)$/, "");

// Each key of a state: the section of the editor that changes it, and its words. Lists give a chip for each value.
const KEYS = {
  genres: { section: "genres", words: lower, either: "genre" },
  not_genres: { section: "genres", words: (value) => `no ${lower(value)}`, not: true },
  years: { section: "years", words: (value) => value },
  not_years: { section: "years", words: (value) => `not ${value}`, not: true },
  runtime: { section: "runtime", words: runtimeText },
  popularity: { section: "more", words: (value) => POPULARITY[value] ?? value },
  people: { section: "people", words: (value) => value, either: "person" },
  not_people: { section: "people", words: (value) => `no ${value}`, not: true },
  min_rating: { section: "more", words: (value) => `rated ${value} or more` },
  age: { section: "more", words: (value) => AGES[value] ?? value },
  keywords: { section: "more", words: (value) => `“${value}” in the title` },
  sort: { section: "more", words: (value) => ORDERS[value] ?? value },
  liked: { section: "films", words: (value) => `like ${shortName(value)}`, movie: true },
  disliked: { section: "films", words: (value) => `not like ${shortName(value)}`, not: true, movie: true },
  seen: { section: "films", words: (value) => `seen ${shortName(value)}`, movie: true },
};

/**
 * The chips of a state: {key, value, section, not, text}; `value` is null for keys with one value. Movies for which
 * `isKnown(name)` is true are left out.
 */
export function chipsOf(preferences, isKnown = () => false) {
  const chips = [];
  for (const [key, { section, words, either, not = false, movie }] of Object.entries(KEYS)) {
    const value = preferences[key];
    if (value === undefined || value === null) continue;
    if (!Array.isArray(value)) {
      chips.push({ key, value: null, section, not, text: words(value) });
      continue;
    }
    const isEither = either !== undefined && (preferences.either ?? []).includes(either);
    for (const [i, one] of value.entries()) {
      if (movie && isKnown(one)) continue;
      chips.push({ key, value: one, section, not, text: (isEither && i > 0 ? "or " : "") + words(one) });
    }
  }
  return chips;
}

/** The state in words, a text for each wish. */
export const wishTexts = (preferences) => chipsOf(preferences).map((chip) => chip.text);

/** The state without a chip. */
export function withoutChip(preferences, chip) {
  const left = { ...preferences };
  if (chip.value === null) delete left[chip.key];
  else left[chip.key] = left[chip.key].filter((value) => value !== chip.value);
  return tidied(left);
}

/** The state without empty values, and without `either` where there is no choice. */
export function tidied(preferences) {
  const kept = {};
  for (const [key, value] of Object.entries(preferences)) {
    if (value !== "" && value !== null && value !== undefined && !(Array.isArray(value) && value.length === 0)) {
      kept[key] = value;
    }
  }
  if (kept.either) {
    kept.either = kept.either.filter((slot) => (kept[slot === "genre" ? "genres" : "people"] ?? []).length > 1);
    if (kept.either.length === 0) delete kept.either;
  }
  return kept;
}

/** A movie's display name, up to the tconst that tells movies of one name and year apart. */
export const displayName = (film) => (film.year ? `${film.title} (${film.year})` : film.title);

/** True if the display name can be this film's. */
export const namesFilm = (name, film) =>
  name === film.tconst || name === displayName(film) || name === `${displayName(film)} [${film.tconst}]`;

/** The state with these verdicts [{tconst, title, year, verdict}] in place of what it said of their films. */
export function withVerdicts(preferences, entries) {
  const changed = { ...preferences };
  for (const key of ["liked", "disliked", "seen"]) {
    changed[key] = (preferences[key] ?? []).filter((name) => !entries.some((entry) => namesFilm(name, entry)));
    changed[key].push(...entries.filter((entry) => entry.verdict === key).map((entry) => entry.tconst));
  }
  return tidied(changed);
}
