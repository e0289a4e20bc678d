import type { Slot } from "../api";

/** What a slot is shown as. */
export type State = "success" | "failure" | "in-progress" | "stalled";

export const STATE_WORDS: Record<State, string> = {
  success: "succeeded",
  failure: "failed",
  "in-progress": "in progress",
  stalled: "stalled",
};

/** The receiver's time (ms), and how long it lets a deployment be in progress. */
export interface Clock {
  readonly now: number;
  readonly stalledAfterMs: number;
}

/** Only for a deployment in progress does the clock matter, and only then is it read. */
export function stateOf({ current }: Slot, clock: Clock): State {
  if (current.status !== "in-progress") return current.status;
  const elapsed = clock.now - Date.parse(current.happened_at);
  return elapsed > clock.stalledAfterMs ? "stalled" : "in-progress";
}
