import { createParser, type EventSourceMessage } from "eventsource-parser";
import type { DeploymentEvent } from "./api";

export interface StreamListener {
  /** Bytes came. The first time it says that the stream is open, headers alone do not: they may
   * come from a proxy that holds the rest back. `names` are what the receiver shows stored names
   * as, as `MatrixAnswer.names`. */
  heard(names: string): void;
  received(event: DeploymentEvent): void;
  /** The position asked for cannot be served: from here on only new events come. */
  resync(): void;
  /** The receiver's wish for the pause (ms) before a reconnection. */
  retry(pause: number): void;
}

/**
 * Follows the event stream, everything after `position` first. The promise resolves when the
 * receiver ends it and rejects when it cannot be opened, breaks, falls silent or is aborted.
 */
export type Follow = (
  position: number,
  listener: StreamListener,
  signal: AbortSignal,
) => Promise<void>;

/** By which names the receiver answers: another text for others. */
export const namesOf = (response: Response): string => response.headers.get("X-Names") ?? "";

/** The receiver sends a comment every 15 s; when it is missing, the line is dead or held back. */
const SILENCE_MS = 20_000;

/** Aborts when nobody calls `reset` for as long as the stream may be silent. */
export class Silence {
  #controller = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly signal = this.#controller.signal;

  constructor() {
    this.reset();
  }

  reset(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#controller.abort(new Error("silent stream")), SILENCE_MS);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

/**
 * One connection to the event stream.
 *
 * Not an `EventSource`: that one hides the comments, so a line that died without a word would
 * look alive for as long as nobody deploys.
 */
export const followStream: Follow = async (position, listener, signal) => {
  const silence = new Silence();
  try {
    const { chunks, names } = await open(position, AbortSignal.any([signal, silence.signal]));
    const parser = createParser({
      onEvent: (message) => dispatch(message, listener),
      onRetry: (ms) => listener.retry(ms),
    });
    for await (const chunk of chunks) {
      silence.reset();
      listener.heard(names);
      parser.feed(chunk);
    }
  } finally {
    silence.end();
  }
};

async function open(position: number, signal: AbortSignal) {
  const response = await fetch(`/api/events/stream?last_event_id=${position}`, {
    headers: { Accept: "text/event-stream" },
    cache: "no-store",
    signal,
  });
  // A proxy's sign-in page answers 200 too.
  const type = response.headers.get("Content-Type") ?? "";
  if (!response.ok || !response.body || !type.startsWith("text/event-stream")) {
    throw new Error(`The stream answered ${response.status} ${type}`);
  }
  return { chunks: response.body.pipeThrough(new TextDecoderStream()), names: namesOf(response) };
}

function dispatch({ event, data }: EventSourceMessage, listener: StreamListener): void {
  if (event === "deployment") listener.received(JSON.parse(data) as DeploymentEvent);
  else if (event === "resync") listener.resync();
}
