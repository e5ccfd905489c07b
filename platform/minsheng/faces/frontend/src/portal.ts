// What the portal's pages do beyond plain links and forms: a draft that outlives a lost connection,
// similar matters while one types, copying and printing the query code. Every page works without it.
import { all, one } from "./dom";

// Not who writes: the machine may be a library's, and the name is quickly typed again.
const FIELDS = ["key", "subject", "body", "region"];
const KEPT_FOR = 7 * 24 * 3600 * 1000;
const PAUSE = 400;

interface Draft {
  at: number;
  step: number;
  said: Record<string, string>;
}

type Field = HTMLInputElement | HTMLTextAreaElement;

/** The store of this browser, or nothing where it is switched off. */
function store(): Storage | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

function nameOf(office: string): string {
  return `minsheng-draft-${office}`;
}

function readDraft(office: string): Draft | null {
  try {
    const draft = JSON.parse(store()?.getItem(nameOf(office)) ?? "null") as Draft | null;
    const fresh = draft !== null && Date.now() - draft.at < KEPT_FOR;
    return fresh && Object.entries(draft.said).some(([name, text]) => name !== "key" && text) ? draft : null;
  } catch {
    return null;
  }
}

function dropDraft(office: string): void {
  store()?.removeItem(nameOf(office));
}

function fieldsOf(form: HTMLFormElement): Field[] {
  return FIELDS.map((name) => form.elements.namedItem(name)).filter(
    (field): field is Field => field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement,
  );
}

/** Keeps what stands in the form; false where the browser has no room or refuses. */
function keepDraft(form: HTMLFormElement, office: string): boolean {
  const said = Object.fromEntries(fieldsOf(form).map((field) => [field.name, field.value]));
  const draft: Draft = { at: Date.now(), step: Number(form.dataset["step"]), said };
  try {
    store()?.setItem(nameOf(office), JSON.stringify(draft));
    return store() !== null;
  } catch {
    return false;
  }
}

function useDraft(form: HTMLFormElement, draft: Draft): void {
  for (const field of fieldsOf(form)) {
    const kept = draft.said[field.name];
    if (kept) field.value = kept;
  }
}

function watchDraft(): void {
  const form = one<HTMLFormElement>("form[data-draft]");
  const office = form?.dataset["draft"];
  if (!form || !office) return;
  const offer = one("[data-draft-offer]");
  const draft = readDraft(office);
  const first = form.dataset["step"] === "1" && fieldsOf(form).every((field) => field.name === "key" || !field.value);
  if (draft && first && offer) {
    offer.hidden = false;
    form.before(offer);
    one("[data-draft-use]", offer)?.addEventListener("click", () => {
      useDraft(form, draft);
      offer.hidden = true;
      one<Field>("#subject")?.focus();
    });
    one("[data-draft-drop]", offer)?.addEventListener("click", () => {
      dropDraft(office);
      offer.hidden = true;
    });
  } else {
    keepDraft(form, office);
  }
  const told = one("[data-draft-kept]");
  form.addEventListener("input", () => {
    const kept = keepDraft(form, office);
    if (told) told.hidden = !kept;
  });
}

/** Shows public matters that are like what is being typed. */
function watchSimilar(): void {
  const place = one("[data-similar]");
  const field = one<HTMLInputElement>("#subject");
  const form = one<HTMLFormElement>("#write");
  const address = place?.dataset["similar"];
  if (!place || !field || !form || !address) return;
  let waiting = 0;
  let asked = 0;
  const ask = async (): Promise<void> => {
    const turn = ++asked;
    if (field.value.trim().length < 4) {
      place.hidden = true;
      return;
    }
    const body = new URLSearchParams();
    body.set("csrf_token", one<HTMLInputElement>("[name=csrf_token]", form)?.value ?? "");
    body.set("subject", field.value.slice(0, 100));
    try {
      const answer = await fetch(address, { method: "POST", body });
      const part = answer.ok ? (await answer.text()).trim() : "";
      if (turn !== asked) return;
      place.innerHTML = part;
      place.hidden = !part;
    } catch {
      place.hidden = true;
    }
  };
  field.addEventListener("input", () => {
    window.clearTimeout(waiting);
    waiting = window.setTimeout(() => void ask(), PAUSE);
  });
}

/** The query code: copied, printed, sent; and the draft it came from is done with. */
function watchCode(): void {
  const done = one("[data-draft-done]")?.dataset["draftDone"];
  if (done) dropDraft(done);
  for (const tools of all("[data-script]")) tools.hidden = false;
  one("[data-print]")?.addEventListener("click", () => window.print());
  const copy = one<HTMLButtonElement>("[data-copy]");
  copy?.addEventListener("click", () => void copyCode(copy));
}

async function copyCode(button: HTMLButtonElement): Promise<void> {
  const code = one("[data-code]");
  if (!code) return;
  try {
    await navigator.clipboard.writeText(code.textContent?.trim() ?? "");
    button.textContent = button.dataset["copied"] ?? "";
  } catch {
    window.getSelection()?.selectAllChildren(code);
  }
}

watchDraft();
watchSimilar();
watchCode();
