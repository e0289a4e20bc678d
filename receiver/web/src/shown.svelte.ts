import type { Slot } from "./api";
import { clock } from "./clock.svelte";
import { arrange, moveTo } from "./lib/columns";
import { columnFilter, rowFilter, slotFilter } from "./lib/filter";
import { groupRows, holdRows, sortRows } from "./lib/rows";
import { stateOf } from "./lib/state";
import type { MatrixState, Row } from "./matrix.svelte";
import type { ViewState } from "./view.svelte";

/** The rows as they stood when the viewer came among them. */
interface Held {
  rows: Row[];
  shown: Set<Row>;
  /** How they were chosen and sorted. */
  by: string;
}

/**
 * What the view shows of the matrix, and what it counts there. A key typed into the filter changes
 * the view, too: what does not depend on it must stay the same object, or every slot is shown anew.
 */
export class Shown {
  #wanted = $derived.by(() => this.view.current.columns);
  #hidden = $derived.by(() => this.view.current.hidden);
  #sort = $derived.by(() => this.view.current.sort);
  #grouping = $derived.by(() => this.view.current.grouping);
  #columns: string[] = [];
  #held = $state.raw<Held | null>(null);

  /** Every environment, in the viewer's order. */
  arranged = $derived.by(() => arrange(this.matrix.environments, this.#wanted));
  columns = $derived.by(() => {
    const passes = columnFilter(this.view.current);
    const columns = this.arranged.filter((name) => passes(name) && !this.#hidden.includes(name));
    if (columns.join("\n") !== this.#columns.join("\n")) this.#columns = columns;
    return this.#columns;
  });
  /** The rows that pass the filter, whatever its status. */
  #passing = $derived.by(() => this.#filter(null));
  #matching = $derived.by(() => {
    const { status } = this.view.current;
    return new Set(status === null ? this.#passing : this.#filter(status));
  });
  #sorted = $derived.by(() => sortRows(this.matrix.rows, this.columns, this.#sort));
  #by = $derived.by(() => {
    const { text, status, changed } = this.view.current;
    return JSON.stringify([text, status, changed, this.#sort, this.columns]);
  });
  /** What is held; nothing, once the viewer has chosen or sorted the rows in another way. */
  #holding = $derived.by(() => (this.#held?.by === this.#by ? this.#held : null));
  /** The rows that match, and those held that did. */
  rows = $derived.by(() => {
    const [held, matching] = [this.#holding?.shown, this.#matching];
    if (!held) return matching;
    return new Set(this.matrix.rows.filter((row) => matching.has(row) || held.has(row)));
  });
  #ordered = $derived.by(() => {
    if (!this.#holding) return this.#sorted;
    const { rows, shown } = this.#holding;
    // What matches only now is new to the viewer.
    const known = rows.filter((row) => shown.has(row) || !this.#matching.has(row));
    return holdRows(known, this.#sorted);
  });
  /** Whether rows are held where they would not stand by now. */
  isOrderOld = $derived.by(() => {
    const [stand, belong] = [this.#ordered, this.#sorted].map((rows) =>
      rows.filter((row) => this.rows.has(row)),
    );
    return stand?.some((row, index) => row !== belong?.[index]) ?? false;
  });
  /** Whether rows are held that do not match any more. */
  isFilterOld = $derived(this.rows.size > this.#matching.size);
  groups = $derived.by(() => groupRows(this.#ordered, this.#grouping, this.#sort));
  isGrouped = $derived(this.groups.some(({ name }) => name !== null));
  /** How many slots pass the filter, whatever its status, by the states that can be asked for. */
  counts = $derived.by(() => this.#count(this.#passing));

  constructor(
    private readonly matrix: MatrixState,
    private readonly view: ViewState,
  ) {}

  /** Let no row move or go, for the viewer is among them. */
  hold = (): void => {
    if (this.#holding) return;
    this.#held = { rows: this.#sorted, shown: this.#matching, by: this.#by };
  };

  release = (): void => {
    this.#held = null;
  };

  /** Put one column where another stands. */
  move(environment: string, target: string | undefined): void {
    const columns = moveTo(this.arranged, environment, target);
    const isPromotion = columns.every((name, index) => name === this.matrix.environments[index]);
    this.view.change({ columns: isPromotion ? [] : columns });
  }

  /** Fold a group away, or show it again. */
  fold(group: string): void {
    const { folded } = this.view.current;
    const others = folded.filter((name) => name !== group);
    this.view.change({ folded: others.length < folded.length ? others : [...folded, group] });
  }

  /** Whether a slot is in a column that is shown, and passes the filter. */
  passes(slot: Slot): boolean {
    return (
      this.columns.includes(slot.current.environment) && slotFilter(this.view.current, clock)(slot)
    );
  }

  #filter(status: ViewState["current"]["status"]): Row[] {
    const filter = { ...this.view.current, status };
    return this.matrix.rows.filter(rowFilter(filter, this.columns, clock));
  }

  #count(rows: Row[]) {
    const counts = { failure: 0, "in-progress": 0, stalled: 0 };
    const passes = slotFilter({ ...this.view.current, status: null }, clock);
    for (const { slots } of rows) {
      for (const environment of this.columns) {
        const slot = slots.get(environment);
        const state = slot && stateOf(slot, clock);
        if (state && state !== "success" && passes(slot)) counts[state] += 1;
      }
    }
    return counts;
  }
}
