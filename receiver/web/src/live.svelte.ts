import { getEnvironments, getMatrix, getVersion, type DeploymentEvent } from "./api";
import { clock } from "./clock.svelte";
import { FrameQueue } from "./frame";
import { connection, pause, type Link } from "./lib/connection";
import type { MatrixState } from "./matrix.svelte";
import { followStream } from "./stream";

const RETRY_MS = 1_000;
/** A connection that held this long was a good one: the next break counts as a first failure. */
const STEADY_MS = 10_000;
/** How often a break is looked at, to call it one. */
const LOOK_MS = 500;

type Listener = (events: DeploymentEvent[]) => void;

/** Keeps a matrix live: loads it, follows the event stream from there, and comes back. */
export class Live {
  link = $state.raw<Link>({ state: "new", since: Date.now() });
  #now = $state(Date.now());
  connection = $derived(connection(this.link, this.#now));
  /** How often the whole matrix was loaded; at each, other readings may have missed events. */
  loads = $state(0);
  /** The receiver's version when the page first reached it, and now. */
  versions = $state.raw<{ first: string; now: string } | null>(null);

  #position = 0;
  #isStale = true;
  #retry = RETRY_MS;
  #connection = new AbortController();
  #wake = () => {};
  #listeners = new Set<Listener>();
  #queue = new FrameQueue<DeploymentEvent>((events) => this.#apply(events));
  /** The services being read again, each with the events that came since it was asked for. */
  #rereading = new Map<string, DeploymentEvent[]>();
  /** How many environments the receiver has put in order, or was asked to. */
  #placed = 0;

  constructor(private readonly matrix: MatrixState) {}

  /** Hear every batch of events; returns what ends that. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Try again at once: the network or the viewer is back. */
  wake(): void {
    this.#wake();
  }

  /** Stay connected until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const look = setInterval(() => (this.#now = Date.now()), LOOK_MS);
    signal.addEventListener("abort", () => this.#connection.abort());
    for (let failures = 0; !signal.aborted;) {
      const startedAt = Date.now();
      this.#connection = new AbortController();
      await this.#connect(this.#connection.signal).catch(this.#explain);
      this.#connection.abort(); // and with it what was asked meanwhile
      if (this.link.state === "open") this.link = { state: "closed", since: Date.now() };
      failures = Date.now() - startedAt > STEADY_MS ? 1 : failures + 1;
      await this.#sleep(pause(failures, this.#retry, Math.random()));
    }
    clearInterval(look);
  }

  async #connect(signal: AbortSignal): Promise<void> {
    if (this.#isStale) await this.#load(signal);
    // One attempt may resume; when it gets no stream, the next asks for the matrix first.
    this.#isStale = true;
    await followStream(
      this.#position,
      {
        opened: () => this.#opened(signal),
        received: (event) => {
          this.#position = event.id;
          this.#queue.push(event);
        },
        resync: () => this.#startOver(this.#connection),
        retry: (ms) => (this.#retry = ms),
      },
      signal,
    );
  }

  async #load(signal: AbortSignal): Promise<void> {
    const { matrix, serverNow } = await getMatrix(undefined, signal);
    // Whatever still waits here is in the answer, or the stream will bring it again.
    this.#queue.take();
    this.#position = matrix.last_event_id;
    clock.set(serverNow);
    this.matrix.install(matrix);
    this.#placed = matrix.environments.length;
    this.loads += 1;
  }

  #opened(signal: AbortSignal): void {
    this.#isStale = false;
    this.link = { state: "open", since: Date.now() };
    void this.#placeEnvironments();
    getVersion(signal)
      .then((now) => (this.versions = { first: this.versions?.first ?? now, now }))
      .catch(() => {}); // asked again at the next connection
  }

  /** End a connection so that the next one begins with the whole matrix. */
  #startOver(connection: AbortController): void {
    this.#isStale = true;
    connection.abort();
  }

  #apply(events: DeploymentEvent[]): void {
    for (const event of events) this.#rereading.get(event.service)?.push(event);
    this.#fold(events);
    void this.#placeEnvironments();
    for (const listener of this.#listeners) listener(events);
  }

  #fold(events: DeploymentEvent[]): void {
    for (const { service } of this.matrix.fold(events)) void this.#reread(service);
  }

  /** Ask for the row of an event that its slot could not decide. */
  async #reread(service: string): Promise<void> {
    if (this.#rereading.has(service)) return;
    const since: DeploymentEvent[] = [];
    const [connection, atLeast] = [this.#connection, this.#position];
    this.#rereading.set(service, since);
    try {
      const { matrix } = await getMatrix(service, connection.signal);
      connection.signal.throwIfAborted();
      if (matrix.last_event_id < atLeast) throw new Error("The row is older than the event.");
      this.#rereading.delete(service);
      this.matrix.installRows(matrix);
      this.#fold(since);
      await this.#placeEnvironments();
    } catch (error) {
      this.#rereading.delete(service);
      this.#explain(error);
      this.#startOver(connection);
    }
  }

  /** Where an environment has come up, only the receiver knows between which others it stands. */
  async #placeEnvironments(): Promise<void> {
    const known = this.matrix.environments.length;
    if (known === this.#placed) return;
    this.#placed = known;
    try {
      const ordered = await getEnvironments(this.#connection.signal);
      if (known === this.#placed) this.matrix.placeEnvironments(ordered);
    } catch (error) {
      this.#explain(error);
      this.#placed = 0; // it stays last until the next time
    }
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      setTimeout(resolve, ms);
    });
  }

  #explain = (error: unknown): void => {
    if (!this.#connection.signal.aborted) console.warn("Lost the receiver:", error);
  };
}
