import { Kept } from "./kept.svelte";

export type Theme = "system" | "light" | "dark";

/** public/theme.js reads it, too, before this module is there. */
const kept = new Kept("theme");

/** The viewer's choice of colours; the system's unless there is one. */
export const theme = {
  get choice(): Theme {
    return kept.text === "light" || kept.text === "dark" ? kept.text : "system";
  },

  set choice(choice: Theme) {
    kept.text = choice === "system" ? null : choice;
  },

  /** Give the page its colours. */
  apply(): void {
    document.documentElement.dataset.theme = this.choice;
  },
};
