import { formatView, parseView, type View } from "./address";

/** A view that the viewer gave a name, as the query string of its address. */
export interface SavedView {
  name: string;
  query: string;
}

/** The saved views in what a browser keeps; anything else there may be is left out. */
export function parseSaved(text: string | null): SavedView[] {
  try {
    const kept: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(kept) ? kept.filter(isSavedView) : [];
  } catch {
    return [];
  }
}

function isSavedView(kept: unknown): kept is SavedView {
  const { name, query } = (kept ?? {}) as Partial<Record<string, unknown>>;
  return typeof name === "string" && typeof query === "string";
}

/** What a saved view keeps of a view: all but what happens to be open. */
export function queryOf(view: View): string {
  return formatView({ ...view, open: null, wall: null });
}

/** The saved views with one more, by name; one of the same name gives way. */
export function save(saved: SavedView[], name: string, view: View): SavedView[] {
  return [...remove(saved, name), { name, query: queryOf(view) }].sort((a, b) =>
    a.name.localeCompare(b.name),
  );
}

export function remove(saved: SavedView[], name: string): SavedView[] {
  return saved.filter((view) => view.name !== name);
}

/** Whether a saved view shows just what is shown. */
export function isShowing({ query }: SavedView, view: View): boolean {
  return queryOf(parseView(query)) === queryOf(view);
}
