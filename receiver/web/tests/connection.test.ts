import { expect, test } from "vitest";
import { connection, pause } from "../src/lib/connection";

test.each([
  ["open", 3_600_000, "live"],
  ["closed", 2_999, "live"],
  ["closed", 3_000, "reconnecting"],
  ["closed", 29_999, "reconnecting"],
  ["closed", 30_000, "offline"],
  ["new", 0, "connecting"],
  ["new", 29_999, "connecting"],
  ["new", 30_000, "offline"],
] as const)("a stream that is %s for %d ms is shown as %s", (state, elapsed, expected) => {
  expect(connection({ state, since: 1_000 }, 1_000 + elapsed)).toBe(expected);
});

test("after the first failure in a row the next attempt comes almost at once", () => {
  expect(pause(1, 1_000, 0.999)).toBeLessThan(300);
});

test("pauses double up to a limit", () => {
  expect([2, 3, 4, 5, 6, 60].map((failures) => pause(failures, 1_000, 1))).toEqual([
    1_000, 2_000, 4_000, 8_000, 15_000, 15_000,
  ]);
});

test("pauses are spread over half their length", () => {
  expect(pause(3, 1_000, 0)).toBe(1_000);
  expect(pause(3, 1_000, 0.5)).toBe(1_500);
});
