/** A switch that marks, or stops marking, what texts have in common. Remembered on this machine. */
import { all, onClick } from "./dom";

const REMEMBERED = "minsheng.compare";

function show(on: boolean): void {
  for (const part of all("[data-compare]")) part.classList.toggle("compare-on", on);
  for (const part of all(".legend")) part.hidden = !on;
  for (const button of all("[data-compare-switch]")) button.setAttribute("aria-pressed", String(on));
}

/** Turns marking on or off by the switch; the key `v` presses it. */
export function watchCompare(): void {
  if (localStorage.getItem(REMEMBERED) === "off") show(false);
  onClick("[data-compare-switch]", (button) => {
    const on = button.getAttribute("aria-pressed") !== "true";
    localStorage.setItem(REMEMBERED, on ? "on" : "off");
    show(on);
  });
}
