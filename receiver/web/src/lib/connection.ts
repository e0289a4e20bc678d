/** The event stream's state, and since when (ms): never open yet, open, or closed again. */
export interface Link {
  state: "new" | "open" | "closed";
  since: number;
}

/** What the page says about it. */
export type Connection = "connecting" | "live" | "reconnecting" | "offline";

const UNNOTICED_MS = 3_000;
const OFFLINE_AFTER_MS = 30_000;

/** A short break is not worth a word; a long one is not a reconnection any more. */
export function connection({ state, since }: Link, now: number): Connection {
  if (state === "open") return "live";
  if (now - since >= OFFLINE_AFTER_MS) return "offline";
  if (state === "new") return "connecting";
  return now - since < UNNOTICED_MS ? "live" : "reconnecting";
}

const LONGEST_PAUSE_MS = 15_000;

/**
 * How long (ms) to wait before the next attempt: almost nothing after the first failure in a row,
 * then `base`, doubled each time, with a spread so that a restarted receiver is not hit by
 * everyone at once. `random` is in [0, 1).
 */
export function pause(failures: number, base: number, random: number): number {
  if (failures <= 1) return random * 300;
  const longest = Math.min(LONGEST_PAUSE_MS, base * 2 ** (failures - 2));
  return longest * (0.5 + random / 2);
}
