// A field that searches while the user types, with a list of results to choose from.
import { element } from "./dom.js";

let boxes = 0;

/**
 * `search(text)` gives results, `textOf(result)` their text, `choose(result)` is called with the chosen one. Arrow keys
 * move through the list, Enter chooses, Esc empties the field.
 */
export function searchBox({ label, placeholder, search, textOf, choose }) {
  const id = `search-${++boxes}`;
  const list = element("ul", { class: "results", id: `${id}-list`, role: "listbox", "aria-label": "Results",
    hidden: true });
  const field = element("input", { id, type: "text", class: "field", role: "combobox", autocomplete: "off", placeholder,
    "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id });
  const state = { results: [], active: -1, asked: 0, timer: 0 };

  const show = (results) => {
    state.results = results;
    state.active = results.length > 0 ? 0 : -1;
    list.replaceChildren(...results.map((result, i) => element("li", { role: "option", id: `${list.id}-${i}`,
      onpointerdown: (event) => { event.preventDefault(); pick(i); } }, textOf(result))));
    list.hidden = results.length === 0;
    mark();
  };
  const mark = () => {
    field.setAttribute("aria-expanded", String(!list.hidden));
    for (const [i, item] of [...list.children].entries()) {
      item.setAttribute("aria-selected", String(i === state.active));
    }
    if (state.active >= 0) {
      field.setAttribute("aria-activedescendant", `${list.id}-${state.active}`);
      list.children[state.active].scrollIntoView({ block: "nearest" });
    } else {
      field.removeAttribute("aria-activedescendant");
    }
  };
  const pick = (i) => {
    const result = state.results[i];
    field.value = "";
    show([]);
    choose(result);
  };
  const ask = async () => {
    const text = field.value.trim(), number = ++state.asked;
    const found = text === "" ? [] : await search(text).catch(() => []);
    if (number === state.asked) show(found);
  };
  field.addEventListener("input", () => {
    clearTimeout(state.timer);
    state.timer = setTimeout(ask, 150);
  });
  field.addEventListener("blur", () => { state.asked++; show([]); });
  field.addEventListener("keydown", (event) => {
    const { length } = state.results;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (length === 0) return;
      state.active = (state.active + (event.key === "ArrowDown" ? 1 : -1) + length) % length;
      mark();
    } else if (event.key === "Enter") {
      if (state.active >= 0) pick(state.active);
    } else if (event.key === "Escape") {
      if (field.value === "" && length === 0) return;
      field.value = "";
      show([]);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  });
  return element("div", { class: "search" }, element("label", { for: id, class: "field-label" }, label), field, list);
}
