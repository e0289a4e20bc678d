import { createParser, type EventSourceMessage } from "eventsource-parser";
import type { DeploymentEvent } from "./api";

export interface StreamListener {
  /** The first bytes are here: headers alone may come from a proxy that holds the rest back. */
  opened(): void;
  received(event: DeploymentEvent): void;
  /** The position asked for cannot be served: from here on only new events come. */
  resync(): void;
  /** The receiver's wish for the pause (ms) before a reconnection. */
  retry(pause: number): void;
}

/** The receiver sends a comment every 15 s; two of them missing means that the line is dead. */
export const SILENCE_MS = 35_000;

/**
 * One connection to the event stream, everything after `position` first. Returns when the receiver
 * ends it; throws when it cannot be opened, breaks, falls silent or is aborted.
 *
 * Not an `EventSource`: that one hides the comments, so a line that died without a word would
 * look alive for as long as nobody deploys.
 */
export async function followStream(
  position: number,
  listener: StreamListener,
  signal: AbortSignal,
): Promise<void> {
  const silence = new AbortController();
  const expect = () => setTimeout(() => silence.abort(new Error("silent stream")), SILENCE_MS);
  let timer = expect();
  let isOpen = false;
  try {
    const chunks = await open(position, AbortSignal.any([signal, silence.signal]));
    const parser = createParser({
      onEvent: (message) => dispatch(message, listener),
      onRetry: (ms) => listener.retry(ms),
    });
    for await (const chunk of chunks) {
      clearTimeout(timer);
      timer = expect();
      if (!isOpen) listener.opened();
      isOpen = true;
      parser.feed(chunk);
    }
  } finally {
    clearTimeout(timer);
  }
}

async function open(position: number, signal: AbortSignal): Promise<ReadableStream<string>> {
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
  return response.body.pipeThrough(new TextDecoderStream());
}

function dispatch({ event, data }: EventSourceMessage, listener: StreamListener): void {
  if (event === "deployment") listener.received(JSON.parse(data) as DeploymentEvent);
  else if (event === "resync") listener.resync();
}
