// The map of the catalog: films as points, near those that are similar.
import { element, iconButton } from "./dom.js";
import { filmsOf, findFilms, GROUPS, nameOf } from "./map_films.js";
import { MARKS, Painter, radiusOf, View } from "./map_painter.js";
import { searchBox } from "./search_box.js";

const NEAR = 14;  // pixels from a point that still mean its film
const FLIGHT = 500;  // milliseconds

const reducedMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

class FilmMap {
  #view = new View();
  #group = null;
  #chosen = null;
  #frame = 0;
  #flight = null;
  #pointers = new Map();
  #moved = 0;
  #leaves = new AbortController();

  constructor(container, data, marks, pick) {
    this.pick = pick;
    this.films = filmsOf(data);
    const byTconst = new Map(this.films.map((film) => [film.tconst, film]));
    this.marked = Object.fromEntries(Object.keys(MARKS).map((kind) =>
      [kind, (marks[kind] ?? []).map((tconst) => byTconst.get(tconst)).filter((film) => film !== undefined)]));
    this.#build(container);
    this.painter = new Painter(this.canvas, this.films, this.marked);
    this.#listen();
    this.#readColors();
  }

  #build(container) {
    this.canvas = element("canvas", { class: "map-canvas", tabindex: 0, role: "application",
      "aria-roledescription": "map", "aria-describedby": "map-keys",
      "aria-label": `Map of ${this.films.length} films: similar films are near each other` });
    this.tip = element("button", { class: "map-tip", type: "button", tabindex: -1, hidden: true,
      onclick: () => this.pick(this.#chosen.tconst) });
    this.said = element("p", { class: "hidden-text", role: "status" });
    this.swatches = GROUPS.map((_, i) =>
      element("span", { class: `map-swatch map-group-${i}`, "aria-hidden": "true" }));
    const legend = GROUPS.map((group, i) => element("button", { class: "map-legend-item", type: "button",
      "aria-pressed": "false", title: "Show only these", onclick: () => this.#showGroup(i) },
    this.swatches[i], group.name));
    this.legend = element("div", { class: "map-legend", role: "group", "aria-label": "Genres" }, ...legend);
    const stage = element("div", { class: "map-stage" }, this.canvas, this.tip,
      element("div", { class: "map-buttons" },
        element("button", { type: "button", "aria-label": "Zoom in", onclick: () => this.#zoom(1.6) }, "+"),
        element("button", { type: "button", "aria-label": "Zoom out", onclick: () => this.#zoom(1 / 1.6) }, "−"),
        element("button", { type: "button", "aria-label": "The whole map", onclick: () => this.#showAll() }, "⤢")));
    container.append(stage,
      element("div", { class: "map-side" },
        searchBox({ label: "Find a film", placeholder: "Title", search: async (text) => findFilms(this.films, text),
          textOf: nameOf, choose: (film) => this.flyTo(film) }),
        this.legend, ...this.#markLists(),
        element("p", { class: "hint", id: "map-keys" },
          "Similar films are near each other; larger points have more votes. On the map, arrow keys move, + and − "
          + "zoom, 0 shows all of it, and Enter opens the film in the middle.")),
      this.said);
    this.stage = stage;
  }

  // The marked films as lists, for those who do not see the map.
  #markLists() {
    return Object.entries(this.marked).filter(([, films]) => films.length > 0).map(([kind, films]) =>
      element("details", { class: "map-marked", open: kind === "offered" },
        element("summary", {}, element("span", { class: "map-shape", "aria-hidden": "true" }, MARKS[kind].shape),
          ` ${films.length} ${MARKS[kind].label}`),
        element("ul", {}, ...films.map((film) => element("li", {},
          element("button", { class: "link", type: "button", onclick: () => this.flyTo(film) }, nameOf(film)))))));
  }

  #listen() {
    const { signal } = this.#leaves;
    const on = (name, listener, options = {}) => this.canvas.addEventListener(name, listener, { signal, ...options });
    on("pointerdown", (event) => this.#press(event));
    on("pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel"]) on(name, (event) => this.#release(event));
    on("pointerleave", () => { if (this.#pointers.size === 0) this.#choose(null); });
    on("wheel", (event) => {
      event.preventDefault();
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      this.#zoom(Math.exp(-Math.max(-120, Math.min(120, event.deltaY * lines)) / 250), ...this.#placeOf(event));
    }, { passive: false });
    on("dblclick", (event) => event.preventDefault());
    on("keydown", (event) => this.#key(event));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#readColors(), { signal });
    const theme = new MutationObserver(() => this.#readColors());
    theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    const size = new ResizeObserver(() => this.#resize());
    size.observe(this.stage);
    signal.addEventListener("abort", () => {
      theme.disconnect();
      size.disconnect();
    });
  }

  // The container was removed if the stage is in no document any more.
  #resize() {
    if (!this.stage.isConnected) return this.#leaves.abort();
    this.#view.width = this.stage.clientWidth;
    this.#view.height = this.stage.clientHeight;
    this.painter.resize(this.#view.width, this.#view.height);
    this.#draw();
    this.#redraw();
  }

  // Colors come from the style sheet, which has those for light and dark.
  #readColors() {
    const style = getComputedStyle(this.tip);
    this.colors = { groups: this.swatches.map((swatch) => getComputedStyle(swatch).backgroundColor),
      text: style.color, ground: style.backgroundColor, accent: style.borderTopColor };
    this.#redraw();
  }

  #redraw() {
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.painter.draw(this.#view, this.colors, this.#group, this.#chosen);
    this.#placeTip();
  }

  #placeTip() {
    this.tip.hidden = this.#chosen === null;
    if (this.tip.hidden) return;
    const [left, top] = this.#view.toScreen(this.#chosen);
    const above = top - radiusOf(this.#chosen, this.#view) - 10 - this.tip.offsetHeight;
    const half = this.tip.offsetWidth / 2;
    this.tip.style.left = `${Math.max(half + 4, Math.min(this.#view.width - half - 4, left)) - half}px`;
    this.tip.style.top = `${above > 4 ? above : top + 14}px`;
  }

  #choose(film) {
    if (film === this.#chosen) return;
    this.#chosen = film;
    const genre = film?.genre ? ` ${film.genre}` : "";
    if (film) this.tip.replaceChildren(nameOf(film), element("span", { class: "quiet" }, genre));
    this.canvas.classList.toggle("at-film", film !== null);
    this.#redraw();
  }

  #showGroup(group) {
    this.#group = this.#group === group ? null : group;
    for (const [i, item] of [...this.legend.children].entries()) {
      item.setAttribute("aria-pressed", String(i === this.#group));
    }
    this.#redraw();
  }

  #zoom(factor, ...place) {
    this.#flight = null;
    this.#view.zoomBy(factor, ...place);
    this.#redraw();
  }

  #showAll() {
    this.#choose(null);
    this.#fly({ x: 0, y: 0, zoom: 1 });
  }

  /** Shows a film with its neighborhood. */
  flyTo(film) {
    this.#choose(film);
    this.said.textContent = `${nameOf(film)} is in the middle of the map`;
    this.#fly({ x: film.x, y: film.y, zoom: Math.max(this.#view.zoom, 7) });
    this.canvas.focus({ preventScroll: true });
  }

  #fly(to) {
    const view = this.#view, from = { x: view.x, y: view.y, zoom: view.zoom }, begin = performance.now();
    const flight = this.#flight = Symbol("flight");  // another one, or a hand on the map, ends this one
    const step = (now) => {
      if (this.#flight !== flight) return;
      const share = reducedMotion() ? 1 : Math.min(1, Math.max(0, now - begin) / FLIGHT);
      const eased = share * share * (3 - 2 * share);
      view.zoom = from.zoom * (to.zoom / from.zoom) ** eased;
      // Linear in what is seen: at a high zoom the same way takes more of the time.
      const way = to.zoom === from.zoom ? eased : (1 / from.zoom - 1 / view.zoom) / (1 / from.zoom - 1 / to.zoom);
      view.x = from.x + (to.x - from.x) * way;
      view.y = from.y + (to.y - from.y) * way;
      this.#draw();
      if (share < 1) requestAnimationFrame(step);
    };
    step(begin);
  }

  #placeOf(event) {
    const box = this.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  // The film at a place of the screen, or null; better-known films are easier to meet.
  #filmAt(left, top, reach = NEAR) {
    let best = null, least = reach;
    for (const film of this.films) {
      if (this.#group !== null && film.group !== this.#group) continue;
      const [x, y] = this.#view.toScreen(film);
      const distance = Math.hypot(x - left, y - top) - radiusOf(film, this.#view) / 2;
      if (distance < least) [best, least] = [film, distance];
    }
    return best;
  }

  #press(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, this.#placeOf(event));
    this.#moved = this.#pointers.size > 1 ? Infinity : 0;
    this.#flight = null;
  }

  #move(event) {
    const place = this.#placeOf(event), before = this.#pointers.get(event.pointerId);
    if (!before) return this.#choose(this.#filmAt(...place));
    const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.#pointers.set(event.pointerId, place);
    const [dx, dy] = [place[0] - before[0], place[1] - before[1]];
    if (other) {
      const middle = [(place[0] + other[0]) / 2, (place[1] + other[1]) / 2];
      const span = (at) => Math.max(10, Math.hypot(at[0] - other[0], at[1] - other[1]));
      this.#view.moveBy(dx / 2, dy / 2);
      this.#zoom(span(place) / span(before), ...middle);
    } else {
      this.#moved += Math.hypot(dx, dy);
      if (this.#moved < 4 && event.pointerType !== "mouse") return;  // a finger is never still
      this.#view.moveBy(dx, dy);
      this.#redraw();
    }
  }

  // A click opens the film; a finger chooses it first, and opens it by its name.
  #release(event) {
    const pressed = this.#pointers.delete(event.pointerId);
    if (!pressed || event.type === "pointercancel" || this.#moved >= 4) return;
    const film = this.#filmAt(...this.#placeOf(event), event.pointerType === "mouse" ? NEAR : 2 * NEAR);
    this.#choose(film);
    if (film && event.pointerType === "mouse") this.pick(film.tconst);
  }

  #key(event) {
    const step = 60;
    const ways = { ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in ways) {
      this.#flight = null;
      this.#view.moveBy(...ways[event.key]);
    } else if (event.key === "+" || event.key === "=" || event.key === "-") {
      this.#zoom(event.key === "-" ? 1 / 1.6 : 1.6);
    } else if (event.key === "0") {
      event.preventDefault();
      return this.#showAll();
    } else if (event.key === "Enter" && this.#chosen) {
      event.preventDefault();  // or the same Enter presses a button of the dialog that opens
      return this.pick(this.#chosen.tconst);
    } else {
      return;
    }
    event.preventDefault();
    const film = this.#filmAt(this.#view.width / 2, this.#view.height / 2, 120);
    this.#choose(film);
    this.said.textContent = film ? nameOf(film) : "no film here";
    this.#redraw();
  }
}

/**
 * Fills `container` with the map `data` of GET /api/map. `marks`: {offered, liked, seen, disliked}, lists of tconsts;
 * `pick(tconst)` is called for a film that is opened.
 */
export function openMap(container, data, marks, pick) {
  return new FilmMap(container, data, marks, pick);
}
