import { expect, test } from "vitest";
import { STALLED_AFTER_MS, stateOf, totals } from "../src/lib/slot";
import { makeEvent } from "./events";

const running = { current: makeEvent({ status: "in-progress" }) };
const startedAt = Date.parse(running.current.happened_at);

test("a deployment in progress for over an hour is stalled", () => {
  expect(stateOf(running, { now: startedAt + STALLED_AFTER_MS })).toBe("in-progress");
  expect(stateOf(running, { now: startedAt + STALLED_AFTER_MS + 1 })).toBe("stalled");
});

test("a finished deployment never stalls", () => {
  expect(stateOf({ current: makeEvent() }, { now: startedAt + 10 * STALLED_AFTER_MS })).toBe(
    "success",
  );
});

test("slots are counted by the status of their current event", () => {
  const slots = new Map([
    ["dev", running],
    ["test", { current: makeEvent({ status: "failure" }) }],
    ["prod", { current: makeEvent({ status: "failure" }) }],
  ]);

  expect(totals([{ slots }, { slots: new Map() }])).toMatchObject({ failure: 2, "in-progress": 1 });
});
