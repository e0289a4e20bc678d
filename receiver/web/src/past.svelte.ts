import { getPastMatrix } from "./api";
import { clock } from "./clock.svelte";
import { MatrixState } from "./matrix.svelte";
import { Shown } from "./shown.svelte";
import type { ViewState } from "./view.svelte";

/** The matrix as of the past time that the view names. */
export class Past {
  matrix = $state.raw(new MatrixState());
  shown = $derived.by(() => new Shown(this.matrix, this.view));
  state = $state<"reading" | "read" | "failed">("reading");
  #visit = new AbortController();

  constructor(private readonly view: ViewState) {}

  /** Read it as of this time, and stop the clock there; returns what goes back to now. */
  visit(at: string): () => void {
    clock.stoppedAt = Date.parse(at);
    void this.read(at);
    return () => {
      this.#visit.abort();
      clock.stoppedAt = null;
    };
  }

  /** Read it, perhaps once more. */
  async read(at: string): Promise<void> {
    this.#visit.abort();
    const { signal } = (this.#visit = new AbortController());
    this.state = "reading";
    try {
      const answer = await getPastMatrix(at, signal);
      signal.throwIfAborted();
      this.matrix = new MatrixState();
      this.matrix.install(answer);
      this.state = "read";
    } catch {
      if (!signal.aborted) this.state = "failed";
    }
  }
}
