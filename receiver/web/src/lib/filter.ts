import type { Slot, Status } from "../api";
import { versionOf } from "./format";

export interface Filter {
  /** Words; a row is shown when each occurs in its service, a version or an actor. */
  text: string;
  /** Only rows with a slot of this status. */
  status: Status | null;
}

interface FilterableRow {
  service: string;
  slots: ReadonlyMap<string, Slot>;
}

/** A function that tells whether a row passes the filter. */
export function rowFilter({ text, status }: Filter): (row: FilterableRow) => boolean {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return (row) =>
    words.every((word) => rowHas(row, word)) &&
    (status === null || [...row.slots.values()].some((slot) => slot.current.status === status));
}

function rowHas(row: FilterableRow, word: string): boolean {
  if (row.service.toLowerCase().includes(word)) return true;
  for (const slot of row.slots.values()) {
    if (slotTexts(slot).some((text) => text?.toLowerCase().includes(word))) return true;
  }
  return false;
}

function slotTexts({ current, last_successful: serving }: Slot): (string | undefined)[] {
  return [versionOf(current), current.actor, serving && versionOf(serving)];
}
