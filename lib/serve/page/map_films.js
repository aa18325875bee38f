// The films of the map: what GET /api/map answers, as points with a group of genres.

/** Groups of genres, in the colors of the CSS classes map-group-0, map-group-1 ... The last one is for others. */
export const GROUPS = [
  { name: "Drama", genres: ["Drama", "Biography", "History", "Sport"] },
  { name: "Comedy", genres: ["Comedy"] },
  { name: "Action, adventure", genres: ["Action", "Adventure", "War", "Western"] },
  { name: "Crime, thriller", genres: ["Crime", "Thriller", "Mystery", "Film-Noir"] },
  { name: "Romance, music", genres: ["Romance", "Music", "Musical"] },
  { name: "Horror", genres: ["Horror"] },
  { name: "Science fiction, fantasy", genres: ["Sci-Fi", "Fantasy"] },
  { name: "Animation, family", genres: ["Animation", "Family"] },
  { name: "Other", genres: [] },
];

const groupOf = new Map(GROUPS.flatMap((group, i) => group.genres.map((genre) => [genre, i])));

/** Places are from -1 to 1, y upward. `fame` is from 0 to 1. The order is the catalog's: most votes first. */
export function filmsOf(map) {
  const most = Math.log1p(Math.max(1, ...map.votes));
  return map.tconst.map((tconst, i) => ({
    tconst,
    title: map.title[i],
    year: map.year[i] > 0 ? map.year[i] : null,
    genre: map.genre[i],
    group: groupOf.get(map.genre[i]) ?? GROUPS.length - 1,
    fame: (Math.log1p(Math.max(0, map.votes[i])) / most) ** 3,
    x: map.x[i] / 10000,
    y: map.y[i] / 10000,
  }));
}

export const nameOf = (film) => film.year === null ? film.title : `${film.title} (${film.year})`;

const folded = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** At most `limit` films whose title has the words of the text; those that begin with it come first. */
export function findFilms(films, text, limit = 8) {
  const [wanted, year] = (/^(.*?)\s*\(?(\d{4})?\)?$/.exec(folded(text))).slice(1);
  const words = (wanted || folded(text)).split(/\s+/);
  const found = films.filter((film) => {
    film.folded ??= folded(film.title);
    return words.every((word) => film.folded.includes(word)) && (!wanted || !year || String(film.year) === year);
  });
  const rank = (film) => film.folded === wanted ? 0 : film.folded.startsWith(words[0]) ? 1 : 2;
  return found.sort((a, b) => rank(a) - rank(b)).slice(0, limit);  // stable, so by votes among equals
}
