import type { DeploymentEvent, Matrix, Slot } from "./api";
import type { SlotName } from "./lib/address";
import { fold, isSameSlot } from "./lib/fold";
import type { Change } from "./lib/transitions";

type Slots = ReadonlyMap<string, Slot>;

/** One service's slots by environment. A new map replaces the old one at each change. */
export class Row {
  slots = $state.raw<Slots>(new Map());
  constructor(readonly service: string) {}
}

const names = new Intl.Collator("en", { numeric: true });

/** The matrix on the page: what the receiver answered, with every later event folded in. */
export class MatrixState {
  /** By name. */
  rows = $state.raw<Row[]>([]);
  /** In promotion order; one that the receiver has not placed yet stands last. */
  environments = $state.raw<string[]>([]);

  #byService = new Map<string, Row>();
  #listeners = new Set<(changes: Change[]) => void>();

  /** Hear what changes, but for what the page first shows; returns what ends that. */
  listen(listener: (changes: Change[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  slot({ service, environment }: SlotName): Slot | undefined {
    return this.rows.find((row) => row.service === service)?.slots.get(environment);
  }

  /** Take the receiver's whole answer in place of everything before. */
  install({ rows, environments }: Matrix): void {
    const services = new Set(rows.map((row) => row.service));
    this.rows = this.rows.filter((row) => services.has(row.service));
    this.#byService = new Map(this.rows.map((row) => [row.service, row]));
    this.environments = environments;
    this.installRows({ rows });
  }

  /** Take the receiver's answer for some of the services. */
  installRows({ rows }: Pick<Matrix, "rows">): void {
    this.#write(rows.map((row) => [row.service, new Map(Object.entries(row.slots))]));
  }

  /** Fold events in; returns those that their slots cannot decide (see `fold`). */
  fold(events: DeploymentEvent[]): DeploymentEvent[] {
    const edited = new Map<string, Map<string, Slot>>();
    const undecided: DeploymentEvent[] = [];
    for (const event of events) {
      const { service, environment } = event;
      const slots = edited.get(service) ?? new Map(this.#byService.get(service)?.slots);
      const slot = fold(slots.get(environment), event);
      if (slot) edited.set(service, slots.set(environment, slot));
      else undecided.push(event);
    }
    this.#write(edited);
    return undecided;
  }

  /** Put the columns into the receiver's order; what it did not name stays, last. */
  placeEnvironments(ordered: Iterable<string>): void {
    this.environments = [...new Set([...ordered, ...this.environments])];
  }

  #write(slotsByService: Iterable<[string, Slots]>): void {
    const isFirst = this.rows.length === 0;
    const changes: Change[] = [];
    const environments = new Set(this.environments);
    for (const [service, slots] of slotsByService) {
      for (const environment of slots.keys()) environments.add(environment);
      const row = this.#byService.get(service) ?? new Row(service);
      this.#byService.set(service, row);
      row.slots = new Map(
        Array.from(slots, ([environment, slot]) => {
          const before = row.slots.get(environment);
          if (before && isSameSlot(before, slot)) return [environment, before];
          if (before?.current.id !== slot.current.id) changes.push({ before, after: slot });
          return [environment, slot];
        }),
      );
    }
    if (environments.size > this.environments.length) this.environments = [...environments];
    if (this.rows.length !== this.#byService.size) {
      this.rows = [...this.#byService.values()].sort((a, b) => names.compare(a.service, b.service));
    }
    if (isFirst || changes.length === 0) return;
    for (const listener of this.#listeners) listener(changes);
  }
}
