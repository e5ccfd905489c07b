/** Administrators' pages: choosing all lines at once, filters that apply when they change. */
import { all, one } from "./dom";

function pickAll(): void {
  const every = one<HTMLInputElement>("[data-pick-all]");
  if (!every) return;
  const picks = all<HTMLInputElement>("[data-pick]");
  const show = () => {
    const picked = picks.filter((each) => each.checked).length;
    every.checked = picked > 0 && picked === picks.length;
    every.indeterminate = picked > 0 && picked < picks.length;
  };
  const label = every.closest("label");
  if (label) label.hidden = picks.length === 0;
  every.addEventListener("change", () => {
    for (const each of picks) each.checked = every.checked;
  });
  for (const each of picks) each.addEventListener("change", show);
}

function sendOnChange(): void {
  for (const field of all<HTMLSelectElement>("[data-send]")) {
    field.addEventListener("change", () => field.form?.requestSubmit());
  }
}

/** Watches the lists of the administrators' pages. */
export function watchAdmin(): void {
  pickAll();
  sendOnChange();
}
