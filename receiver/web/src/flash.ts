/** More than these at once is a burst, and a burst does not tell where to look. */
const MOST = 60;

/** Show quietly, once, which slots have just changed; not to those who asked for no motion. */
export function flash(slotIds: ReadonlySet<string>): void {
  if (slotIds.size > MOST || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  for (const id of slotIds) {
    document
      .getElementById(id)
      ?.animate([{ boxShadow: "inset 0 0 0 2px var(--accent)" }, { boxShadow: "inset 0 0 0 2px transparent" }], {
        duration: 1600,
        easing: "ease-in",
      });
  }
}
