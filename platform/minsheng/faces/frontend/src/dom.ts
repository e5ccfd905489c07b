/** Small helpers over the document. */

/** All elements that match, as an array. */
export function all<E extends HTMLElement>(selector: string, within: ParentNode = document): E[] {
  return Array.from(within.querySelectorAll<E>(selector));
}

/** The first element that matches. */
export function one<E extends HTMLElement>(selector: string, within: ParentNode = document): E | null {
  return within.querySelector<E>(selector);
}

/** Runs `act` for clicks on, or inside, elements that match, now or later. */
export function onClick(selector: string, act: (element: HTMLElement, event: MouseEvent) => void): void {
  document.addEventListener("click", (event) => {
    const hit = event.target instanceof Element ? event.target.closest<HTMLElement>(selector) : null;
    if (hit) act(hit, event);
  });
}

/** Whether the keyboard belongs to a field, or to a modifier chord of the browser's. */
export function isTyping(event: KeyboardEvent): boolean {
  const element = event.target;
  const field = element instanceof HTMLElement && element.matches("input, select, textarea, [contenteditable]");
  return field || event.ctrlKey || event.metaKey || event.altKey || event.isComposing;
}
