import { parseView, type OpenSlot } from "./address";

/** Whether a click on a link means this page, and not a new tab, a window or a download. */
export function isPlainClick(event: MouseEvent): boolean {
  return !(event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
}

/**
 * What a click does on one of many links to slots, of which one listener on what is around them
 * hears: it opens the slot's history here.
 */
export function openingSlots(open: (slot: OpenSlot) => void): (event: MouseEvent) => void {
  return (event) => {
    // A link with a target, as that to a run, leads elsewhere.
    const link = (event.target as Element).closest<HTMLAnchorElement>("a[data-slot]:not([target])");
    const slot = link && isPlainClick(event) ? parseView(link.search).open : null;
    if (!slot) return;
    event.preventDefault();
    open(slot);
  };
}
