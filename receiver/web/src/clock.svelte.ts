const TICK_MS = 10_000;

/** The receiver's time, so that a viewer whose own clock is wrong still reads true ages. */
class Clock {
  now = $state(Date.now());
  #ahead = 0;

  /** Start ticking; returns what stops it. */
  start(): () => void {
    const tick = () => (this.now = Date.now() + this.#ahead);
    const timer = setInterval(tick, TICK_MS);
    // Timers sleep with the machine and doze in the background.
    document.addEventListener("visibilitychange", tick);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", tick);
    };
  }

  /** Follow the receiver's clock, known to the second (ms; NaN when it did not tell). */
  set(serverNow: number): void {
    if (Number.isNaN(serverNow)) return;
    const ahead = serverNow - Date.now();
    this.#ahead = Math.abs(ahead) < 2_000 ? 0 : ahead;
    this.now = Date.now() + this.#ahead;
  }
}

export const clock = new Clock();
