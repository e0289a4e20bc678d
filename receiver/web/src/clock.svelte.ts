const HOUR_MS = 3_600_000;
const TICK_MS = 10_000;
const TICKS_OF_THE_OLD = 30;

/** The receiver's time, so that a viewer whose own clock is wrong still reads true ages. */
class Clock {
  /** While a past time (ms) is looked at, everything is as old as it was then. */
  stoppedAt = $state<number | null>(null);
  #now = $state(Date.now());
  /** How long (ms) a deployment is in progress before it counts as stalled. */
  stalledAfterMs = $state(HOUR_MS);
  #slow = $state(Date.now());
  #ahead = 0;

  /** Ticks every 10 s, unless it is stopped. */
  get now(): number {
    return this.stoppedAt ?? this.#now;
  }

  /** The time at this very moment, which nothing that is shown waits for. */
  read(): number {
    return Date.now() + this.#ahead;
  }

  /** The time now for showing the age of `time`; what is old waits for a rarer tick. */
  forAgeOf(time: string): number {
    const isOld = this.#slow - Date.parse(time) > HOUR_MS;
    return this.stoppedAt ?? (isOld ? this.#slow : this.#now);
  }

  /** Start ticking; returns what stops it. */
  start(): () => void {
    let ticks = 0;
    const timer = setInterval(() => this.#tick(++ticks % TICKS_OF_THE_OLD === 0), TICK_MS);
    // Timers sleep with the machine and doze in the background.
    const onVisible = () => this.#tick(true);
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
    this.#tick(true);
  }

  #tick(includesTheOld: boolean): void {
    this.#now = this.read();
    if (includesTheOld) this.#slow = this.#now;
  }
}

export const clock = new Clock();
