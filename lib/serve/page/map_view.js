// The map of the catalog, in a dialog as large as the page.
import { getMap } from "./api.js";
import { element, openDialog } from "./dom.js";

let loaded = null;  // the map does not change while the server runs

/** `marks`: {offered, seen, liked, disliked}, lists of tconsts; `pick(tconst)` is called for a film that is chosen. */
export async function openMapView(marks, pick) {
  const place = element("div", { class: "map" }, element("p", { class: "map-note quiet" }, "Loading …"));
  openDialog({ title: "Map of the films", className: "map-dialog", content: place });
  const load = async () => {
    try {
      const [{ openMap }, map] = await Promise.all([import("./map.js"), loaded ?? getMap()]);
      loaded = map;
      place.replaceChildren();
      openMap(place, map, marks, pick);
    } catch (error) {
      place.replaceChildren(element("p", { class: "map-note", role: "alert" }, error.message ?? String(error)),
        element("button", { type: "button", class: "button", onclick: load }, "Try again"));
    }
  };
  await load();
}
