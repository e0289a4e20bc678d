import { clock } from "./clock.svelte";
import { formatView, parseView, type Kind, type OpenSlot, type View } from "./lib/address";

/** What the page shows, kept in its address: a reload or a copied link shows the same. */
export class ViewState {
  #current = $state.raw<View>(parseView(location.search));

  /**
   * As of when the matrix is shown, where that is not now. Not derived: every slot hangs on it, and
   * would be looked at whenever anything of the view changes.
   */
  #past = $state(pastOf(this.#current));

  get past(): string | null {
    return this.#past;
  }

  get current(): View {
    return this.#current;
  }

  /** Filter, sort, arrange: no step of the browser's history. */
  change(change: Partial<View>): void {
    this.#set({ ...this.#current, ...change });
    history.replaceState(history.state, "", this.address());
  }

  /** Go to another kind of view, with the filter and whatever else it shares. */
  go(kind: Kind): void {
    if (kind !== this.#current.kind) this.#push({ kind, open: null, at: null });
  }

  /** Show the matrix as of a time: one step of the browser's history, however many are looked at. */
  travel(at: string | null): void {
    if (at === null || this.past) this.change({ at });
    else this.#push({ at });
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

  /** The browser went back or forth: that opens, closes, goes and travels; what is filtered stays. */
  follow(): void {
    const { open, kind, at } = parseView(location.search);
    this.change({ open, kind, at });
  }

  /** Where this view is found, and with a change where that would be. */
  address(change: Partial<View> = {}): string {
    return location.pathname + formatView({ ...this.#current, ...change });
  }

  #set(view: View): void {
    this.#current = view;
    this.#past = pastOf(view);
  }

  #push(change: Partial<View>): void {
    this.#set({ ...this.#current, ...change });
    history.pushState(change.open ? { opened: true } : null, "", this.address());
  }
}

/** On a wall, and anywhere but in the matrix, it is always now; so it is at a time to come. */
function pastOf({ kind, wall, at }: View): string | null {
  const isOver = at !== null && Date.parse(at) < clock.read();
  return isOver && kind === "matrix" && wall === null ? at : null;
}
