/** Forms: sent once, searched while typing stops; notices leave the address bar once read. */
import { all, one, onClick } from "./dom";

const TYPING_PAUSE_MS = 500;

function sendOnce(): void {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !form.matches("[data-once]")) return;
    if (form.dataset["sent"]) event.preventDefault();
    form.dataset["sent"] = "yes";
    for (const button of all("button[type=submit]", form)) button.setAttribute("aria-disabled", "true");
  });
  // Coming back by the history, the form may be sent again.
  window.addEventListener("pageshow", () => {
    for (const form of all("form[data-sent]")) {
      delete form.dataset["sent"];
      for (const button of all("[aria-disabled]", form)) button.removeAttribute("aria-disabled");
    }
  });
}

function searchWhileTyping(): void {
  const field = one<HTMLInputElement>("[data-search]");
  if (!field) return;
  let timer = 0;
  let sent = field.value;
  const search = () => {
    if (field.value !== sent) field.form?.requestSubmit();
    sent = field.value;
  };
  field.addEventListener("input", (event) => {
    window.clearTimeout(timer);
    if (!(event as InputEvent).isComposing) timer = window.setTimeout(search, TYPING_PAUSE_MS);
  });
  if (field.value && new URL(location.href).searchParams.has("q")) {
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
  }
}

/** Leaves empty fields out of the address of a search, so that it says only what is chosen. */
function sendLean(): void {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !form.matches("[data-lean]")) return;
    const empty = all<HTMLInputElement>("input[name], select[name]", form).filter((field) => !field.value);
    for (const field of empty) field.disabled = true;
    window.setTimeout(() => {
      for (const field of empty) field.disabled = false;
    });
  });
}

function forgetNotice(): void {
  const here = new URL(location.href);
  if (!here.searchParams.has("done")) return;
  here.searchParams.delete("done");
  here.searchParams.delete("about");
  history.replaceState(history.state, "", here);
}

/** Watches every form of the page. */
export function watchForms(): void {
  sendOnce();
  searchWhileTyping();
  sendLean();
  forgetNotice();
  onClick("[data-print]", () => window.print());
}
