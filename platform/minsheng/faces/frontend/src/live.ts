/**
 * Live parts: an element marked `data-live` asks again and again; the server answers 304 when its
 * ETag still holds. Answers are `no-store`, so the tag is carried here and not by the cache.
 */

interface RequestContext {
  sourceElement?: Element;
  request: { headers: Record<string, string> };
  response?: { status: number; headers: Headers };
}

const tags = new WeakMap<Element, string>();

function contextOf(event: Event): RequestContext | null {
  const detail = (event as CustomEvent<{ ctx?: RequestContext }>).detail;
  return detail?.ctx ?? null;
}

/** Sends the last tag along, keeps the new one, and is still while nobody looks. */
export function watchLive(): void {
  document.addEventListener("htmx:config:request", (event) => {
    const source = contextOf(event)?.sourceElement;
    if (!source?.matches("[data-live]")) return;
    if (document.hidden) event.preventDefault();
    const tag = tags.get(source);
    if (tag) contextOf(event)!.request.headers["If-None-Match"] = tag;
  });
  document.addEventListener("htmx:after:request", (event) => {
    const context = contextOf(event);
    if (!context?.sourceElement?.matches("[data-live]") || !context.response) return;
    const tag = context.response.headers.get("ETag");
    if (tag) tags.set(context.sourceElement, tag);
    // A session that ended answers with the login page: show it whole instead of inside a list.
    if (context.response.status === 401) location.reload();
  });
}
