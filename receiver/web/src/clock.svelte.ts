const HOUR_MS = 3_600_000;
const TICK_MS = 1_000;
const MOVE_MS = 10_000;
/** A prime, so that times of whole seconds are spread over all turns, too. */
const TURNS = 11;
const TICKS_OF_THE_OLD = 30;

/** The receiver's time, so that a viewer whose own clock is wrong still reads true ages. */
class Clock {
  /** While a past time (ms) is looked at, everything is as old as it was then. */
  stoppedAt = $state<number | null>(null);
  #now = $state(Date.now());
  /** For ages, which take turns: those of thousands of slots at once would be felt. */
  #young = $state(Array<number>(TURNS).fill(Date.now()));
  #old = $state(Array<number>(TURNS).fill(Date.now()));
  /** How long (ms) a deployment is in progress before it counts as stalled. */
  stalledAfterMs = $state(HOUR_MS);
  #ahead = 0;

  /** Moves every 10 s, unless it is stopped. */
  get now(): number {
    return this.stoppedAt ?? this.#now;
  }

  /** The time at this very moment, which nothing that is shown waits for. */
  read(): number {
    return Date.now() + this.#ahead;
  }

  /** The time now for showing the age of `time`; what is old waits longer for its turn. */
  forAgeOf(time: string): number {
    const at = Date.parse(time);
    const turn = Math.abs(at) % TURNS;
    const [young = this.#now, old = this.#now] = [this.#young[turn], this.#old[turn]];
    return this.stoppedAt ?? (old - at > HOUR_MS ? old : young);
  }

  /** Start ticking; returns what stops it. */
  start(): () => void {
    let ticks = 0;
    const timer = setInterval(() => this.#tick(++ticks), TICK_MS);
    const onVisible = () => this.#moveAll();
    document.addEventListener("visibilitychange", onVisible);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", onVisible);
    };
  }

  /** Follow the receiver's clock, known to the second (ms; NaN when it did not tell). */
  set(serverNow: number): void {
    if (Number.isNaN(serverNow)) return;
    const ahead = serverNow - Date.now();
    this.#ahead = Math.abs(ahead) < 2_000 ? 0 : ahead;
    this.#moveAll();
  }

  #tick(ticks: number): void {
    const now = this.read();
    const passed = Math.abs(now - this.#now); // the viewer's clock may be set back
    // Timers sleep with the machine and doze in the background: then all turns were missed.
    if (passed > 2 * MOVE_MS) return this.#moveAll();
    if (passed >= MOVE_MS) this.#now = now;
    this.#young[ticks % TURNS] = now;
    if (ticks % TICKS_OF_THE_OLD === 0) this.#old[(ticks / TICKS_OF_THE_OLD) % TURNS] = now;
  }

  #moveAll(): void {
    this.#now = this.read();
    this.#young.fill(this.#now);
    this.#old.fill(this.#now);
  }
}

export const clock = new Clock();
