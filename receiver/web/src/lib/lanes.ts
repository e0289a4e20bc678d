import type { DeploymentEvent } from "../api";
import { slotKey } from "./address";
import { attemptsOf, groupDeployments, newest, type Attempt } from "./deployments";
import { compareEvents } from "./order";

/** Where a version has been: all attempts to bring it into one slot. */
export interface Stop {
  id: string;
  service: string;
  environment: string;
  /** Its version, else its commit. */
  version: string | undefined;
  /** Newest first, and at least one. */
  attempts: [Attempt, ...Attempt[]];
}

/** The way of a version through the environments. */
export interface Lane {
  id: string;
  stops: Stop[];
  /** From stop to stop, by their ids. */
  steps: [from: string, to: string][];
  /** The oldest event. */
  first: DeploymentEvent;
}

/**
 * The lanes of these events (newest first), the one that began last first.
 *
 * Stops belong together when one's deployment names the other's as its parent, or when they have
 * the service and the version or the commit in common. A stop follows its parents; where none is
 * known, the stop of the nearest environment before its own.
 */
export function findLanes(events: DeploymentEvent[], environments: string[]): Lane[] {
  const stops = findStops(events);
  const parents = findParents(stops);
  const groups = new Groups(stops.map(({ id }) => id));
  const signs = new Map(stops.map((stop) => [stop, signsOf(stop)]));
  for (const stop of stops) {
    const { id } = stop;
    for (const sign of signs.get(stop) ?? []) groups.join(id, sign);
    for (const parent of parents.get(id) ?? []) groups.join(id, parent);
  }
  const byGroup = Map.groupBy(stops, ({ id }) => groups.of(id));
  return [...byGroup.values()]
    .map((stops) => makeLane(stops, parents, signs, environments))
    .sort((a, b) => compareEvents(b.first, a.first));
}

/** The lanes found now; those that were found before, unchanged, are the same objects. */
export function keepSame(before: Lane[], now: Lane[]): Lane[] {
  const known = new Map(before.map((lane) => [lane.id, lane]));
  return now.map((lane) => {
    const same = known.get(lane.id);
    return same && signature(same) === signature(lane) ? same : lane;
  });
}

/** Two lanes that have it in common show the same: an event never changes. */
function signature({ stops, steps }: Lane): string {
  const ids = stops.map((stop) => eventsOf(stop).map(({ id }) => id));
  return `${ids.join(";")} ${steps.join(";")}`;
}

function findStops(events: DeploymentEvent[]): Stop[] {
  const stops = new Map<string, Stop>();
  for (const [slot, own] of Map.groupBy(events, slotKey)) {
    for (const attempt of groupDeployments(own).flatMap(attemptsOf)) {
      const [{ service, environment, deployment_id }] = attempt.events;
      const { version } = attempt;
      const id = `${slot}\n${version ?? `#${deployment_id}`}`;
      const stop = stops.get(id);
      if (stop) stop.attempts.push(attempt);
      else stops.set(id, { id, service, environment, version, attempts: [attempt] });
    }
  }
  for (const { attempts } of stops.values()) {
    attempts.sort((a, b) => compareEvents(b.events[0], a.events[0]));
  }
  return [...stops.values()];
}

const eventsOf = (stop: Pick<Stop, "attempts">) => stop.attempts.flatMap(({ events }) => events);

/**
 * The ids of each stop's parents. An id that several services share means the stop's own service,
 * where that is one of them.
 */
function findParents(stops: Stop[]): Map<string, Set<string>> {
  const byDeployment = new Map<string, Set<Stop>>();
  for (const stop of stops) {
    for (const { deployment_id } of eventsOf(stop)) {
      const found = byDeployment.get(deployment_id) ?? new Set();
      byDeployment.set(deployment_id, found.add(stop));
    }
  }
  const find = (stop: Stop, parent: string): Stop[] => {
    const named = [...(byDeployment.get(parent) ?? [])].filter((other) => other !== stop);
    const own = named.filter(({ service }) => service === stop.service);
    return own.length ? own : named;
  };
  return new Map(
    stops.map((stop) => {
      const ids = stop.attempts.flatMap(({ events }) => newest(events, "parent_deployments") ?? []);
      return [stop.id, new Set(ids.flatMap((id) => find(stop, id).map((parent) => parent.id)))];
    }),
  );
}

/** What a stop has in common with the others of its version, in its service. */
function signsOf(stop: Stop): Set<string> {
  const signs = new Set(eventsOf(stop).flatMap(({ sha }) => sha ?? []));
  if (stop.version !== undefined) signs.add(stop.version);
  return new Set(Array.from(signs, (sign) => `${stop.service}\n\n${sign}`));
}

function makeLane(
  stops: Stop[],
  parents: Map<string, Set<string>>,
  signs: Map<Stop, Set<string>>,
  environments: string[],
): Lane {
  const columnOf = ({ environment }: Stop) => environments.indexOf(environment);
  const sorted = stops.toSorted((a, b) => columnOf(a) - columnOf(b));
  const isAlike = (other: Stop, stop: Stop) => {
    for (const sign of signs.get(other) ?? []) if (signs.get(stop)?.has(sign)) return true;
    return false;
  };
  const isBefore = (other: Stop, stop: Stop) =>
    columnOf(other) < columnOf(stop) && isAlike(other, stop);
  const steps = sorted.flatMap((stop, index): Lane["steps"] => {
    const known = parents.get(stop.id);
    if (known?.size) return Array.from(known, (parent) => [parent, stop.id]);
    const before = sorted.findLast((other, at) => at < index && isBefore(other, stop));
    return before ? [[before.id, stop.id]] : [];
  });
  const [first] = stops.map(oldestOf).sort(compareEvents);
  if (!first) throw new Error("a lane has a stop");
  return { id: sorted[0]?.id ?? "", stops: sorted, steps, first };
}

function oldestOf({ attempts }: Stop): DeploymentEvent {
  const { events } = attempts.at(-1) ?? attempts[0];
  return events.at(-1) ?? events[0];
}

/** Sets that are joined by what their members have in common. */
class Groups {
  #parents: Map<string, string>;

  constructor(members: string[]) {
    this.#parents = new Map(members.map((member) => [member, member]));
  }

  of(member: string): string {
    let root = member;
    for (let next = this.#parents.get(root); next !== undefined && next !== root;) {
      root = next;
      next = this.#parents.get(root);
    }
    this.#parents.set(member, root);
    return root;
  }

  join(a: string, b: string): void {
    this.#parents.set(this.of(a), this.of(b));
  }
}
