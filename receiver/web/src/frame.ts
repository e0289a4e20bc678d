const HIDDEN_TAB_MS = 250;

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
    if (this.#waiting.push(value) > 1) return;
    const flush = () => this.handle(this.take());
    this.#frame = requestAnimationFrame(flush);
    this.#timer = setTimeout(flush, HIDDEN_TAB_MS);
  }

  /** Everything that waits, which then waits no longer. */
  take(): Value[] {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#timer);
    const values = this.#waiting;
    this.#waiting = [];
    return values;
  }
}
