import { clock } from "./clock.svelte";
import type { DeploymentEvent } from "./api";
import { Endless } from "./endless.svelte";
import { eventFilter } from "./lib/filter";
import { isFinished } from "./lib/order";
import { LogReading } from "./log.svelte";
import type { MatrixState } from "./matrix.svelte";
import type { ViewState } from "./view.svelte";

/** The log as the feed shows it: filtered, and what is new held back while something else is read. */
export class FeedState {
  readonly log = new LogReading({});
  /** While set, events later in the log than this are held back. */
  #shownUpTo = $state<number | undefined>();

  constructor(
    private readonly matrix: MatrixState,
    private readonly view: ViewState,
  ) {}

  /** The ids of the events whose deployment is still in progress. */
  running = $derived.by(() => {
    const ids = new Set<number>();
    for (const { slots } of this.matrix.rows) {
      for (const { current } of slots.values()) {
        if (current.status === "in-progress") ids.add(current.id);
      }
    }
    return ids;
  });

  #wanted = $derived(this.log.events.filter(this.#filter()));

  shown = $derived(this.#wanted.filter((event) => !this.#isHeld(event)));

  readonly endless = new Endless(this.log, () => this.shown.length);

  /** How many are held back. */
  held = $derived(this.#wanted.length - this.shown.length);

  /** Hold back what comes from now on: the viewer reads. */
  hold(): void {
    this.#shownUpTo ??= this.log.events.reduce((id, event) => Math.max(id, event.id), 0);
  }

  release(): void {
    this.#shownUpTo = undefined;
  }

  #isHeld({ id }: DeploymentEvent): boolean {
    return this.#shownUpTo !== undefined && id > this.#shownUpTo;
  }

  /** What only began here, and ended since, is in no state any more. */
  #filter(): (event: DeploymentEvent) => boolean {
    const { current } = this.view;
    const isWanted = eventFilter(current, clock);
    const isOver = (event: DeploymentEvent) => !isFinished(event) && !this.running.has(event.id);
    return (event) => isWanted(event) && !(current.status && isOver(event));
  }
}
