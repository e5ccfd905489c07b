/** Trying a channel's settings: how long it takes is shown, and it can be given up. */
import { one } from "./dom";

function watchCheck(form: HTMLFormElement): void {
  const start = one<HTMLButtonElement>("[data-check-start]", form);
  const stop = one<HTMLButtonElement>("[data-check-stop]", form);
  const time = one("[data-check-time]", form);
  const place = one("[data-check-place]", form);
  if (!start || !stop || !time || !place) return;
  let asking: AbortController | null = null;

  async function ask(address: string, begun: AbortController): Promise<void> {
    const body = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (typeof value === "string") body.append(name, value);
    try {
      const answer = await fetch(address, { method: "POST", body, signal: begun.signal, credentials: "same-origin" });
      if (answer.status === 401) location.reload();
      place!.innerHTML = await answer.text();
    } catch {
      place!.replaceChildren();
    }
  }

  start.addEventListener("click", () => {
    const begun = new AbortController();
    asking = begun;
    const since = Date.now();
    const show = () => {
      time.textContent = `${time.dataset["words"]} ${Math.round((Date.now() - since) / 1000)} ${time.dataset["unit"]}`;
    };
    show();
    const timer = window.setInterval(show, 1000);
    place.replaceChildren();
    start.disabled = true;
    stop.hidden = false;
    void ask(start.dataset["checkStart"] ?? "", begun).finally(() => {
      window.clearInterval(timer);
      time.textContent = "";
      start.disabled = false;
      stop.hidden = true;
    });
  });
  stop.addEventListener("click", () => asking?.abort());
}

/** Watches the form for a new channel, if the page has it. */
export function watchChannel(): void {
  const form = one<HTMLFormElement>("[data-check]");
  if (form) watchCheck(form);
}
