/** Keys that work on every page: `?` shows them, `/` searches, `u` goes up, digits press buttons. */
import { isTyping, one, onClick } from "./dom";

function press(selector: string): void {
  one(selector)?.click();
}

function help(): void {
  const sheet = one<HTMLDialogElement>("dialog#keys");
  if (sheet && !sheet.open) sheet.showModal();
}

/** Below 900 px the views lie in a row that scrolls: brings the current one into sight. */
export function showCurrentView(): void {
  const views = one("#views");
  const current = one("[aria-current]", views ?? document);
  if (views && current && current.offsetLeft + current.offsetWidth > views.clientWidth) {
    views.scrollLeft = current.offsetLeft - 16;
  }
}

/** Listens for keys unless a field or a dialog has them. */
export function watchKeys(): void {
  onClick("[data-keys-open]", help);
  onClick("dialog", (dialog, event) => {
    if (event.target === dialog) (dialog as HTMLDialogElement).close();
  });
  document.addEventListener("keydown", (event) => {
    if (isTyping(event) || one("dialog[open]")) return;
    if (event.key === "?") help();
    if (event.key === "u") press("[data-up]");
    if (event.key === "v") press("[data-compare-switch]");
    if (/^[1-9n]$/.test(event.key)) press(`[data-key="${event.key}"]`);
    if (event.key === "/") {
      event.preventDefault();
      one<HTMLInputElement>("[data-search]")?.select();
    }
  });
}
