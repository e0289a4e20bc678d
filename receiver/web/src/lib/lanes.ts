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
  /** What it has in common with the others of its version, in its service. */
  signs: string[];
  /** The deployments that it names as its parents. */
  parents: string[];
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
 * Finds the lanes of a log that grows. Each time, what is new is worked out and no more: slots
 * without a new event keep their stops, and lanes of the same stops stay the same objects.
 *
 * Stops belong together when one's deployment names the other's as its parent, or when they have
 * the service and the version or the commit in common. A stop follows its parents; where none is
 * known, the stop of the nearest environment before its own.
 */
export class LaneFinder {
  #columns: Map<string, number>;
  #slots = new Map<string, { events: DeploymentEvent[]; stops: Stop[] }>();
  /** By their first stops. */
  #lanes = new Map<Stop | undefined, Lane>();

  constructor(environments: string[]) {
    this.#columns = new Map(environments.map((environment, column) => [environment, column]));
  }

  /** The lanes of these events (newest first) in the environments, the one that began last first. */
  find(events: DeploymentEvent[]): Lane[] {
    const shown = events.filter(({ environment }) => this.#columns.has(environment));
    const stops = this.#findStops(shown);
    const parents = findParents(stops);
    const groups = new Groups(stops.map(({ id }) => id));
    for (const { id, signs } of stops) {
      for (const sign of signs) groups.join(id, sign);
      for (const parent of parents.get(id) ?? []) groups.join(id, parent);
    }
    const byGroup = Map.groupBy(stops, ({ id }) => groups.of(id));
    const lanes = Array.from(byGroup.values(), (stops) => this.#findLane(stops, parents));
    this.#lanes = new Map(lanes.map((lane) => [lane.stops[0], lane]));
    return lanes.sort((a, b) => compareEvents(b.first, a.first));
  }

  #findStops(events: DeploymentEvent[]): Stop[] {
    const slots = Map.groupBy(events, slotKey);
    return [...slots].flatMap(([slot, events]) => {
      const known = this.#slots.get(slot);
      if (known && isSameLog(known.events, events)) return known.stops;
      const stops = findStops(slot, events, known?.stops ?? []);
      this.#slots.set(slot, { events, stops });
      return stops;
    });
  }

  /** Stops name all that leads to other stops: a lane of the same stops has the same steps. */
  #findLane(stops: Stop[], parents: Map<string, Set<string>>): Lane {
    const columnOf = ({ environment }: Stop) => this.#columns.get(environment) ?? 0;
    const sorted = stops.toSorted((a, b) => columnOf(a) - columnOf(b) || newestFirst(a, b));
    const known = this.#lanes.get(sorted[0]);
    const isKnown =
      known?.stops.length === sorted.length && sorted.every((stop, at) => stop === known.stops[at]);
    return isKnown ? known : makeLane(sorted, parents, columnOf);
  }
}

const newestFirst = (a: Stop, b: Stop) =>
  compareEvents(b.attempts[0].events[0], a.attempts[0].events[0]);

/** A log only grows, and no event of it changes. */
function isSameLog(a: DeploymentEvent[], b: DeploymentEvent[]): boolean {
  return a.length === b.length && a[0]?.id === b[0]?.id && a.at(-1)?.id === b.at(-1)?.id;
}

/** The stops of one slot's events; those that are as they were known are the same objects. */
function findStops(slot: string, events: DeploymentEvent[], known: Stop[]): Stop[] {
  const attempts = groupDeployments(events).flatMap(attemptsOf);
  const byId = Map.groupBy(attempts, ({ version, events }) => {
    return `${slot}\n${version ?? `#${events[0].deployment_id}`}`;
  });
  return Array.from(byId, ([id, attempts]) => {
    const stop = makeStop(id, attempts);
    return (
      known.find((other) => other.id === id && isSameLog(eventsOf(other), eventsOf(stop))) ?? stop
    );
  });
}

function makeStop(id: string, attempts: Attempt[]): Stop {
  const [first, ...others] = attempts.toSorted((a, b) => compareEvents(b.events[0], a.events[0]));
  if (!first) throw new Error("a stop has an attempt");
  const { service, environment } = first.events[0];
  const all: [Attempt, ...Attempt[]] = [first, ...others];
  const commits = all.flatMap(({ events }) => events.flatMap(({ sha }) => sha ?? []));
  const signs = new Set([...commits, first.version ?? []].flat());
  return {
    id,
    service,
    environment,
    version: first.version,
    attempts: all,
    signs: Array.from(signs, (sign) => `${service}\n\n${sign}`),
    parents: all.flatMap(({ events }) => newest(events, "parent_deployments") ?? []),
  };
}

const eventsOf = ({ attempts }: Stop) => attempts.flatMap(({ events }) => events);

/**
 * The ids of each stop's parents. An id that several services share means the stop's own service,
 * where that is one of them.
 */
function findParents(stops: Stop[]): Map<string, Set<string>> {
  const byDeployment = new Map<string, Set<Stop>>();
  for (const stop of stops) {
    for (const { events } of stop.attempts) {
      const { deployment_id } = events[0];
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
      const found = stop.parents.flatMap((id) => find(stop, id).map((parent) => parent.id));
      return [stop.id, new Set(found)];
    }),
  );
}

/** The lane of these stops, from the first environment to the last. */
function makeLane(
  stops: Stop[],
  parents: Map<string, Set<string>>,
  columnOf: (stop: Stop) => number,
): Lane {
  const isBefore = (other: Stop, stop: Stop) =>
    columnOf(other) < columnOf(stop) && other.signs.some((sign) => stop.signs.includes(sign));
  const steps = stops.flatMap((stop, index): Lane["steps"] => {
    const known = parents.get(stop.id);
    if (known?.size) return Array.from(known, (parent) => [parent, stop.id]);
    const before = stops.findLast((other, at) => at < index && isBefore(other, stop));
    return before ? [[before.id, stop.id]] : [];
  });
  const [first] = stops.map(oldestOf).sort(compareEvents);
  if (!first) throw new Error("a lane has a stop");
  return { id: stops[0]?.id ?? "", stops, steps, first };
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
