import { getHistory, type DeploymentEvent } from "./api";
import type { SlotName } from "./lib/address";
import { groupDeployments, mergeEvents } from "./lib/deployments";
import { compareEvents } from "./lib/order";

/** The history of one slot: the pages read so far and what the stream added. */
export class History {
  #events = $state.raw<DeploymentEvent[]>([]);
  deployments = $derived(groupDeployments(this.#events));
  isLoading = $state(false);
  hasFailed = $state(false);
  /** Where the next older page begins; null when there is none, undefined before the first. */
  #cursor = $state<string | null | undefined>();
  #reading = new AbortController();

  constructor(readonly slot: SlotName) {}

  get hasMore(): boolean {
    return typeof this.#cursor === "string";
  }

  get isEmpty(): boolean {
    return this.#cursor === null && this.#events.length === 0;
  }

  /** Read the next older page, or the first. */
  async readMore(): Promise<void> {
    const { signal } = this.#reading;
    this.isLoading = true;
    this.hasFailed = false;
    try {
      const page = await getHistory(this.slot, this.#cursor ?? null, signal);
      if (signal.aborted) return;
      this.#cursor = page.next_cursor;
      this.#events = this.#withoutOlder(mergeEvents(this.#events, page.items), page.items.at(-1));
    } catch {
      this.hasFailed = !signal.aborted;
    }
    if (!signal.aborted) this.isLoading = false;
  }

  /** Add what the stream brought. */
  add(events: DeploymentEvent[]): void {
    const { service, environment } = this.slot;
    const mine = events.filter(
      (event) => event.service === service && event.environment === environment,
    );
    const merged = mergeEvents(this.#events, mine);
    if (mine.length) this.#events = this.#withoutOlder(merged, this.#events.at(-1));
  }

  /** While older pages are unread, what belongs to them waits for its page: no gap is hidden. */
  #withoutOlder(events: DeploymentEvent[], oldest: DeploymentEvent | undefined): DeploymentEvent[] {
    if (!this.hasMore || !oldest) return events;
    return events.filter((event) => compareEvents(event, oldest) >= 0);
  }

  /** Stop reading; a closed history stays as it is. */
  close(): void {
    this.#reading.abort();
  }
}
