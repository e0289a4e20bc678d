import type { Slot } from "../api";

/** What a slot is shown as. */
export type State = "success" | "failure" | "in-progress" | "stalled";

export const STALLED_AFTER_MS = 60 * 60 * 1000;

export const STATE_WORDS: Record<State, string> = {
  success: "succeeded",
  failure: "failed",
  "in-progress": "in progress",
  stalled: "stalled",
};

export function stateOf(slot: Slot, now: number): State {
  const { status, happened_at: at } = slot.current;
  if (status !== "in-progress") return status;
  return now - Date.parse(at) > STALLED_AFTER_MS ? "stalled" : status;
}

export interface Totals {
  failure: number;
  "in-progress": number;
}

/** How many slots failed and how many are in progress, stalled ones included. */
export function totals(rows: Iterable<{ slots: ReadonlyMap<string, Slot> }>): Totals {
  const sums = { failure: 0, "in-progress": 0, success: 0 };
  for (const { slots } of rows) for (const slot of slots.values()) sums[slot.current.status] += 1;
  return sums;
}
