import type { DeploymentEvent } from "./api";
import type { Follow, StreamListener } from "./stream";

/** How many events are kept for followers that come later or were away for a moment. */
const KEPT = 2_000;

interface Follower {
  position: number;
  listener: StreamListener;
  end: (error?: unknown) => void;
}

/**
 * One stream of the receiver for many followers, each as if it had a stream of its own.
 *
 * The stream is open while someone follows. When it ends, all followers are ended, and the first
 * to come back opens the next one.
 */
export class StreamHub {
  #followers = new Set<Follower>();
  /** Every event after `#from`; NaN while nothing is known. */
  #recent: DeploymentEvent[] = [];
  #from = NaN;
  #upstream: AbortController | undefined;
  #isOpen = false;
  /** Of the events that are kept. */
  #names = "";

  constructor(private readonly connect: Follow) {}

  follow: Follow = (position, listener, signal) =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const follower: Follower = {
        position,
        listener,
        end: (error) => {
          this.#followers.delete(follower);
          if (error === undefined) resolve();
          else reject(error);
        },
      };
      signal.addEventListener("abort", () => this.#leave(follower, signal.reason));
      this.#join(follower);
    });

  #join(follower: Follower): void {
    const { position, listener } = follower;
    const isKnown = this.#from <= position;
    if (this.#upstream && !isKnown) {
      listener.resync();
      return follower.end();
    }
    if (!this.#upstream && !(isKnown && position <= this.#end)) this.#startAt(position);
    this.#followers.add(follower);
    for (const event of this.#recent) tell(follower, event);
    if (this.#isOpen) listener.heard(this.#names);
    if (!this.#upstream) void this.#run(new AbortController());
  }

  #leave(follower: Follower, reason: unknown): void {
    follower.end(reason);
    if (this.#followers.size === 0) this.#upstream?.abort(reason);
  }

  async #run(upstream: AbortController): Promise<void> {
    this.#upstream = upstream;
    let error: unknown;
    try {
      await this.connect(this.#end, this.#listener(upstream), upstream.signal);
    } catch (thrown) {
      error = thrown;
    }
    if (!this.#isOpen) this.#startAt(NaN); // perhaps the log is another one now
    this.#upstream = undefined;
    this.#isOpen = false;
    for (const follower of [...this.#followers]) follower.end(error);
  }

  #listener(upstream: AbortController): StreamListener {
    const each = (say: (listener: StreamListener) => void) => {
      for (const { listener } of [...this.#followers]) say(listener);
    };
    return {
      heard: (names) => {
        this.#isOpen = true;
        if (names !== this.#names) this.#startAt(this.#end);
        this.#names = names;
        each((listener) => listener.heard(names));
      },
      received: (event) => this.#keep(event),
      resync: () => {
        this.#isOpen = false;
        each((listener) => listener.resync());
        upstream.abort(new Error("The stream starts over."));
      },
      retry: (pause) => each((listener) => listener.retry(pause)),
    };
  }

  #keep(event: DeploymentEvent): void {
    this.#recent.push(event);
    if (this.#recent.length > KEPT) this.#from = this.#recent.shift()?.id ?? NaN;
    for (const follower of [...this.#followers]) tell(follower, event);
  }

  get #end(): number {
    return this.#recent.at(-1)?.id ?? this.#from;
  }

  #startAt(position: number): void {
    this.#recent = [];
    this.#from = position;
  }
}

function tell(follower: Follower, event: DeploymentEvent): void {
  if (event.id <= follower.position) return;
  follower.position = event.id;
  follower.listener.received(event);
}
