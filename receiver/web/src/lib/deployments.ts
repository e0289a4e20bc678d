import type { DeploymentEvent } from "../api";
import { compareEvents, isFinished } from "./order";

/** Newest first, and at least one. */
export type Events = [DeploymentEvent, ...DeploymentEvent[]];

/** The events of one slot that share a `deployment_id`. */
export interface Deployment {
  id: string;
  events: Events;
}

/**
 * One try of a deployment: events in progress and the finished one after them. A deployment that
 * was run again has several.
 */
export interface Attempt {
  events: Events;
  /** Its version, else its commit. */
  version: string | undefined;
  /** How long (ms) it took; undefined while it is not over, or when only its end was reported. */
  took: number | undefined;
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

/** A deployment's attempts, newest first. */
export function attemptsOf({ events }: Deployment): Attempt[] {
  const runs: Events[] = [];
  for (const event of events) {
    const run = runs.at(-1);
    // Going back in time: what is finished ended an attempt of its own, or was only said twice.
    if (!run || (isFinished(event) && !isSame(event, run.at(-1)))) runs.push([event]);
    else run.push(event);
  }
  return runs.map((events) => ({
    events,
    version: newest(events, "version") ?? newest(events, "sha"),
    took: duration(events),
  }));
}

function isSame(event: DeploymentEvent, other: DeploymentEvent | undefined): boolean {
  return event.status === other?.status && event.happened_at === other.happened_at;
}

function duration(events: Events): number | undefined {
  const [last, first] = [events[0], events.at(-1)];
  if (!first || !isFinished(last) || isFinished(first)) return undefined;
  return Date.parse(last.happened_at) - Date.parse(first.happened_at);
}

/** The first value that any of the events has for a field, the newest event first. */
export function newest<Field extends keyof DeploymentEvent>(
  events: DeploymentEvent[],
  field: Field,
): DeploymentEvent[Field] | undefined {
  return events.find((event) => event[field] !== undefined)?.[field];
}
