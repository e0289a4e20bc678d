import fc from "fast-check";
import { expect, test } from "vitest";
import type { Slot, Status } from "../src/api";
import { fold } from "../src/lib/fold";
import { makeEvent, matrixSlot } from "./events";

// Few instants, so that ties and late arrivals are common.
const logs = fc
  .array(
    fc.record({
      second: fc.integer({ min: 0, max: 5 }),
      status: fc.constantFrom<Status>("in-progress", "success", "failure"),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((rows) =>
    rows.map(({ second, status }, index) =>
      makeEvent({ id: index + 1, status, happened_at: `2026-11-23T10:00:0${second}Z` }),
    ),
  );

test("from any point of any log, folding gives what the matrix would answer", () => {
  fc.assert(
    fc.property(logs, fc.nat(), (log, start) => {
      const loaded = 1 + (start % log.length);
      let slot: Slot | undefined = matrixSlot(log.slice(0, loaded));
      for (const [index, event] of log.entries()) {
        if (index < loaded) continue;
        const truth = matrixSlot(log.slice(0, index + 1));
        slot = fold(slot, event) ?? truth; // undecided: the page asks
        expect(slot).toEqual(truth);
      }
    }),
    { numRuns: 5_000 },
  );
});

test("events that the matrix already knows change nothing", () => {
  fc.assert(
    fc.property(logs, (log) => {
      const slot = matrixSlot(log);
      for (const event of log) expect(fold(slot, event) ?? slot).toBe(slot);
    }),
  );
});

const at = (second: number, status: Status, id = second) =>
  makeEvent({ id, status, happened_at: `2026-11-23T10:00:0${second}Z` });

test("a first event fills an empty slot", () => {
  expect(fold(undefined, at(1, "failure"))).toEqual({ current: at(1, "failure") });
});

test("while a deployment runs the version before it is still serving", () => {
  const slot = fold({ current: at(1, "success") }, at(2, "in-progress"));

  expect(slot).toEqual({ current: at(2, "in-progress"), last_successful: at(1, "success") });
});

test("only a late success behind a run that follows a failure cannot be decided", () => {
  const running: Slot = { current: at(5, "in-progress"), prev_failed: true };

  expect(fold(running, at(3, "success", 9))).toBeUndefined();
  expect(fold(running, at(3, "failure", 9))).toBe(running);
  expect(fold({ current: at(5, "failure") }, at(3, "success", 9))).toEqual({
    current: at(5, "failure"),
    last_successful: at(3, "success", 9),
  });
});
