import { expect, test } from "vitest";
import {
  afterAnswer,
  afterClockMoved,
  afterEvent,
  afterTime,
  connection,
  isPollDue,
  pause,
  type Link,
} from "../src/lib/connection";

test.each([
  ["open", 3_600_000, "live"],
  ["closed", 2_999, "live"],
  ["closed", 3_000, "reconnecting"],
  ["closed", 29_999, "reconnecting"],
  ["closed", 30_000, "offline"],
  ["new", 0, "connecting"],
  ["new", 29_999, "connecting"],
  ["new", 30_000, "offline"],
] as const)("a stream that is %s for %d ms is shown as %s", (stream, elapsed, expected) => {
  const link = { stream, since: 1_000, answersSince: null };
  expect(connection(link, 1_000 + elapsed)).toBe(expected);
});

test("a receiver that answers for a while, and whose stream does not come, is called delayed", () => {
  const link: Link = { stream: "closed", since: 0, answersSince: 100_000 };
  expect(connection(link, 102_999)).toBe("offline");
  expect(connection(link, 103_000)).toBe("delayed");
});

test("it is away from the moment that it stops to answer", () => {
  const closed: Link = { stream: "closed", since: 1, answersSince: null };
  const answering = afterAnswer(afterAnswer(closed, true, 5), true, 9);
  expect(answering).toEqual({ stream: "closed", since: 1, answersSince: 5 });

  const away = afterAnswer(afterAnswer(answering, false, 20), false, 30);
  expect(away).toEqual({ stream: "closed", since: 20, answersSince: null });
});

test("nothing is yet to come once the viewer's clock was set back", () => {
  const link: Link = { stream: "closed", since: 500_000, answersSince: 600_000 };
  const set = afterClockMoved(link, 100_000);
  expect(set).toEqual({ stream: "closed", since: 100_000, answersSince: 100_000 });
  expect(connection(set, 103_000)).toBe("delayed");
  expect(afterClockMoved(link, 900_000)).toEqual(link);
});

test("it is asked every few seconds, and only while the stream is not open", () => {
  const closed: Link = { stream: "closed", since: 0, answersSince: null };
  expect(isPollDue(closed, 0, 2_999)).toBe(false);
  expect(isPollDue(closed, 0, 5_000)).toBe(true);
  expect(isPollDue(closed, 5_000, 9_999)).toBe(false);
  expect(isPollDue(closed, 5_000, 10_000)).toBe(true);
  expect(isPollDue({ ...closed, stream: "open" }, 0, 60_000)).toBe(false);
});

test("a stream that brings things late is called delayed, until it has brought none for a minute", () => {
  const open: Link = { stream: "open", since: 0, answersSince: null };
  expect(afterEvent(open, 10_000, 50_000)).toBe(open);

  const late = afterEvent(open, 10_001, 50_000);
  expect(connection(late, 50_000)).toBe("delayed");
  expect(isPollDue(late, 45_000, 50_000)).toBe(true);
  expect(afterEvent(late, 0, 60_000)).toBe(late);
  expect(connection(afterTime(late, 109_999), 109_999)).toBe("delayed");
  expect(connection(afterTime(late, 110_000), 110_000)).toBe("live");
});

test("what comes before the stream is open says nothing of it", () => {
  const link: Link = { stream: "new", since: 0, answersSince: null };
  expect(afterEvent(link, 60_000, 60_000)).toBe(link);
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
