import type { DeploymentEvent, Slot } from "../api";
import { isLater } from "./order";

/**
 * A slot after one more event of the log, in whatever order events arrive; the same object when
 * nothing changes, so an event may be folded in twice.
 *
 * Returns undefined in the one case that the slot cannot decide: a success arrives late, behind a
 * deployment in progress that follows a failure, and nothing here says which of the two came last.
 */
export function fold(slot: Slot | undefined, event: DeploymentEvent): Slot | undefined {
  if (slot === undefined) return { current: event };
  if (event.id === slot.current.id) return slot;
  return isLater(event, slot.current) ? supersede(slot, event) : foldLate(slot, event);
}

function supersede(slot: Slot, event: DeploymentEvent): Slot {
  const { current } = slot;
  if (event.status === "success") return { current: event };
  const serving = current.status === "success" ? current : slot.last_successful;
  const failed =
    event.status === "in-progress" && (current.status === "failure" || slot.prev_failed);
  return makeSlot(event, serving, failed);
}

function foldLate(slot: Slot, event: DeploymentEvent): Slot | undefined {
  const { current, last_successful: serving } = slot;
  if (current.status === "success" || event.status === "in-progress") return slot;
  if (!isLater(event, serving)) return slot;
  if (event.status === "success") return slot.prev_failed ? undefined : makeSlot(current, event);
  // Later than the last success, so of the finished events this failure or a known one is the last.
  if (current.status === "failure" || slot.prev_failed) return slot;
  return makeSlot(current, serving, true);
}

function makeSlot(
  current: DeploymentEvent,
  serving: DeploymentEvent | undefined,
  failed: boolean | undefined = false,
): Slot {
  return {
    current,
    ...(serving && { last_successful: serving }),
    ...(failed && { prev_failed: true }),
  };
}

/** Whether two answers for one slot say the same. */
export function isSameSlot(a: Slot, b: Slot): boolean {
  return (
    a.current.id === b.current.id &&
    a.last_successful?.id === b.last_successful?.id &&
    a.prev_failed === b.prev_failed
  );
}
