import { expect, test } from "vitest";
import { stateOf } from "../src/lib/state";
import { makeEvent } from "./events";

const running = { current: makeEvent({ status: "in-progress" }) };
const startedAt = Date.parse(running.current.happened_at);
const stalledAfterMs = 60_000;

test("a deployment in progress for longer than the receiver lets it is stalled", () => {
  expect(stateOf(running, { now: startedAt + stalledAfterMs, stalledAfterMs })).toBe("in-progress");
  expect(stateOf(running, { now: startedAt + stalledAfterMs + 1, stalledAfterMs })).toBe("stalled");
});

test("a finished deployment never stalls", () => {
  const clock = { now: startedAt + 10 * stalledAfterMs, stalledAfterMs };

  expect(stateOf({ current: makeEvent() }, clock)).toBe("success");
});
