// Draws the map of the films on a canvas.

/** The shapes of marked films, by kind of mark. */
export const MARKS = {
  offered: { shape: "◆", label: "offered in this conversation" },
  liked: { shape: "★", label: "liked" },
  seen: { shape: "■", label: "seen" },
  disliked: { shape: "✕", label: "not for you" },
};

const MARGIN = 24, MOST_LABELS = 90, MOST_CANDIDATES = 1500;

/** The part of the map that is seen: a center, and how many times larger than the whole. */
export class View {
  constructor() {
    this.reset();
    this.width = this.height = 1;
  }

  reset() {
    this.x = this.y = 0;
    this.zoom = 1;
  }

  get scale() {
    return Math.max(1, Math.min(this.width, this.height) / 2 - MARGIN) * this.zoom;
  }

  toScreen({ x, y }) {
    return [this.width / 2 + (x - this.x) * this.scale, this.height / 2 - (y - this.y) * this.scale];
  }

  toMap(left, top) {
    return { x: this.x + (left - this.width / 2) / this.scale, y: this.y - (top - this.height / 2) / this.scale };
  }

  moveBy(left, top) {
    this.x = Math.max(-1.2, Math.min(1.2, this.x - left / this.scale));
    this.y = Math.max(-1.2, Math.min(1.2, this.y + top / this.scale));
  }

  /** The place under (left, top) stays there. */
  zoomBy(factor, left = this.width / 2, top = this.height / 2) {
    const before = this.toMap(left, top);
    this.zoom = Math.max(0.8, Math.min(200, this.zoom * factor));
    const after = this.toMap(left, top);
    this.x += before.x - after.x;
    this.y += before.y - after.y;
  }
}

/** In pixels; points are smaller on small screens, and grow more slowly than the map. */
export function radiusOf(film, view) {
  const size = Math.max(0.7, Math.min(1, Math.min(view.width, view.height) / 700));
  return size * (1.1 + 4.2 * film.fame) * Math.min(3, view.zoom ** 0.35);
}

/** True if two boxes [left, top, right, bottom] have points in common. */
const overlap = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

export class Painter {
  #context;
  #widths = new Map();

  /** `colors`: {groups, text, ground, accent}; `marked`: lists of films by kind of mark. */
  constructor(canvas, films, marked) {
    this.canvas = canvas;
    this.films = films;
    this.marked = marked;
    this.#context = canvas.getContext("2d");
  }

  resize(width, height) {
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.#context.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  /** `group`: the only one that is not dimmed, or null; `chosen`: a film with a ring, or null. */
  draw(view, colors, group, chosen) {
    const context = this.#context;
    context.clearRect(0, 0, view.width, view.height);
    const seen = this.films.filter((film) => this.#isSeen(view, film));
    this.#drawPoints(seen, view, colors, group);
    context.font = "600 16px system-ui, sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    const boxes = this.#drawMarks(view, colors);
    if (chosen) boxes.push(this.#drawRing(chosen, view, colors));
    this.#drawLabels(group === null ? seen : seen.filter((film) => film.group === group), view, colors, boxes);
  }

  #isSeen(view, film) {
    const [left, top] = view.toScreen(film);
    return left > -20 && top > -20 && left < view.width + 20 && top < view.height + 20;
  }

  #drawPoints(films, view, colors, group) {
    const context = this.#context;
    for (const [i, color] of colors.groups.entries()) {
      context.globalAlpha = group === null || group === i ? 0.8 : 0.12;
      context.fillStyle = color;
      context.beginPath();
      for (const film of films) {
        if (film.group !== i) continue;
        const [left, top] = view.toScreen(film);
        const radius = radiusOf(film, view);
        context.moveTo(left + radius, top);
        context.arc(left, top, radius, 0, 2 * Math.PI);
      }
      context.fill();
    }
    context.globalAlpha = 1;
  }

  // A text with a rim in the color of the ground, so that it can be read over points.
  #drawText(text, left, top, color, colors) {
    const context = this.#context;
    context.lineJoin = "round";
    context.lineWidth = 3.5;
    context.strokeStyle = colors.ground;
    context.strokeText(text, left, top);
    context.fillStyle = color;
    context.fillText(text, left, top);
  }

  #drawMarks(view, colors) {
    const boxes = [];
    for (const [kind, films] of Object.entries(this.marked)) {
      for (const film of films) {
        const [left, top] = view.toScreen(film);
        this.#drawText(MARKS[kind].shape, left, top, kind === "offered" ? colors.accent : colors.text, colors);
        boxes.push([left - 9, top - 9, left + 9, top + 9]);
      }
    }
    return boxes;
  }

  #drawRing(film, view, colors) {
    const context = this.#context;
    const [left, top] = view.toScreen(film);
    const radius = radiusOf(film, view) + 5;
    for (const [width, color] of [[5, colors.ground], [2, colors.accent]]) {
      context.lineWidth = width;
      context.strokeStyle = color;
      context.beginPath();
      context.arc(left, top, radius, 0, 2 * Math.PI);
      context.stroke();
    }
    return [left - radius, top - radius, left + radius, top + radius];
  }

  // The names of the best-known films that fit. Marked films come first.
  #drawLabels(films, view, colors, boxes) {
    const context = this.#context;
    context.font = "12px system-ui, sans-serif";
    context.textAlign = "left";
    const most = Math.min(MOST_LABELS, Math.round(view.width * view.height / 11000));
    const first = new Set(Object.values(this.marked).flat());
    let labels = 0;
    for (const film of [...first, ...films.slice(0, MOST_CANDIDATES)]) {
      if (labels >= most) break;
      const [x, top] = view.toScreen(film);
      const left = x + (first.has(film) ? 9 : radiusOf(film, view)) + 3;
      const box = [left - 2, top - 8, left + this.#widthOf(film) + 2, top + 8];
      if (box[0] < 0 || box[1] < 0 || box[2] > view.width || box[3] > view.height) continue;
      if (boxes.some((other) => overlap(box, other))) continue;
      boxes.push(box);
      this.#drawText(film.title, left, top, colors.text, colors);
      labels++;
    }
  }

  #widthOf(film) {
    if (!this.#widths.has(film)) this.#widths.set(film, this.#context.measureText(film.title).width);
    return this.#widths.get(film);
  }
}
