import type { DeploymentEvent, Slot } from "../api";
import { versionOf } from "./format";

type Slots = ReadonlyMap<string, Slot>;

/** The deployment that serves in a slot: the last that succeeded. */
export function servingIn({ current, last_successful }: Slot): DeploymentEvent | undefined {
  return current.status === "success" ? current : last_successful;
}

/**
 * Where a slot's serving version is another than that of the environment before it, what serves
 * there, by the slot's environment. `promotion` is the promotion order; an environment where
 * nothing serves, or nothing with a version, is no step of it.
 */
export function differences(slots: Slots, promotion: string[]): Map<string, DeploymentEvent> {
  const found = new Map<string, DeploymentEvent>();
  let before: DeploymentEvent | undefined;
  for (const environment of promotion) {
    const slot = slots.get(environment);
    const serving = slot && servingIn(slot);
    if (!serving || versionOf(serving) === undefined) continue;
    if (before && versionOf(before) !== versionOf(serving)) found.set(environment, before);
    before = serving;
  }
  return found;
}
