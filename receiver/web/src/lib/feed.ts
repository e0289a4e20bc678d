import type { DeploymentEvent } from "../api";
import { slotKey } from "./address";
import { isFinished } from "./order";

/** The events of one day in the viewer's zone, in the order they were given. */
export interface Day {
  /** Which day, as `Date` reads it. */
  date: string;
  events: DeploymentEvent[];
}

/** Events in the order of time as days. */
export function groupByDay(events: DeploymentEvent[]): Day[] {
  const days: Day[] = [];
  for (const event of events) {
    const date = new Date(event.happened_at).toDateString();
    const last = days.at(-1);
    if (last?.date === date) last.events.push(event);
    else days.push({ date, events: [event] });
  }
  return days;
}

/**
 * How long (ms) each attempt took, by the id of the event that ended it. Of one that began before
 * the events (newest first) do, nothing is known.
 */
export function durations(events: DeploymentEvent[]): Map<number, number> {
  const starts = new Map<string, number>();
  const found = new Map<number, number>();
  for (const event of events.toReversed()) {
    const key = `${slotKey(event)}\n${event.deployment_id}`;
    const start = starts.get(key);
    const at = Date.parse(event.happened_at);
    if (!isFinished(event)) starts.set(key, start ?? at);
    else if (start !== undefined && starts.delete(key)) found.set(event.id, at - start);
  }
  return found;
}
