import type { DeploymentEvent } from "../api";
import { slotKey } from "./address";
import { newest, type Deployment } from "./deployments";
import { isLater } from "./order";

/** What came before a deployment and what followed from it, in each slot the newest event. */
export interface Relatives {
  parents: DeploymentEvent[];
  /** The ids of parents that no event is known of. */
  unknown: string[];
  children: DeploymentEvent[];
}

type Index = Map<string, Map<string, DeploymentEvent>>;

/** A function that finds a deployment's relatives among these events. */
export function relate(events: Iterable<DeploymentEvent>): (deployment: Deployment) => Relatives {
  const [byId, byParent]: [Index, Index] = [new Map(), new Map()];
  for (const event of events) {
    keep(byId, event.deployment_id, event);
    for (const parent of event.parent_deployments ?? []) keep(byParent, parent, event);
  }
  const known = (id: string) => [...(byId.get(id)?.values() ?? [])];
  return ({ id, events }) => {
    const isOther = (event: DeploymentEvent) => place(event) !== place(events[0]);
    const parents = [...new Set(newest(events, "parent_deployments"))];
    return {
      parents: parents.flatMap(known).filter(isOther),
      unknown: parents.filter((parent) => !byId.has(parent)),
      // A later event may say nothing of the parent: the newest of all is the one to show.
      children: newestInSlots(
        [...(byParent.get(id)?.values() ?? [])]
          .filter(isOther)
          .map((child) => byId.get(child.deployment_id)?.get(place(child)) ?? child),
      ),
    };
  };
}

/** What was tried again in a slot is there once, as it is now. */
function newestInSlots(events: DeploymentEvent[]): DeploymentEvent[] {
  const slots = new Map<string, DeploymentEvent>();
  for (const event of events) {
    if (isLater(event, slots.get(slotKey(event)))) slots.set(slotKey(event), event);
  }
  return [...slots.values()];
}

/** Keep the newest event of each deployment in each slot. */
function keep(index: Index, key: string, event: DeploymentEvent): void {
  const found = index.get(key) ?? new Map<string, DeploymentEvent>();
  index.set(key, found);
  if (isLater(event, found.get(place(event)))) found.set(place(event), event);
}

const place = (event: DeploymentEvent) => `${slotKey(event)}\n${event.deployment_id}`;
