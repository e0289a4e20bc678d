const STEPS: Partial<Record<string, [rows: number, slots: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  PageUp: [-10, 0],
  PageDown: [10, 0],
  Home: [0, -Infinity],
  End: [0, Infinity],
};

/**
 * Makes a grid one stop of the Tab key and moves among its slots with the arrow keys, after
 * https://www.w3.org/WAI/ARIA/apg/patterns/grid/. With Ctrl, Home and End go to the corners.
 */
export function roving(grid: HTMLElement): () => void {
  let last: HTMLElement | undefined;
  /** The column of a walk up or down, kept across rows that have fewer. */
  let column: number | undefined;

  const enter = () => {
    // A click between the slots gives the focus too, and must not jump.
    if (grid.matches(":focus-visible"))
      (last?.checkVisibility() ? last : find(grid, 0, 0))?.focus();
  };
  const onFocusIn = ({ target }: FocusEvent) => {
    if (target === grid) return enter();
    last = target as HTMLElement;
    column = undefined;
    grid.tabIndex = -1; // or Shift+Tab would come back here
  };
  const onFocusOut = () => (grid.tabIndex = 0);
  const onKeyDown = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    if (!step || event.altKey || event.metaKey || !last || last !== event.target) return;
    event.preventDefault();
    const [rows, slots] = event.ctrlKey && step[0] === 0 ? [step[1], step[1]] : step;
    const { row, slot } = locate(grid, last);
    const from = rows ? (column ?? slot) : slot;
    find(grid, row + rows, from + slots)?.focus();
    if (rows && !slots) column = from;
  };

  grid.tabIndex = 0;
  grid.addEventListener("focusin", onFocusIn);
  grid.addEventListener("focusout", onFocusOut);
  grid.addEventListener("keydown", onKeyDown);
  return () => {
    grid.removeEventListener("focusin", onFocusIn);
    grid.removeEventListener("focusout", onFocusOut);
    grid.removeEventListener("keydown", onKeyDown);
  };
}

const rowsOf = (grid: HTMLElement) => [...grid.querySelectorAll("[data-row]:not([hidden])")];
const slotsOf = (row: Element) => [...row.querySelectorAll<HTMLElement>("[data-slot]")];

function locate(grid: HTMLElement, slot: HTMLElement): { row: number; slot: number } {
  const rows = rowsOf(grid);
  const row = rows.findIndex((candidate) => candidate.contains(slot));
  return { row, slot: slotsOf(rows[row] ?? grid).indexOf(slot) };
}

/** The slot at a place, or the nearest to it that there is. */
function find(grid: HTMLElement, row: number, slot: number): HTMLElement | undefined {
  return nearest(slotsOf(nearest(rowsOf(grid), row) ?? grid), slot);
}

function nearest<Item>(items: Item[], index: number): Item | undefined {
  return items[Math.max(0, Math.min(items.length - 1, index))];
}
