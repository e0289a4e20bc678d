import type { DeploymentEvent, Slot } from "../src/api";
import { compareEvents, isFinished } from "../src/lib/order";

/** An event with what a test names, and believable values for the rest. */
export function makeEvent(given: Partial<DeploymentEvent> = {}): DeploymentEvent {
  return {
    id: 1,
    deployment_id: "run-1",
    service: "checkout",
    environment: "prod",
    status: "success",
    happened_at: "2026-11-23T10:00:00Z",
    received_at: "2026-11-23T10:00:01Z",
    ...given,
  };
}

/** The contract's own words, from all events of a slot at once. */
export function matrixSlot(events: DeploymentEvent[]): Slot {
  const newestFirst = events.toSorted((a, b) => compareEvents(b, a));
  const [current] = newestFirst;
  if (!current) throw new Error("a slot has an event");
  const serving = newestFirst.find((event) => event.status === "success");
  const finished = newestFirst.find(isFinished);
  return {
    current,
    ...(current.status !== "success" && serving && { last_successful: serving }),
    ...(current.status === "in-progress" &&
      finished?.status === "failure" && { prev_failed: true as const }),
  };
}
