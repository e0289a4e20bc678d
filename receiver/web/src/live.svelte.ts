import {
  getEnvironments,
  getMatrix,
  getRow,
  getVersion,
  type DeploymentEvent,
  type MatrixAnswer,
} from "./api";
import { clock } from "./clock.svelte";
import { FrameQueue } from "./frame";
import {
  afterAnswer,
  afterClockMoved,
  afterEvent,
  afterTime,
  connection,
  isPollDue,
  pause,
  type Link,
} from "./lib/connection";
import type { MatrixState } from "./matrix.svelte";
import { followShared } from "./shared";
import type { Follow } from "./stream";

const RETRY_MS = 1_000;
/** A connection that held this long was a good one: the next break counts as a first failure. */
const STEADY_MS = 10_000;
/** How often a break is looked at, to call it one. */
const LOOK_MS = 500;
/** More than this between two looks, and the viewer's clock has not just ticked. */
const MOVED_MS = 2_000;

type Listener = (events: DeploymentEvent[]) => void;

/** Keeps a matrix live: loads it, follows the event stream from there, and comes back. */
export class Live {
  link = $state.raw<Link>({ stream: "new", since: Date.now(), answersSince: null });
  #now = $state(Date.now());
  connection = $derived(connection(this.link, this.#now));
  /** How often the whole matrix was loaded; at each, other readings may have missed events. */
  loads = $state(0);
  /** By which names the receiver answers, see `MatrixAnswer`. */
  names = $state("");
  /** The receiver's version when the page first reached it, and now. */
  versions = $state.raw<{ first: string; now: string } | null>(null);

  #position = 0;
  /** When the stream was opened, by the receiver's clock: what was stored before is no delay. */
  #openedAt = 0;
  /** Of the whole matrix as it was last read. */
  #etag = "";
  /** When the whole matrix was last asked for; never while an answer is awaited. */
  #askedAt = 0;
  #isStale = true;
  #origin = origin();
  #retry = RETRY_MS;
  #connection = new AbortController();
  #wake = () => {};
  #listeners = new Set<Listener>();
  #queue = new FrameQueue<DeploymentEvent>((events) => this.#apply(events));
  /** The services being read again, each with the events that came since it was asked for. */
  #rereading = new Map<string, DeploymentEvent[]>();
  /** How many environments the receiver has put in order, or was asked to. */
  #placed = 0;

  constructor(
    private readonly matrix: MatrixState,
    private readonly follow: Follow = followShared,
  ) {}

  /** Hear every batch of events; returns what ends that. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Try again at once: the network or the viewer is back. */
  wake(): void {
    this.#wake();
  }

  /** The tab is put to sleep or left: what it follows must not wait for it. */
  leave(): void {
    this.#connection.abort();
  }

  /** Stay connected until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const look = setInterval(() => this.#look(), LOOK_MS);
    signal.addEventListener("abort", () => this.#connection.abort());
    for (let failures = 0; !signal.aborted;) {
      const startedAt = Date.now();
      this.#connection = new AbortController();
      await this.#connect(this.#connection.signal).catch(this.#explain);
      this.#connection.abort(); // and with it what was asked meanwhile
      if (this.link.stream === "open" || this.link.stream === "late") {
        this.link = { stream: "closed", since: Date.now(), answersSince: null };
      }
      failures = Date.now() - startedAt > STEADY_MS ? 1 : failures + 1;
      await this.#sleep(pause(failures, this.#retry, Math.random()));
    }
    clearInterval(look);
  }

  async #connect(signal: AbortSignal): Promise<void> {
    void this.#askVersion(signal);
    if (this.#isStale) this.#install(await this.#ask("", signal));
    // One attempt may resume; when it gets no stream, the next asks for the matrix first.
    this.#isStale = true;
    await this.follow(
      this.#position,
      {
        heard: (names) => this.#heard(names),
        received: (event) => this.#received(event),
        resync: () => this.#startOver(this.#connection),
        retry: (ms) => (this.#retry = ms),
      },
      signal,
    );
  }

  #look(): void {
    this.#now = Date.now();
    if (this.#hasClockMoved()) this.#followClock();
    this.link = afterTime(this.link, this.#now);
    if (isPollDue(this.link, this.#askedAt, this.#now)) {
      this.#poll(this.#connection).catch(this.#explain);
    }
  }

  #hasClockMoved(): boolean {
    const before = this.#origin;
    this.#origin = origin();
    return Math.abs(this.#origin - before) > MOVED_MS;
  }

  /** The machine has slept, or its clock was set: is the line still there, and what time is it? */
  #followClock(): void {
    this.link = afterClockMoved(this.link, this.#now);
    this.#startOver(this.#connection);
  }

  /** Ask for the matrix while the stream does not come through. */
  async #poll(connection: AbortController): Promise<void> {
    const answer = await this.#ask(this.#etag, connection.signal);
    if (!answer || answer.matrix.last_event_id >= this.#position) this.#install(answer);
    else this.#startOver(connection); // an old answer, or another log
  }

  async #ask(etag: string, signal: AbortSignal): Promise<MatrixAnswer | undefined> {
    this.#askedAt = Infinity;
    let hasAnswered = false;
    try {
      const answer = await getMatrix(etag, signal);
      signal.throwIfAborted();
      hasAnswered = true;
      return answer;
    } finally {
      this.#askedAt = Date.now();
      if (!signal.aborted) this.link = afterAnswer(this.link, hasAnswered, this.#askedAt);
    }
  }

  /** Once for each connection: a receiver that just starts may refuse it and take the others. */
  async #askVersion(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const now = await getVersion(signal);
        this.versions = { first: this.versions?.first ?? now, now };
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  #install(answer: MatrixAnswer | undefined): void {
    if (!answer) return;
    const { matrix, etag, names, serverNow } = answer;
    // Whatever still waits here is in the answer, or the stream will bring it again.
    this.#queue.take();
    this.#etag = etag;
    this.names = names;
    this.#position = matrix.last_event_id;
    clock.set(serverNow);
    this.matrix.install(matrix);
    this.#placed = matrix.environments.length;
    this.loads += 1;
  }

  #heard(names: string): void {
    // The receiver has come to show other names: what is on the page has those from before.
    if (names !== this.names) return this.#startOver(this.#connection);
    if (this.link.stream === "open" || this.link.stream === "late") return;
    this.#isStale = false;
    this.#openedAt = clock.read();
    this.link = { stream: "open", since: Date.now(), answersSince: null };
    void this.#placeEnvironments();
  }

  #received(event: DeploymentEvent): void {
    const storedAt = Date.parse(event.received_at);
    if (storedAt > this.#openedAt) {
      this.link = afterEvent(this.link, clock.read() - storedAt, Date.now());
    }
    if (event.id <= this.#position) return; // a poll had it before the stream
    this.#position = event.id;
    this.#queue.push(event);
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
      const matrix = await getRow(service, connection.signal);
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

/** When the page was opened, by the viewer's clock; most systems count no sleep as time passed. */
const origin = () => Date.now() - performance.now();
