/** Rows that are picked: a bar with what can be done to all of them, and ten seconds to undo it. */
import { all, one } from "./dom";

const UNDO_SECONDS = 10;
const picked = new Set<string>();

function boxes(): HTMLInputElement[] {
  return all<HTMLInputElement>("[data-pick-row]");
}

function show(): void {
  const bar = one<HTMLFormElement>("[data-bulk]");
  if (!bar) return;
  const here = boxes();
  for (const box of here) box.checked = picked.has(box.value);
  const count = here.filter((box) => box.checked).length;
  bar.hidden = count === 0;
  const words = one("[data-bulk-count]", bar);
  if (words) words.textContent = String(count);
  const every = one<HTMLInputElement>("[data-bulk-all]", bar);
  if (every) {
    every.checked = count > 0 && count === here.length;
    every.indeterminate = count > 0 && count < here.length;
  }
}

function pick(number: string, on: boolean): void {
  if (on) picked.add(number);
  else picked.delete(number);
  show();
}

/** Picks or leaves the row of this element id. */
export function pickRow(id: string): void {
  const box = one<HTMLInputElement>("[data-pick-row]", document.getElementById(id) ?? document);
  if (box) pick(box.value, !picked.has(box.value));
}

function countDown(): void {
  const offer = one("[data-undo]");
  const left = offer && one("[data-undo-left]", offer);
  if (!offer || !left) return;
  let seconds = UNDO_SECONDS;
  const timer = window.setInterval(() => {
    seconds -= 1;
    left.textContent = String(Math.max(seconds, 0));
    if (seconds > 0) return;
    window.clearInterval(timer);
    for (const part of all("button, [data-undo-left]", offer)) part.hidden = true;
  }, 1000);
}

/** Keeps what is picked over a refresh of the list; the server decides what may be undone. */
export function watchBulk(): void {
  countDown();
  document.addEventListener("change", (event) => {
    const box = event.target;
    if (!(box instanceof HTMLInputElement)) return;
    if (box.matches("[data-pick-row]")) pick(box.value, box.checked);
    if (box.matches("[data-bulk-all]")) for (const each of boxes()) pick(each.value, box.checked);
  });
  document.addEventListener("htmx:after:swap", show);
  window.addEventListener("pageshow", () => {
    picked.clear();
    show();
  });
}
