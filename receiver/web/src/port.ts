import type { DeploymentEvent } from "./api";
import type { StreamHub } from "./hub";
import { Silence, type StreamListener } from "./stream";

/** What the worker tells a tab; a tab tells the worker its position, once. */
type Told =
  | { kind: "heard"; names: string }
  | { kind: "received"; events: DeploymentEvent[] }
  | { kind: "resync" }
  | { kind: "retry"; pause: number }
  | { kind: "ended"; reason: string | null };

/** The worker's end: lets the tab at the other one follow a hub's stream. */
export function serve(hub: StreamHub, port: MessagePort): void {
  const tell = (told: Told) => port.postMessage(told);
  const tab = new AbortController();
  // Older browsers do not tell when a tab is gone; what they are sent then goes nowhere.
  port.addEventListener("close", () => tab.abort(new Error("The tab was closed.")));
  port.addEventListener("message", ({ data }: MessageEvent<number | null>) => {
    if (data === null) return tab.abort(new Error("The tab has left."));
    hub
      .follow(data, speaker(tell), tab.signal)
      .then(() => tell({ kind: "ended", reason: null }))
      .catch((error: unknown) =>
        tell({ kind: "ended", reason: error instanceof Error ? error.message : String(error) }),
      );
  });
  port.start();
}

/** Tells what the stream says; what one chunk of it brings goes in one message. */
function speaker(tell: (told: Told) => void): StreamListener {
  let events: DeploymentEvent[] = [];
  const flush = () => {
    if (events.length) tell({ kind: "received", events });
    events = [];
  };
  return {
    heard: (names) => tell({ kind: "heard", names }),
    received: (event) => {
      if (events.push(event) === 1) queueMicrotask(flush);
    },
    resync: () => tell({ kind: "resync" }),
    retry: (pause) => tell({ kind: "retry", pause }),
  };
}

/** The tab's end: follows the stream of the hub behind the port. */
export async function followPort(
  port: MessagePort,
  position: number,
  listener: StreamListener,
  signal: AbortSignal,
): Promise<void> {
  const silence = new Silence();
  const end = AbortSignal.any([signal, silence.signal]);
  try {
    await new Promise<void>((resolve, reject) => {
      end.addEventListener("abort", () => reject(end.reason));
      port.addEventListener("message", ({ data }: MessageEvent<Told>) => {
        if (end.aborted) return;
        silence.reset();
        if (data.kind === "heard") listener.heard(data.names);
        else if (data.kind === "received") data.events.forEach((event) => listener.received(event));
        else if (data.kind === "resync") listener.resync();
        else if (data.kind === "retry") listener.retry(data.pause);
        else if (data.reason === null) resolve();
        else reject(new Error(data.reason));
      });
      end.throwIfAborted();
      port.start();
      port.postMessage(position);
    });
  } finally {
    silence.end();
    port.postMessage(null);
    port.close();
  }
}
