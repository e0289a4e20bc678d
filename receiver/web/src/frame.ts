const HIDDEN_TAB_MS = 250;
/** A burst comes on the screen over some frames rather than in one that is felt. */
const MOST_PER_FRAME = 250;

/**
 * Collects values and hands them on together, once per frame at most. A tab in the background gets
 * no frames, but its title and icon still have to tell the truth: there a timer takes over.
 */
export class FrameQueue<Value> {
  #waiting: Value[] = [];
  #frame = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly handle: (values: Value[]) => void) {}

  push(value: Value): void {
    if (this.#waiting.push(value) === 1) this.#schedule();
  }

  /** Everything that waits, which then waits no longer. */
  take(): Value[] {
    this.#cancel();
    return this.#waiting.splice(0);
  }

  #flush(): void {
    this.#cancel();
    const values = this.#waiting.splice(0, MOST_PER_FRAME);
    if (this.#waiting.length) this.#schedule();
    this.handle(values);
  }

  #schedule(): void {
    const flush = () => this.#flush();
    this.#frame = requestAnimationFrame(flush);
    this.#timer = setTimeout(flush, HIDDEN_TAB_MS);
  }

  #cancel(): void {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#timer);
  }
}
