/** More than these at once is a burst, and a burst does not tell where to look. */
const MOST = 40;
const FROM = { boxShadow: "inset 0 0 0 2px var(--accent)" };
const TO = { boxShadow: "inset 0 0 0 2px transparent" };

/** Show quietly, once, which slots have just changed; not to those who asked for no motion. */
export function flash(slotIds: ReadonlySet<string>): void {
  if (slotIds.size > MOST || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  for (const id of slotIds) {
    const slot = document.getElementById(id);
    // Rows out of sight are not rendered; animating them would make them be.
    if (!slot?.checkVisibility({ contentVisibilityAuto: true })) continue;
    slot.animate([FROM, TO], { duration: 1_600, easing: "ease-in" });
  }
}
