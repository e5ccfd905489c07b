/** The queue: one row is selected; on wide screens its preview stands beside the list. */
import { pickRow, watchBulk } from "./bulk";
import { all, isTyping, one, onClick } from "./dom";

const WIDE = matchMedia("(min-width: 1320px)");
const PREVIEW_DELAY_MS = 120;

let selected = "";
let timer = 0;
let showing = "";

function rows(): HTMLElement[] {
  return all("[data-row]");
}

function mark(row: HTMLElement): void {
  for (const other of rows()) other.toggleAttribute("data-selected", other === row);
  selected = row.id;
  window.clearTimeout(timer);
  timer = window.setTimeout(() => void preview(row), PREVIEW_DELAY_MS);
}

async function preview(row: HTMLElement): Promise<void> {
  const place = one("#preview");
  const address = row.dataset["preview"];
  if (!place || !address || !WIDE.matches || showing === address) return;
  const answer = await fetch(address, { credentials: "same-origin" });
  // A session that ended leads to the login page: show it whole.
  if (answer.redirected) location.reload();
  if (!answer.ok || answer.redirected || row.id !== selected) return;
  place.innerHTML = await answer.text();
  place.hidden = false;
  place.scrollTop = 0;
  showing = address;
}

function move(step: number): void {
  const list = rows();
  const at = list.findIndex((row) => row.id === selected);
  const next = list[Math.max(0, Math.min(list.length - 1, at + step))];
  if (!next) return;
  mark(next);
  one<HTMLAnchorElement>("a", next)?.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

/** Opens what a key asks for at the selected row: the same address with a place or a wish. */
function open(suffix: string): void {
  const row = selected ? document.getElementById(selected) : null;
  const link = row && one<HTMLAnchorElement>("a", row);
  if (link) location.assign(link.href + suffix);
}

function keepSelection(): void {
  const list = rows();
  const row = list.find((one) => one.id === selected) ?? (WIDE.matches ? list[0] : undefined);
  if (row) mark(row);
}

/** j and k move, x picks, m d r go to a place of the case, Enter opens, a click beside the link selects; the selection survives a refresh. */
export function watchQueue(): void {
  if (!one("[data-queue]")) return;
  keepSelection();
  watchBulk();
  document.addEventListener("htmx:after:swap", keepSelection);
  WIDE.addEventListener("change", keepSelection);
  onClick("[data-row]", (row, event) => {
    if (event.target instanceof Element && !event.target.closest("a, input")) mark(row);
  });
  document.addEventListener("focusin", (event) => {
    const row = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-row]") : null;
    if (row && row.id !== selected) mark(row);
  });
  document.addEventListener("keydown", (event) => {
    if (isTyping(event)) return;
    if (one("dialog[open]")) return;
    if (event.key === "j") move(1);
    if (event.key === "k") move(-1);
    if (event.key === "m") open("#similar");
    if (event.key === "d") open("#dispatch");
    if (event.key === "r") open("#reply");
    if (event.key === "x" && selected) pickRow(selected);
    const link = event.target === document.body && selected ? one<HTMLAnchorElement>("a", document.getElementById(selected)!) : null;
    if (event.key === "Enter" && link) link.click();
  });
}
