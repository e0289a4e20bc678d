import { expect, test } from "vitest";
import { compareEvents } from "../src/lib/order";
import { makeEvent } from "./events";

test("a later instant wins whatever the id", () => {
  const early = makeEvent({ id: 9, happened_at: "2026-11-23T10:00:00Z" });
  const late = makeEvent({ id: 2, happened_at: "2026-11-23T10:00:01Z" });

  expect(compareEvents(late, early)).toBeGreaterThan(0);
});

test.each([
  ["2026-11-23T10:00:00Z", "2026-11-23T10:00:00.000001Z"],
  ["2026-11-23T10:00:00.000001Z", "2026-11-23T10:00:00.000002Z"],
  ["2026-11-23T10:00:00.9Z", "2026-11-23T10:00:00.900001Z"],
  ["0999-12-31T23:59:59Z", "9999-12-31T23:59:59.999999Z"],
])("%s is before %s", (early, late) => {
  const a = makeEvent({ id: 2, happened_at: early });
  const b = makeEvent({ id: 1, happened_at: late });

  expect(compareEvents(a, b)).toBeLessThan(0);
});

test("the same instant with and without a fraction is one instant", () => {
  const a = makeEvent({ id: 1, happened_at: "2026-11-23T10:00:00Z" });
  const b = makeEvent({ id: 2, happened_at: "2026-11-23T10:00:00.000000Z" });

  expect(compareEvents(a, b)).toBe(-1);
});

test("at one instant a finished event wins over one in progress, whatever the id", () => {
  const started = makeEvent({ id: 9, status: "in-progress" });

  expect(compareEvents(makeEvent({ id: 1, status: "success" }), started)).toBeGreaterThan(0);
  expect(compareEvents(makeEvent({ id: 1, status: "failure" }), started)).toBeGreaterThan(0);
});

test("at one instant the later id decides between two finished events", () => {
  const success = makeEvent({ id: 1, status: "success" });
  const failure = makeEvent({ id: 2, status: "failure" });

  expect(compareEvents(success, failure)).toBeLessThan(0);
});
