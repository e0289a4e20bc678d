import { expect, test } from "vitest";
import { age, ago, asField, duration, dayName, parseInstant, skewOf } from "../src/lib/time";
import { makeEvent } from "./events";

const NOW = Date.parse("2026-11-23T12:00:00Z");

test.each([
  ["2026-11-23T11:59:59.5Z", "now"],
  ["2026-11-23T11:59:00Z", "1 min"],
  ["2026-11-23T11:00:01Z", "59 min"],
  ["2026-11-23T11:00:00Z", "1 h"],
  ["2026-11-22T12:00:01Z", "23 h"],
  ["2026-11-22T12:00:00Z", "1 d"],
  ["2026-09-23T12:00:00Z", "2 mo"],
  ["2023-11-23T12:00:00Z", "3 y"],
])("the age of %s is %s", (time, expected) => {
  expect(age(time, NOW)).toBe(expected);
});

test("a clock a little ahead of ours is no news from the future", () => {
  expect(age("2026-11-23T12:00:30Z", NOW)).toBe("now");
});

test("an event from a clock far ahead says so", () => {
  expect(age("2026-11-23T14:00:00Z", NOW)).toBe("in 2 h");
  expect(ago("2026-11-23T14:00:00Z", NOW)).toBe("in 2 h");
});

test("how far its sender's clock is ahead is said of an event that the receiver marks", () => {
  const ahead = makeEvent({
    happened_at: "2026-11-23T15:00:01Z",
    received_at: "2026-11-23T12:00:00Z",
  });

  expect(skewOf({ ...ahead, clock_skew: true })).toBe("dated 3 h ahead by its sender's clock");
  expect(skewOf(ahead)).toBeUndefined();
});

test("as a phrase an age reads as a sentence does", () => {
  expect(ago("2026-11-23T11:59:59Z", NOW)).toBe("just now");
  expect(ago("2026-11-23T11:00:00Z", NOW)).toBe("1 h ago");
});

test.each([
  [0, "0 s"],
  [40_400, "40 s"],
  [110_000, "1 min 50 s"],
  [120_000, "2 min"],
  [7_500_000, "2 h 5 min"],
  [90_000_000, "1 d 1 h"],
])("%d ms are %s", (ms, expected) => {
  expect(duration(ms)).toBe(expected);
});

test("a day is named as it is in the viewer's zone", () => {
  const now = new Date("2026-11-23T00:30").getTime();
  expect(dayName("2026-11-23T00:10", now)).toBe("Today");
  expect(dayName("2026-11-22T23:50", now)).toBe("Yesterday");
  expect(dayName("2026-11-21T23:50", now)).toContain("2026");
  expect(dayName("2026-11-24T00:10", now)).toContain("2026");
});

test("what a field for a date and a time is filled with is the time, to the minute", () => {
  expect(parseInstant(asField(NOW))).toBe("2026-11-23T12:00:00Z");
});
