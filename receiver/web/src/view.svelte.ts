import { formatView, parseView, type Kind, type OpenSlot, type View } from "./lib/address";

/** What the page shows, kept in its address: a reload or a copied link shows the same. */
export class ViewState {
  #current = $state.raw<View>(parseView(location.search));

  get current(): View {
    return this.#current;
  }

  /** Filter, sort, arrange: no step of the browser's history. */
  change(change: Partial<View>): void {
    this.#current = { ...this.#current, ...change };
    history.replaceState(history.state, "", this.address());
  }

  /** Go to another kind of view, with the filter and whatever else it shares. */
  go(kind: Kind): void {
    if (kind !== this.#current.kind) this.#push({ kind, open: null });
  }

  /** Open a slot's history, one step of the browser's history however many are looked through. */
  openSlot(open: OpenSlot): void {
    if (this.#current.open) this.change({ open });
    else this.#push({ open });
  }

  closeSlot(): void {
    // Where the page itself opened it, going back leaves no step that opens it again.
    if (history.state?.opened) history.back();
    else this.change({ open: null });
  }

  /** The browser went back or forth: that opens, closes and goes; what is filtered stays. */
  follow(): void {
    const { open, kind } = parseView(location.search);
    this.change({ open, kind });
  }

  /** Where this view is found, and with a change where that would be. */
  address(change: Partial<View> = {}): string {
    return location.pathname + formatView({ ...this.#current, ...change });
  }

  #push(change: Partial<View>): void {
    this.#current = { ...this.#current, ...change };
    history.pushState(change.open ? { opened: true } : null, "", this.address());
  }
}
