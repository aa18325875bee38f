// A film in a dialog, loaded by its tconst.
import { getMovie } from "./api.js";
import { element, openDialog } from "./dom.js";
import { filmCard } from "./film_card.js";

/** `talkAbout(film)`, if given, begins a line about the film. */
export function openFilmDialog(tconst, memory, talkAbout = null) {
  const content = element("div", { class: "dialog-content" }, element("p", { class: "quiet" }, "Loading …"));
  const dialog = openDialog({ title: "About this film", className: "film-dialog", content });
  const load = async (id) => {
    try {
      const film = await getMovie(id);
      content.replaceChildren(filmCard(film, { memory, openFilm: load }));
      if (talkAbout) {
        content.append(element("div", { class: "dialog-buttons" }, element("button", { type: "button", class: "button",
          onclick: () => { dialog.close(); talkAbout(film); } }, "Something like this")));
      }
    } catch (error) {
      content.replaceChildren(element("p", { role: "alert" }, error.message),
        element("button", { type: "button", class: "button", onclick: () => load(id) }, "Try again"));
    }
  };
  load(tconst);
  return dialog;
}
