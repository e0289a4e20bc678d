import { expect, test, vi } from "vitest";
import { clock } from "../src/clock.svelte";

const HOUR_MS = 3_600_000;

/** Times as senders stamp them, some to the second and some finer, so long before now. */
function timesBefore(now: number, ms: number): string[] {
  return Array.from({ length: 1_100 }, (_, index) =>
    new Date(now - ms - index * (index % 2 ? 1_000 : 137)).toISOString(),
  );
}

test("no tick brings more than a few of many ages up to date, and in turn each comes", () => {
  vi.useFakeTimers({ now: Date.UTC(2026, 10, 20) });
  vi.stubGlobal("document", new EventTarget());
  clock.set(Date.now());
  const stop = clock.start();

  for (const [ms, ticks] of [
    [0, 11],
    [2 * HOUR_MS, 330],
  ] as const) {
    const times = timesBefore(Date.now(), ms);
    const begin = Date.now();
    let before = times.map((time) => clock.forAgeOf(time));
    let most = 0;
    for (let tick = 0; tick < ticks; tick++) {
      vi.advanceTimersByTime(1_000);
      const after = times.map((time) => clock.forAgeOf(time));
      most = Math.max(most, after.filter((now, index) => now !== before[index]).length);
      before = after;
    }
    expect(most).toBeLessThan(times.length / 5);
    expect(Math.min(...before)).toBeGreaterThan(begin);
  }
  stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test.each([
  ["after a sleep", HOUR_MS],
  ["once the viewer's clock is set back", -HOUR_MS],
])("%s every age is told at once", (_, jump) => {
  vi.useFakeTimers({ now: Date.UTC(2026, 10, 20) });
  vi.stubGlobal("document", new EventTarget());
  clock.set(Date.now());
  const stop = clock.start();
  const times = [...timesBefore(Date.now(), 0), ...timesBefore(Date.now(), 2 * HOUR_MS)];

  vi.setSystemTime(Date.now() + jump);
  vi.advanceTimersByTime(1_000);

  expect(new Set([clock.now, ...times.map((time) => clock.forAgeOf(time))])).toEqual(
    new Set([Date.now()]),
  );
  stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});
