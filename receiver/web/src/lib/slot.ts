import type { Slot } from "../api";
import { slotHref, slotId } from "./address";
import { shortVersion, versionOf } from "./format";

/** Everything about a slot that can be shown whatever the time is. */
export function describeSlot({ current, last_successful: serving, prev_failed }: Slot) {
  return {
    id: slotId(current),
    href: slotHref(current),
    at: current.happened_at,
    actor: current.actor ?? "",
    ...describeVersion(versionOf(current)),
    isAfterFailure: prev_failed === true,
    serving: serving && describeVersion(versionOf(serving)),
  };
}

function describeVersion(version: string | undefined) {
  return { version, shownVersion: version === undefined ? "no version" : shortVersion(version) };
}
