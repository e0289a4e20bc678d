import { untrack } from "svelte";
import { getDeployments, LARGEST_PAGE, type DeploymentEvent, type LogQuery } from "./api";
import { mergeEvents } from "./lib/deployments";
import { compareEvents, instant } from "./lib/order";
import type { Live } from "./live.svelte";

const PAGE = 100;
/** So many may the stream add to what was asked for. */
const MOST_ADDED = 2_000;

/** The log, or some of it, as far back as it was read, with what the stream adds. */
export class LogReading {
  /** Newest first, each once, without a gap. */
  events = $state.raw<DeploymentEvent[]>([]);
  isLoading = $state(false);
  hasFailed = $state(false);
  /** Where the next older page begins; null when there is none, undefined before the first. */
  #cursor = $state<string | null | undefined>();
  /** How many events there were when older ones were last asked for. */
  #asked = 0;
  #reading = new AbortController();
  #last: (signal: AbortSignal) => Promise<void> = async () => {};
  /** What the stream brought while a reading from the beginning was under way. */
  #arrived: DeploymentEvent[] = [];

  constructor(
    readonly query: LogQuery,
    private readonly page = PAGE,
  ) {}

  get hasMore(): boolean {
    return typeof this.#cursor === "string";
  }

  /** Whether it was read back to its first event. */
  get isWhole(): boolean {
    return this.#cursor === null;
  }

  get isEmpty(): boolean {
    return this.isWhole && this.events.length === 0;
  }

  /** Read the next older page, or the first. */
  async readMore(): Promise<void> {
    if (this.isLoading) return;
    await this.#read(async (signal) => {
      const page = await getDeployments(this.query, this.#cursor ?? null, this.page, signal);
      signal.throwIfAborted();
      this.#cursor = page.next_cursor;
      this.events = this.#withoutOlder(mergeEvents(this.events, page.items), page.items.at(-1));
      this.#asked = this.events.length;
    });
  }

  /** Read all of it again, as far back as before: the stream has left something out. */
  async readAgain(): Promise<void> {
    await this.#readNewest(Math.max(this.events.length, this.page));
  }

  /** Let the oldest go where the stream has added too many: a page may be open for weeks. */
  async shorten(): Promise<void> {
    if (this.isLoading || this.events.length - this.#asked <= MOST_ADDED) return;
    await this.#readNewest(this.page);
  }

  async #readNewest(wanted: number): Promise<void> {
    this.#arrived = [];
    await this.#read(async (signal) => {
      const items: DeploymentEvent[] = [];
      let cursor: string | null = null;
      do {
        const limit = Math.min(LARGEST_PAGE, wanted - items.length);
        const page = await getDeployments(this.query, cursor, limit, signal);
        signal.throwIfAborted();
        items.push(...page.items);
        cursor = page.next_cursor;
      } while (cursor !== null && items.length < wanted);
      this.#cursor = cursor;
      this.events = this.#withoutOlder(mergeEvents(items, this.#arrived), items.at(-1));
    });
  }

  /** Do again what has failed. */
  async tryAgain(): Promise<void> {
    await this.#read(this.#last);
  }

  async #read(read: (signal: AbortSignal) => Promise<void>): Promise<void> {
    this.#last = read;
    this.#reading.abort();
    this.#reading = new AbortController();
    const { signal } = this.#reading;
    this.isLoading = true;
    this.hasFailed = false;
    try {
      await read(signal);
    } catch {
      this.hasFailed = !signal.aborted;
    }
    if (!signal.aborted) this.isLoading = false;
  }

  /** Add what the stream brought. */
  add(events: DeploymentEvent[]): void {
    const mine = events.filter((event) => this.#wants(event));
    if (mine.length === 0) return;
    if (this.isLoading) this.#arrived.push(...mine);
    this.events = this.#withoutOlder(mergeEvents(this.events, mine), this.events.at(-1));
  }

  #wants({ service, environment, status, happened_at }: DeploymentEvent): boolean {
    const { query } = this;
    return (
      (query.service ?? service) === service &&
      (query.environment ?? environment) === environment &&
      (query.status ?? status) === status &&
      (query.until === undefined || instant(happened_at) < instant(query.until))
    );
  }

  /** While older pages are unread, what belongs to them waits for its page: no gap is hidden. */
  #withoutOlder(events: DeploymentEvent[], oldest: DeploymentEvent | undefined): DeploymentEvent[] {
    if (!this.hasMore || !oldest) return events;
    return events.filter((event) => compareEvents(event, oldest) >= 0);
  }

  /** Stop reading; it stays as it is. */
  close(): void {
    this.#reading.abort();
  }
}

/**
 * Keep a reading true to the log while the page is live; returns what ends that. It is shortened
 * only while its viewer sees the top of it.
 */
export function followLog(
  log: LogReading,
  live: Live,
  isTopSeen: () => boolean = () => false,
): () => void {
  // Before the matrix there is no stream to go on with; read again, it was the stream that had gaps.
  if (live.loads === 0) return () => {};
  const stopListening = live.listen((events) => {
    log.add(events);
    if (isTopSeen()) void log.shorten();
  });
  void untrack(() => log.readAgain());
  return () => {
    stopListening();
    log.close();
  };
}
