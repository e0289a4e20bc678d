import type { Slot } from "./api";
import { clock } from "./clock.svelte";
import { arrange, moveTo } from "./lib/columns";
import { columnFilter, rowFilter, slotFilter } from "./lib/filter";
import { groupRows, sortRows, type Group } from "./lib/rows";
import { stateOf } from "./lib/state";
import type { MatrixState, Row } from "./matrix.svelte";
import type { ViewState } from "./view.svelte";

/** What the view shows of the matrix, and what it counts there. */
export class Shown {
  /** Every environment, in the viewer's order. */
  arranged = $derived.by(() => arrange(this.matrix.environments, this.view.current.columns));
  columns = $derived.by(() => {
    const { current } = this.view;
    const passes = columnFilter(current);
    return this.arranged.filter((name) => passes(name) && !current.hidden.includes(name));
  });
  rows = $derived.by(() => new Set(this.#filter(this.view.current.status)));
  groups = $derived.by((): Group<Row>[] => {
    const { sort, grouping } = this.view.current;
    return groupRows(sortRows(this.matrix.rows, this.columns, sort), grouping, sort);
  });
  isGrouped = $derived(this.groups.some(({ name }) => name !== null));
  /** How many slots pass the filter, whatever its status, by their states. */
  counts = $derived.by(() => this.#count(this.#filter(null)));

  constructor(
    private readonly matrix: MatrixState,
    private readonly view: ViewState,
  ) {}

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
    const counts = { failure: 0, "in-progress": 0, stalled: 0, success: 0 };
    const passes = slotFilter({ ...this.view.current, status: null }, clock);
    for (const { slots } of rows) {
      for (const environment of this.columns) {
        const slot = slots.get(environment);
        if (slot && passes(slot)) counts[stateOf(slot, clock)] += 1;
      }
    }
    return { ...counts, "in-progress": counts["in-progress"] + counts.stalled };
  }
}
