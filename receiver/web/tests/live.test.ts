import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Matrix, Status } from "../src/api";
import { clock } from "../src/clock.svelte";
import { StreamHub } from "../src/hub";
import { Live } from "../src/live.svelte";
import { MatrixState } from "../src/matrix.svelte";
import { followStream } from "../src/stream";
import { makeEvent } from "./events";
import { FakeReceiver } from "./receiver";

const HOUR_MS = 3_600_000;

let page: AbortController;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("requestAnimationFrame", (callback: () => void) => setTimeout(callback, 16));
  vi.stubGlobal("cancelAnimationFrame", clearTimeout);
  vi.spyOn(console, "warn").mockReturnValue();
});

afterEach(() => {
  page.abort();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

async function connect(receiver: FakeReceiver) {
  page = new AbortController();
  vi.stubGlobal("fetch", receiver.fetch);
  const matrix = new MatrixState();
  const live = new Live(matrix);
  void live.run(page.signal);
  await pass(100);
  return { matrix, live };
}

/** Tabs that share one stream, each with the switch that closes it. */
async function openTabs(receiver: FakeReceiver, number: number) {
  page = new AbortController();
  vi.stubGlobal("fetch", receiver.fetch);
  const hub = new StreamHub(followStream);
  const tabs = Array.from({ length: number }, () => {
    const matrix = new MatrixState();
    const live = new Live(matrix, hub.follow);
    const closed = new AbortController();
    void live.run(AbortSignal.any([closed.signal, page.signal]));
    return { matrix, live, close: () => closed.abort() };
  });
  await pass(100);
  return tabs;
}

/** The page's matrix in the shape of the receiver's. */
function shown(matrix: MatrixState): Pick<Matrix, "environments" | "rows"> {
  return {
    environments: matrix.environments,
    rows: matrix.rows.map((row) => ({
      service: row.service,
      slots: Object.fromEntries([...row.slots].sort()),
    })),
  };
}

function answered(receiver: FakeReceiver) {
  const { environments, rows } = receiver.matrix();
  return {
    environments,
    rows: rows.sort((a, b) => (a.service < b.service ? -1 : 1)),
  };
}

test("an event on the stream is in the matrix within a frame", async () => {
  const receiver = new FakeReceiver();
  const { matrix, live } = await connect(receiver);

  receiver.post(makeEvent({ id: 1 }));
  await pass(20);

  expect(live.connection).toBe("live");
  expect(shown(matrix)).toEqual(answered(receiver));
});

test("what was missed while the stream was closed comes with the next one", async () => {
  const receiver = new FakeReceiver();
  const { matrix } = await connect(receiver);
  receiver.endStreams();
  receiver.post(makeEvent({ id: 1 }));
  await pass(2_000);

  expect(shown(matrix)).toEqual(answered(receiver));
  expect(receiver.requests).toContain("/api/events/stream?last_event_id=0");
});

test("a receiver that is away is called away, and comes back with the whole matrix", async () => {
  const receiver = new FakeReceiver();
  const { matrix, live } = await connect(receiver);
  receiver.isDown = true;
  receiver.endStreams();

  await pass(2_000);
  expect(live.connection).toBe("live");
  await pass(2_000);
  expect(live.connection).toBe("reconnecting");
  await pass(30_000);
  expect(live.connection).toBe("offline");

  receiver.isDown = false;
  receiver.log = [makeEvent({ id: 1, service: "another log" })];
  await pass(16_000);
  expect(live.connection).toBe("live");
  expect(shown(matrix)).toEqual(answered(receiver));
});

test("a stream that falls silent is not called live for long", async () => {
  const receiver = new FakeReceiver();
  const { live } = await connect(receiver);
  receiver.isDown = true; // the line is dead: no byte comes, and none says so

  await pass(40_000);

  expect(live.connection).toBe("reconnecting");
});

test.each([
  ["the machine has slept", 8 * HOUR_MS, 0],
  ["the viewer's clock was set forward", HOUR_MS, -HOUR_MS],
  ["the viewer's clock was set back", -HOUR_MS, HOUR_MS],
])("once %s the stream is opened and the time is asked for anew", async (_, step, ahead) => {
  const receiver = new FakeReceiver();
  const { live } = await connect(receiver);
  await pass(60_000);
  expect(live.loads).toBe(1);

  vi.setSystemTime(Date.now() + step);
  receiver.ahead = ahead;
  await pass(3_000);

  expect(live.loads).toBe(2);
  expect(live.connection).toBe("live");
  expect(Math.abs(clock.read() - Date.now() - ahead)).toBeLessThan(2_000);
});

test.each([8 * HOUR_MS, -HOUR_MS])(
  "a line that is dead is not called live once the clock has moved by %d ms",
  async (step) => {
    const receiver = new FakeReceiver();
    const { live } = await connect(receiver);
    await pass(5_000);
    receiver.isDown = true; // no byte comes, and none says so

    vi.setSystemTime(Date.now() + step);
    await pass(5_000);

    expect(live.connection).toBe("reconnecting");
  },
);

test("a receiver that is away stays so when the viewer's clock is set back", async () => {
  const receiver = new FakeReceiver();
  const { live } = await connect(receiver);
  receiver.isDown = true;
  receiver.endStreams();
  await pass(5_000);
  expect(live.connection).toBe("reconnecting");

  vi.setSystemTime(Date.now() - HOUR_MS);
  await pass(5_000);

  expect(live.connection).toBe("reconnecting");
});

test("a resync replaces the whole matrix without a word", async () => {
  const receiver = new FakeReceiver();
  receiver.log = [makeEvent({ id: 7, service: "gone" })];
  const { matrix, live } = await connect(receiver);
  receiver.log = [makeEvent({ id: 1, service: "restored" })];

  receiver.sendResync();
  await pass(2_000);

  expect(shown(matrix)).toEqual(answered(receiver));
  expect(live.loads).toBe(2);
  expect(live.connection).toBe("live");
});

test("names that are others since the stream broke come with a new matrix, in every tab", async () => {
  const receiver = new FakeReceiver();
  receiver.log = [makeEvent({ id: 1, service: "old-shop" })];
  const tabs = await openTabs(receiver, 2);
  receiver.names = "renamed";
  receiver.log = [makeEvent({ id: 1, service: "shop", stored_service: "old-shop" })];

  receiver.endStreams();
  await pass(10_000);
  receiver.post(makeEvent({ id: 2, service: "shop" }));
  await pass(20);

  for (const { matrix, live } of tabs) {
    expect(shown(matrix)).toEqual(answered(receiver));
    expect(live.connection).toBe("live");
    expect(live.loads).toBe(2);
  }
});

test("a new environment goes to its place among the others", async () => {
  const receiver = new FakeReceiver();
  receiver.log = [makeEvent({ id: 1, environment: "a" }), makeEvent({ id: 2, environment: "c" })];
  const { matrix } = await connect(receiver);

  receiver.post(makeEvent({ id: 3, environment: "b" }));
  await pass(50);

  expect(matrix.environments).toEqual(["a", "b", "c"]);
});

test("what comes while a row is asked for is not undone by the answer", async () => {
  const at = (second: number) => `2026-11-23T10:00:0${second}Z`;
  const receiver = new FakeReceiver();
  receiver.log = [
    makeEvent({ id: 1, status: "failure", happened_at: at(1) }),
    makeEvent({ id: 2, status: "in-progress", happened_at: at(5) }),
  ];
  const { matrix } = await connect(receiver);
  receiver.latency = 100;

  receiver.post(makeEvent({ id: 3, happened_at: at(3) }));
  await pass(20);
  receiver.post(makeEvent({ id: 4, happened_at: at(9) }));
  await pass(200);

  expect(receiver.requests).toContain("/api/matrix?service=checkout");
  expect(shown(matrix)).toEqual(answered(receiver));
});

test("whatever arrives, late or not, and however often the stream breaks, the page ends right", async () => {
  const steps = fc.array(
    fc.record({
      second: fc.integer({ min: 0, max: 9 }),
      status: fc.constantFrom<Status>("in-progress", "success", "failure"),
      service: fc.constantFrom("a", "b"),
      environment: fc.constantFrom("dev", "prod"),
      breaks: fc.constantFrom(false, false, false, true),
      wait: fc.constantFrom(0, 0, 5, 20),
    }),
    { minLength: 1, maxLength: 25 },
  );
  await fc.assert(
    fc.asyncProperty(steps, fc.constantFrom(0, 60), async (log, latency) => {
      const receiver = new FakeReceiver();
      receiver.latency = latency;
      const tabs = await openTabs(receiver, 2);
      for (const [index, { second, breaks, wait, ...given }] of log.entries()) {
        const happened_at = `2026-11-23T10:00:0${second}Z`;
        receiver.post(makeEvent({ ...given, id: index + 1, happened_at }));
        if (breaks) receiver.endStreams();
        await pass(wait);
      }
      await pass(20_000);
      page.abort();
      for (const { matrix } of tabs) expect(shown(matrix)).toEqual(answered(receiver));
    }),
    { numRuns: 100 },
  );
});

test("a stream that is held back is called delayed, and what happens is shown all the same", async () => {
  const receiver = new FakeReceiver();
  receiver.isHeldBack = true;
  const { matrix, live } = await connect(receiver);
  expect(live.connection).toBe("connecting");

  await pass(4_000);
  expect(live.connection).toBe("delayed");
  receiver.post(makeEvent({ id: 1 }));
  await pass(6_000);
  expect(shown(matrix)).toEqual(answered(receiver));
  expect(live.connection).toBe("delayed");

  receiver.isHeldBack = false;
  receiver.post(makeEvent({ id: 2, version: "2.0.0" }));
  await pass(15_000);
  expect(live.connection).toBe("live");
  expect(shown(matrix)).toEqual(answered(receiver));
});

test("a stream that brings events late is called delayed, and the matrix is asked for meanwhile", async () => {
  const receiver = new FakeReceiver();
  const { matrix, live } = await connect(receiver);
  const stored = (id: number, secondsAgo: number) =>
    makeEvent({ id, received_at: new Date(Date.now() - secondsAgo * 1_000).toISOString() });
  await pass(15_000);
  receiver.post(stored(1, 60)); // before the stream was open: it was only missed
  await pass(1_000);
  expect(live.connection).toBe("live");

  receiver.post(stored(2, 12));
  await pass(1_000);
  expect(live.connection).toBe("delayed");
  receiver.log.push(makeEvent({ id: 3, version: "3.0.0" })); // held back on its way
  await pass(6_000);
  expect(shown(matrix)).toEqual(answered(receiver));

  for (let id = 4; id < 11; id++) {
    receiver.post(stored(id, 0));
    await pass(10_000);
  }
  expect(live.connection).toBe("live");
  expect(shown(matrix)).toEqual(answered(receiver));
});

test("what is asked for in place of the stream is read once", async () => {
  const receiver = new FakeReceiver();
  receiver.isHeldBack = true;
  const { live } = await connect(receiver);

  await pass(15_000);

  expect(receiver.requests.filter((url) => url === "/api/matrix").length).toBeGreaterThan(2);
  expect(live.loads).toBe(1);
});

test("a receiver that stops answering while its stream is held back is called away", async () => {
  const receiver = new FakeReceiver();
  receiver.isHeldBack = true;
  const { live } = await connect(receiver);
  await pass(50_000);
  expect(live.connection).toBe("delayed");

  receiver.isDown = true;
  await pass(9_000);
  expect(live.connection).toBe("reconnecting");
  await pass(30_000);
  expect(live.connection).toBe("offline");
});

test("many tabs follow one stream, also after whichever of them is closed", async () => {
  const receiver = new FakeReceiver();
  const tabs = await openTabs(receiver, 7);
  expect(receiver.openStreams).toBe(1);

  tabs.shift()?.close();
  receiver.post(makeEvent({ id: 1 }));
  await pass(20);

  expect(receiver.openStreams).toBe(1);
  for (const { matrix, live } of tabs) {
    expect(live.connection).toBe("live");
    expect(shown(matrix)).toEqual(answered(receiver));
  }
  for (const { close } of tabs) close();
  await pass(0);
  expect(receiver.openStreams).toBe(0);
});

test("a resync reaches every tab", async () => {
  const receiver = new FakeReceiver();
  receiver.log = [makeEvent({ id: 7, service: "gone" })];
  const tabs = await openTabs(receiver, 3);
  receiver.log = [makeEvent({ id: 1, service: "restored" })];

  receiver.sendResync();
  await pass(2_000);

  for (const { matrix, live } of tabs) {
    expect(shown(matrix)).toEqual(answered(receiver));
    expect(live.connection).toBe("live");
  }
  expect(receiver.openStreams).toBe(1);
});

test("after an upgrade of the receiver the page knows both versions", async () => {
  const receiver = new FakeReceiver();
  const { live } = await connect(receiver);
  receiver.endStreams();
  receiver.version = "2";
  await pass(2_000);

  expect(live.versions).toEqual({ first: "1", now: "2" });
});

test("a version that is refused once is asked for again, though the stream is open", async () => {
  const receiver = new FakeReceiver();
  receiver.refusedVersions = 1;
  const { live } = await connect(receiver);
  expect(live.connection).toBe("live");
  expect(live.versions).toBeNull();
  await pass(2_000);

  expect(live.versions).toEqual({ first: "1", now: "1" });
});
