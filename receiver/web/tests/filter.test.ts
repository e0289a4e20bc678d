import { expect, test } from "vitest";
import type { Slot } from "../src/api";
import { PLAIN } from "../src/lib/address";
import { columnFilter, eventFilter, rowFilter, type Filter } from "../src/lib/filter";
import { makeEvent } from "./events";

const service = "Checkout-API";
const failed: Slot = {
  current: makeEvent({ service, status: "failure", version: "1.5.0", actor: "Alice" }),
  last_successful: makeEvent({ service, version: "1.4.2" }),
};
const fine: Slot = {
  current: makeEvent({ service, environment: "dev", version: "1.6.0", actor: "bob" }),
};
const row = {
  slots: new Map([
    ["dev", fine],
    ["prod", failed],
  ]),
};
const clock = { now: Date.parse(failed.current.happened_at), stalledAfterMs: 3_600_000 };

function filter(given: Partial<Filter>): boolean {
  const whole = { ...PLAIN, ...given };
  return rowFilter(whole, ["dev", "prod"].filter(columnFilter(whole)), clock)(row);
}

test.each([
  ...["", "  ", "checkout", "API check", "1.5", "1.4.2", "alice", "checkout alice"],
  ...["checkout-*", "*-api", "che*api", "1.?.0", "by:alice", "version:1.4.2", "actor:ALICE"],
  ...["payments,checkout", "env:prod", "env:pr* alice", "!payments", "!env:dev", "!", "env:", ","],
])("%j finds the row", (text) => {
  expect(filter({ text })).toBe(true);
});

test.each([
  ...["payments", "checkout carol", "prod", "check*out", "api-*", "by:checkout", "version:alice"],
  ...["!checkout", "!alice", "!by:bob,carol", "alice 1.6.0", "env:dev alice", "constructor:x"],
])("%j does not find it", (text) => {
  expect(filter({ text })).toBe(false);
});

test.each([
  ["env:prod*,staging", ["staging", "prod-eu", "prod-us"]],
  ["!env:dev", ["staging", "prod-eu", "prod-us"]],
  ["env:prod* !env:*-us", ["prod-eu"]],
  ["checkout !alice", ["dev", "staging", "prod-eu", "prod-us"]],
])("%j leaves the columns %j", (text, columns) => {
  const all = ["dev", "staging", "prod-eu", "prod-us"];

  expect(all.filter(columnFilter({ ...PLAIN, text }))).toEqual(columns);
});

test("with a status only rows that have such a slot are shown", () => {
  expect(filter({ status: "failure" })).toBe(true);
  expect(filter({ status: "in-progress" })).toBe(false);
  expect(filter({ status: "failure", text: "payments" })).toBe(false);
});

test("a status and a word must be of the same slot", () => {
  expect(filter({ status: "failure", text: "alice" })).toBe(true);
  expect(filter({ status: "failure", text: "bob" })).toBe(false);
});

test("a slot in a column that is not shown counts for nothing", () => {
  expect(rowFilter({ ...PLAIN, status: "failure" }, ["dev"], clock)(row)).toBe(false);
});

test("what stalled is found as stalled, and as in progress no more", () => {
  const slots = new Map([["dev", { current: makeEvent({ status: "in-progress" }) }]]);
  const late = { ...clock, now: clock.now + 2 * clock.stalledAfterMs };
  const finds = (status: Filter["status"], at: typeof clock) =>
    rowFilter({ ...PLAIN, status }, ["dev"], at)({ slots });

  expect([finds("stalled", clock), finds("in-progress", clock)]).toEqual([false, true]);
  expect([finds("stalled", late), finds("in-progress", late)]).toEqual([true, false]);
});

test.each([
  ["hour", 3_600_000],
  ["day", 86_400_000],
] as const)("what changed in the last %s is found until then", (changed, period) => {
  const finds = (elapsed: number) =>
    rowFilter({ ...PLAIN, changed }, ["prod"], { ...clock, now: clock.now + elapsed })(row);

  expect([finds(0), finds(period), finds(period + 1)]).toEqual([true, true, false]);
});

test("the same words filter events, by their environment too", () => {
  const finds = (text: string) => eventFilter({ ...PLAIN, text }, clock)(failed.current);

  expect([finds("env:prod alice"), finds("env:dev"), finds("!alice")]).toEqual([
    true,
    false,
    false,
  ]);
});
