import type { DeploymentEvent } from "../api";
import { compareEvents, isFinished } from "./order";

/** The events of one slot that share a `deployment_id`, newest first. */
export interface Deployment {
  id: string;
  events: [DeploymentEvent, ...DeploymentEvent[]];
}

/** Two lists of events as one: newest first, each event once. */
export function mergeEvents(a: DeploymentEvent[], b: DeploymentEvent[]): DeploymentEvent[] {
  const byId = new Map([...a, ...b].map((event) => [event.id, event]));
  return [...byId.values()].sort((left, right) => compareEvents(right, left));
}

/** One slot's events (newest first) as deployments, the one with the newest event first. */
export function groupDeployments(events: DeploymentEvent[]): Deployment[] {
  const groups = new Map<string, Deployment>();
  for (const event of events) {
    const group = groups.get(event.deployment_id);
    if (group) group.events.push(event);
    else groups.set(event.deployment_id, { id: event.deployment_id, events: [event] });
  }
  return [...groups.values()];
}

/**
 * How long (ms) the attempt took that ended with `events[index]`; undefined for an event that ends
 * nothing. An attempt is a run of events in progress and the finished one after them: a deployment
 * that was retried has several.
 */
export function attemptDuration(events: DeploymentEvent[], index: number): number | undefined {
  const end = events[index];
  if (!end || !isFinished(end)) return undefined;
  let start: DeploymentEvent | undefined;
  for (const event of events.slice(index + 1)) {
    if (isFinished(event)) break;
    start = event;
  }
  return start && Date.parse(end.happened_at) - Date.parse(start.happened_at);
}

/** The first value that any event of a deployment has for a field, the newest event first. */
export function newest<Field extends keyof DeploymentEvent>(
  { events }: Deployment,
  field: Field,
): DeploymentEvent[Field] | undefined {
  return events.find((event) => event[field] !== undefined)?.[field];
}
