// The chips of what was understood, above the field for the next message.
import { byId, element, icon } from "./dom.js";
import { chipsOf } from "./wishes.js";

/**
 * Shows the chips of a state. `remove(chip)` takes one away, `change(chip)` opens what changes it. Movies for which
 * `isKnown(name)` is true are left out; they have their verdict on their cards.
 */
export function showWishes(preferences, isKnown, { remove, change }) {
  const box = byId("wishes");
  const chips = chipsOf(preferences, isKnown);
  box.hidden = chips.length === 0;
  box.replaceChildren(element("span", { class: "wishes-label" }, "Understood"), ...chips.map((chip) =>
    element("span", { class: chip.not ? "chip not" : "chip" },
      element("button", { type: "button", class: "chip-text", "aria-haspopup": "dialog", title: "Change",
        onclick: () => change(chip) }, chip.text),
      element("button", { type: "button", class: "chip-remove", "aria-label": `Remove: ${chip.text}`, title: "Remove",
        onclick: () => remove(chip) }, icon("close")))));
}
