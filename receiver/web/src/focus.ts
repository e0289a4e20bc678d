import { tick } from "svelte";

/** Give the focus to what is shown, from a button that goes: by keyboard one would start anew. */
export async function focusView(): Promise<void> {
  await tick();
  document.querySelector<HTMLElement>("main [role=grid]")?.focus({ preventScroll: true });
}
