import type { LogReading } from "./log.svelte";

/** Pages in a row that may bring nothing to show before the viewer is asked whether to go on. */
const BARREN_PAGES = 5;

/** Reads on through the log for as long as its end is in sight and there is something to show. */
export class Endless {
  #barren = $state(0);
  #isEndInSight = $state(false);

  constructor(
    readonly log: LogReading,
    /** How much of what was read is shown. */
    private readonly shown: () => number,
  ) {}

  /** Whether older events are read without being asked for. */
  readsOn = $derived.by(
    () => this.log.hasMore && !this.log.hasFailed && this.#barren < BARREN_PAGES,
  );

  isDue = $derived.by(() => this.#isEndInSight && this.readsOn && !this.log.isLoading);

  async readOn(): Promise<void> {
    const before = this.shown();
    await this.log.readMore();
    this.#barren = this.shown() > before ? 0 : this.#barren + 1;
  }

  /** Another filter, or a viewer who asks for more: look further back again. */
  lookFurther = (): void => {
    this.#barren = 0;
  };

  /** Told of the element at the end of the list; returns what ends that. */
  watch = (end: HTMLElement): (() => void) => {
    const see = ([entry]: IntersectionObserverEntry[]) =>
      (this.#isEndInSight = entry?.isIntersecting ?? false);
    const root = end.closest(".list");
    const observer = new IntersectionObserver(see, { root, rootMargin: "600px" });
    observer.observe(end);
    return () => observer.disconnect();
  };
}
