import { formatView, parseView, type SlotName, type View } from "./lib/address";

/** What the page shows, kept in its address: a reload or a copied link shows the same. */
export class ViewState {
  #view = $state.raw<View>(parseView(location.search));

  get text() {
    return this.#view.text;
  }

  get status() {
    return this.#view.status;
  }

  get open() {
    return this.#view.open;
  }

  filter(change: Partial<Pick<View, "text" | "status">>): void {
    this.#replace({ ...this.#view, ...change });
  }

  /** Open a slot's history, one step of the browser's history however many are looked through. */
  openSlot(open: SlotName): void {
    const view = { ...this.#view, open };
    if (this.#view.open) return this.#replace(view);
    this.#view = view;
    history.pushState({ opened: true }, "", this.#address());
  }

  closeSlot(): void {
    // Where the page itself opened it, going back leaves no step that opens it again.
    if (history.state?.opened) history.back();
    else this.#replace({ ...this.#view, open: null });
  }

  /** The browser went back or forth: that opens and closes, what is filtered stays. */
  follow(): void {
    const { open } = parseView(location.search);
    this.#replace({ ...this.#view, open });
  }

  #replace(view: View): void {
    this.#view = view;
    history.replaceState(history.state, "", this.#address());
  }

  #address(): string {
    return location.pathname + formatView(this.#view);
  }
}
