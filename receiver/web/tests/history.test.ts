import { afterEach, expect, test, vi } from "vitest";
import type { DeploymentEvent } from "../src/api";
import { History } from "../src/history.svelte";
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

const shownIds = (history: History) =>
  history.deployments.flatMap(({ events }) => events.map((event) => event.id));

test("pages and the stream make one list, newest first, each event once", async () => {
  answer([at(4), at(3)], [at(2), at(1)]);
  const history = new History(SLOT);
  await history.readMore();
  history.add([at(5), at(4)]);
  expect(shownIds(history)).toEqual([5, 4, 3]);

  await history.readMore();

  expect(shownIds(history)).toEqual([5, 4, 3, 2, 1]);
  expect(history.hasMore).toBe(false);
});

test("an event that comes while the first page is on its way is not lost", async () => {
  answer([at(4), at(3)], []);
  const history = new History(SLOT);
  const reading = history.readMore();
  history.add([at(5)]);
  await reading;

  expect(shownIds(history)).toEqual([5, 4, 3]);
});

test("a late event behind the pages read so far comes with its page", async () => {
  answer([at(4), at(3)], [at(2), at(1, 9)]);
  const history = new History(SLOT);
  await history.readMore();
  history.add([at(1, 9)]);
  expect(shownIds(history)).toEqual([4, 3]);

  await history.readMore();

  expect(shownIds(history)).toEqual([4, 3, 2, 9]);
});

test("events of other slots stay out", async () => {
  answer([], []);
  const history = new History(SLOT);
  await history.readMore();
  history.add([makeEvent({ environment: "dev" }), makeEvent({ service: "catalog" })]);

  expect(history.isEmpty).toBe(true);
});

test("a page that could not be read is said so and can be tried again", async () => {
  vi.stubGlobal("fetch", async () => new Response(null, { status: 503 }));
  const history = new History(SLOT);
  await history.readMore();
  expect(history.hasFailed).toBe(true);

  answer([at(1)], []);
  await history.readMore();

  expect(history.hasFailed).toBe(false);
  expect(shownIds(history)).toEqual([1]);
});
