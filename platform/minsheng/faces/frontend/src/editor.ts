/**
 * The reply editor: saves while one writes, and keeps what is typed on this machine until the
 * server has it, so that a session that ends loses nothing.
 */
import { all, one, onClick } from "./dom";

const PAUSE_MS = 1500;
const PREFIX = "minsheng.draft.";

type Kept = Record<string, string>;

function fields(form: HTMLElement): HTMLTextAreaElement[] {
  return all<HTMLTextAreaElement>("[data-keep]", form);
}

function read(key: string): Kept | null {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key) ?? "null");
    return kept && typeof kept === "object" ? (kept as Kept) : null;
  } catch {
    return null;
  }
}

function keep(form: HTMLElement, key: string): void {
  const said = Object.fromEntries(fields(form).map((field) => [field.name, field.value]));
  localStorage.setItem(key, JSON.stringify(said));
}

function restore(form: HTMLElement, key: string): boolean {
  const kept = read(key);
  if (!kept) return false;
  let changed = false;
  for (const field of fields(form)) {
    const text = kept[field.name];
    if (text !== undefined && text !== field.value) {
      field.value = text;
      changed = true;
    }
  }
  const notice = one("[data-restored]", form);
  if (notice) notice.hidden = !changed;
  return changed;
}

function forgetAll(): void {
  for (const key of Object.keys(localStorage)) if (key.startsWith(PREFIX)) localStorage.removeItem(key);
}

function watch(form: HTMLElement): void {
  const key = PREFIX + form.dataset["editor"];
  let timer = 0;
  let sent = "";
  const now = () => JSON.stringify(fields(form).map((field) => field.value));
  const save = () => {
    sent = now();
    form.dispatchEvent(new CustomEvent("save", { bubbles: true }));
  };
  const later = () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(save, PAUSE_MS);
  };
  if (restore(form, key)) later();
  form.addEventListener("input", () => {
    keep(form, key);
    later();
  });
  // A save that is under way would come behind the submit with an old version.
  form.addEventListener("submit", () => window.clearTimeout(timer));
  document.addEventListener("htmx:after:swap", () => {
    if (one("[data-saved]", form) && sent === now()) localStorage.removeItem(key);
  });
  onClick("[data-mine]", (button) => {
    const version = one<HTMLInputElement>("[data-version]", form) ?? form.appendChild(document.createElement("input"));
    version.type = "hidden";
    version.name = "version";
    version.dataset["version"] = "";
    version.value = button.dataset["mine"] ?? "";
    save();
  });
}

function openParts(): void {
  onClick("[data-opens]", (button) => {
    const part = document.getElementById(button.dataset["opens"] ?? "");
    if (!part) return;
    part.hidden = !part.hidden;
    button.setAttribute("aria-expanded", String(!part.hidden));
  });
  onClick("[data-timeline-filter] button", (button) => {
    const kind = (button as HTMLButtonElement).value;
    for (const other of all("[data-timeline-filter] button")) other.setAttribute("aria-pressed", String(other === button));
    for (const event of all("[data-kind]")) event.hidden = kind !== "" && event.dataset["kind"] !== kind;
  });
  // Of several sheets over one bar only the last one stays open.
  document.addEventListener("toggle", (event) => {
    const opened = event.target;
    if (!(opened instanceof HTMLDetailsElement) || !opened.open || !opened.closest(".handling-actions")) return;
    for (const other of all<HTMLDetailsElement>(".handling-actions details")) if (other !== opened) other.open = false;
  }, true);
}

/** Watches the editor of a case's page, if it has one. */
export function watchEditor(): void {
  openParts();
  const form = one("[data-editor]");
  if (form) watch(form);
  document.addEventListener("submit", (event) => {
    if (event.target instanceof HTMLFormElement && event.target.matches("[data-leave]")) forgetAll();
  });
}
