import { expect, test } from "vitest";
import type { Status } from "../src/api";
import { durations, groupByDay } from "../src/lib/feed";
import { makeEvent } from "./events";

test("events are told day by day in the viewer's zone", () => {
  const at = (id: number, time: string) => makeEvent({ id, happened_at: new Date(time).toJSON() });
  const events = [at(3, "2026-11-23T00:10"), at(2, "2026-11-22T23:50"), at(1, "2026-11-22T08:00")];

  expect(groupByDay(events).map(({ date, events }) => [date, events.map(({ id }) => id)])).toEqual([
    ["Mon Nov 23 2026", [3]],
    ["Sun Nov 22 2026", [2, 1]],
  ]);
});

test("an end tells how long it took since the first start of its own attempt", () => {
  const at = (id: number, status: Status, deployment_id: string, environment = "prod") =>
    makeEvent({
      id,
      status,
      deployment_id,
      environment,
      happened_at: `2026-11-23T10:00:${String(id).padStart(2, "0")}Z`,
    });
  const events = [
    at(9, "success", "a"),
    at(8, "in-progress", "a"),
    at(7, "failure", "a"),
    at(6, "success", "a", "dev"),
    at(5, "success", "b"),
    at(4, "in-progress", "a"),
    at(3, "in-progress", "a", "dev"),
    at(2, "in-progress", "a"),
  ];

  expect([...durations(events)]).toEqual([
    [6, 3_000],
    [7, 5_000],
    [9, 1_000],
  ]);
});
