import type { DeploymentEvent, Matrix, Slot } from "../src/api";
import { matrixSlot } from "./events";

interface Asked {
  signal: AbortSignal;
  headers: Record<string, string>;
}

/** A receiver to stand behind `fetch`: a log, what the contract reads out of it, and its faults. */
export class FakeReceiver {
  log: DeploymentEvent[] = [];
  requests: string[] = [];
  version = "1";
  /** By which names it answers. */
  names = "";
  isDown = false;
  /** How often the version is still refused, as by a receiver that has not quite started. */
  refusedVersions = 0;
  /** Whether something on the way keeps every byte of a stream. */
  isHeldBack = false;
  /** By how much (ms) its clock is ahead of the viewer's. */
  ahead = 0;
  /** How long (ms) an answer that was made travels. */
  latency = 0;
  #streams = new Set<ReadableStreamDefaultController<Uint8Array>>();

  post(event: DeploymentEvent): void {
    this.log.push(event);
    this.#send(frame(event));
  }

  get openStreams(): number {
    return this.#streams.size;
  }

  sendResync(): void {
    this.#send("event: resync\ndata: {}\n\n");
  }

  /** End every open stream, as a receiver that stops does. */
  endStreams(): void {
    for (const stream of this.#streams) stream.close();
    this.#streams.clear();
  }

  matrix(service?: string): Matrix {
    const rows = new Map<string, Record<string, DeploymentEvent[]>>();
    for (const event of this.log) {
      if (service !== undefined && event.service !== service) continue;
      const row = rows.get(event.service) ?? {};
      rows.set(event.service, row);
      (row[event.environment] ??= []).push(event);
    }
    return {
      last_event_id: this.log.at(-1)?.id ?? 0,
      environments: this.environments(),
      rows: [...rows].map(([service, row]) => ({
        service,
        slots: Object.fromEntries(
          Object.entries(row).map(([name, events]): [string, Slot] => [name, matrixSlot(events)]),
        ),
      })),
    };
  }

  environments(): string[] {
    return [...new Set(this.log.map((event) => event.environment))].sort();
  }

  fetch = async (url: string, { signal, headers }: Asked): Promise<Response> => {
    this.requests.push(url);
    signal.throwIfAborted();
    if (this.isDown) throw new TypeError("Failed to fetch");
    const { pathname, searchParams } = new URL(url, "http://receiver.test");
    if (pathname === "/api/events/stream") {
      return this.#openStream(Number(searchParams.get("last_event_id")), signal);
    }
    if (pathname === "/api/version" && this.refusedVersions-- > 0) {
      throw new TypeError("Failed to fetch");
    }
    const body = JSON.stringify(this.#answer(pathname, searchParams.get("service")));
    await delay(this.latency, signal);
    if (headers["If-None-Match"] === body) return new Response(null, { status: 304 });
    const now = new Date(Date.now() + this.ahead).toUTCString();
    return new Response(body, { headers: { ETag: body, "X-Names": this.names, Date: now } });
  };

  #answer(pathname: string, service: string | null): unknown {
    if (pathname === "/api/matrix") return this.matrix(service ?? undefined);
    if (pathname === "/api/environments") return { items: this.environments() };
    return { version: this.version };
  }

  #openStream(position: number, signal: AbortSignal): Response {
    const missed = this.log.filter((event) => event.id > position).map(frame);
    const body = new ReadableStream<Uint8Array>({
      start: (stream) => {
        if (!this.isHeldBack) {
          stream.enqueue(encode(`retry: 1000\n\n${missed.join("")}`));
          this.#streams.add(stream);
        }
        signal.addEventListener("abort", () => {
          this.#streams.delete(stream);
          stream.error(signal.reason);
        });
      },
    });
    const headers = { "Content-Type": "text/event-stream", "X-Names": this.names };
    return new Response(body, { headers });
  }

  #send(text: string): void {
    for (const stream of this.#streams) stream.enqueue(encode(text));
  }
}

const delay = (ms: number, signal: AbortSignal) =>
  new Promise((resolve, reject) => {
    if (ms === 0) resolve(undefined);
    setTimeout(resolve, ms);
    signal.addEventListener("abort", () => reject(signal.reason));
  });

const encode = (text: string) => new TextEncoder().encode(text);

const frame = (event: DeploymentEvent) =>
  `id: ${event.id}\nevent: deployment\ndata: ${JSON.stringify(event)}\n\n`;
