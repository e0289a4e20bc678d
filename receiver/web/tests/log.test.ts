import { afterEach, expect, test, vi } from "vitest";
import type { DeploymentEvent } from "../src/api";
import { LogReading } from "../src/log.svelte";
import { makeEvent } from "./events";

afterEach(() => vi.unstubAllGlobals());

const SLOT = { service: "checkout", environment: "prod" };
const at = (minute: number, id = minute) =>
  makeEvent({ id, deployment_id: `run-${id}`, happened_at: `2026-11-23T10:0${minute}:00Z` });

/** Answers the first page with what is newer than `older`, the next page with those. */
function answer(newer: DeploymentEvent[], older: DeploymentEvent[]): void {
  vi.stubGlobal("fetch", async (url: string) =>
    url.includes("cursor=next")
      ? Response.json({ items: older, next_cursor: null })
      : Response.json({ items: newer, next_cursor: older.length ? "next" : null }),
  );
}

const shownIds = (log: LogReading) => log.events.map((event) => event.id);

test("pages and the stream make one list, newest first, each event once", async () => {
  answer([at(4), at(3)], [at(2), at(1)]);
  const log = new LogReading(SLOT);
  await log.readMore();
  log.add([at(5), at(4)]);
  expect(shownIds(log)).toEqual([5, 4, 3]);

  await log.readMore();

  expect(shownIds(log)).toEqual([5, 4, 3, 2, 1]);
  expect(log.hasMore).toBe(false);
});

test("an event that comes while the first page is on its way is not lost", async () => {
  answer([at(4), at(3)], []);
  const log = new LogReading(SLOT);
  const reading = log.readMore();
  log.add([at(5)]);
  await reading;

  expect(shownIds(log)).toEqual([5, 4, 3]);
});

test("a late event behind the pages read so far comes with its page", async () => {
  answer([at(4), at(3)], [at(2), at(1, 9)]);
  const log = new LogReading(SLOT);
  await log.readMore();
  log.add([at(1, 9)]);
  expect(shownIds(log)).toEqual([4, 3]);

  await log.readMore();

  expect(shownIds(log)).toEqual([4, 3, 2, 9]);
});

test("events of other slots stay out", async () => {
  answer([], []);
  const log = new LogReading(SLOT);
  await log.readMore();
  log.add([makeEvent({ environment: "dev" }), makeEvent({ service: "catalog" })]);

  expect(log.isEmpty).toBe(true);
});

test("a page that could not be read is said so and can be tried again", async () => {
  vi.stubGlobal("fetch", async () => new Response(null, { status: 503 }));
  const log = new LogReading(SLOT);
  await log.readMore();
  expect(log.hasFailed).toBe(true);

  answer([at(1)], []);
  await log.tryAgain();

  expect(log.hasFailed).toBe(false);
  expect(shownIds(log)).toEqual([1]);
});

test("read again, it goes as far back as before and has what the stream left out", async () => {
  answer([at(4), at(3)], [at(2), at(1)]);
  const log = new LogReading(SLOT);
  await log.readMore();
  await log.readMore();
  answer([at(5), at(4), at(3)], [at(2), at(1)]);

  const reading = log.readAgain();
  log.add([at(6)]);
  await reading;

  expect(shownIds(log)).toEqual([6, 5, 4, 3, 2, 1]);
});

test("read again from another log, nothing of the old one stays", async () => {
  answer([at(4), at(3)], []);
  const log = new LogReading(SLOT);
  await log.readMore();
  answer([at(1)], []);

  await log.readAgain();

  expect(shownIds(log)).toEqual([1]);
});

test("only what is asked for is added", async () => {
  answer([], []);
  const log = new LogReading({ status: "failure" });
  await log.readMore();

  log.add([at(1), { ...at(2), status: "failure" }]);

  expect(shownIds(log)).toEqual([2]);
});

test("what a page that stays open is brought for weeks goes again at its end", async () => {
  const events = Array.from({ length: 2_200 }, (_, index) =>
    makeEvent({ id: index, happened_at: new Date(index * 1_000).toISOString() }),
  ).reverse();
  const log = new LogReading(SLOT);
  answer(events.slice(-100), [at(1)]);
  await log.readAgain();

  log.add(events.slice(200, -100));
  await log.shorten();
  expect(log.events).toHaveLength(2_000);

  log.add(events.slice(0, 200));
  answer(log.events.slice(0, 100), [at(1)]);
  await log.shorten();
  expect(shownIds(log)).toEqual(events.slice(0, 100).map(({ id }) => id));
  expect(log.hasMore).toBe(true);
});

test("what was asked for stays, however much it is", async () => {
  const older = Array.from({ length: 3_000 }, (_, index) => at(1, index + 10));
  answer([at(4)], older);
  const log = new LogReading(SLOT);
  await log.readMore();
  await log.readMore();
  log.add([at(5)]);

  await log.shorten();

  expect(log.events).toHaveLength(3_002);
});
