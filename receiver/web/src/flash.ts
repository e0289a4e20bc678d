import { tick } from "svelte";
import type { Slot } from "./api";
import { slotId } from "./lib/address";
import type { Change } from "./lib/transitions";

/** More than these at once is a burst, and a burst does not tell where to look. */
const MOST = 40;
const FROM = { boxShadow: "inset 0 0 0 2px var(--accent)" };
const TO = { boxShadow: "inset 0 0 0 2px transparent" };

/** Show quietly, once, which slots have just changed; not to those who asked for no motion. */
export async function flash(changes: Change[]): Promise<void> {
  if (changes.length > MOST || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  await tick(); // a slot that is new is on the page only then
  // Which are seen is asked of all before the first moves, or the browser looks anew for each.
  for (const slot of changes
    .map(({ after }) => slotInSight(after))
    .filter((slot) => slot !== null)) {
    slot.animate([FROM, TO], { duration: 1_600, easing: "ease-in" });
  }
}

/** Rows out of sight are not rendered; animating them would make them be. */
function slotInSight({ current }: Slot): HTMLElement | null {
  const slot = document.getElementById(slotId(current));
  return slot?.checkVisibility({ contentVisibilityAuto: true }) ? slot : null;
}
