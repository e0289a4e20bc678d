import type { Slot } from "../api";
import type { Grouping, Sort } from "./address";
import { instant } from "./order";

interface Facts {
  /** When its newest event happened, as `instant` writes it; empty when there is none. */
  changedAt: string;
  hasFailed: boolean;
}

const ORDERS: Record<Exclude<Sort, "name">, (a: Facts, b: Facts) => number> = {
  changed: (a, b) => Number(a.changedAt < b.changedAt) - Number(a.changedAt > b.changedAt),
  failures: (a, b) => Number(b.hasFailed) - Number(a.hasFailed),
};

/** The rows, which come by name, in the order wished for; rows alike stay by name. */
export function sortRows<Row extends { slots: ReadonlyMap<string, Slot> }>(
  rows: Row[],
  columns: string[],
  sort: Sort,
): Row[] {
  if (sort === "name") return rows;
  const compare = ORDERS[sort];
  return rows
    .map((row) => ({ row, facts: factsOf(row.slots, columns) }))
    .sort((a, b) => compare(a.facts, b.facts))
    .map(({ row }) => row);
}

/** The rows as they stood, for a viewer who is among them; what has come up since stands last. */
export function holdRows<Row>(held: Row[], sorted: Row[]): Row[] {
  const [known, there] = [new Set(held), new Set(sorted)];
  return [...held.filter((row) => there.has(row)), ...sorted.filter((row) => !known.has(row))];
}

function factsOf(slots: ReadonlyMap<string, Slot>, columns: string[]): Facts {
  const events = columns.flatMap((environment) => slots.get(environment)?.current ?? []);
  return {
    changedAt: events.map(({ happened_at }) => instant(happened_at)).reduce(later, ""),
    hasFailed: events.some(({ status }) => status === "failure"),
  };
}

const later = (a: string, b: string) => (a > b ? a : b);

/** Rows under one heading; those without a name have none. */
export interface Group<Row> {
  name: string | null;
  rows: Row[];
}

/** As many rows are looked over at a glance; more are grouped unless the viewer decides. */
const MANY = 30;
/** A group of nearly all rows tells nothing; its own parts may. */
const NEARLY_ALL = 0.8;

/**
 * The rows in groups by the first words of their names, each group where its first row stands.
 * Rows that share their words with no other come first, under no heading. Unless the viewer
 * decides, a few rows are not grouped, nor are rows in an order that a group would break.
 */
export function groupRows<Row extends { service: string }>(
  rows: Row[],
  grouping: Grouping | null,
  sort: Sort,
): Group<Row>[] {
  const isGrouped = grouping ? grouping === "prefix" : sort === "name" && rows.length > MANY;
  const groups = isGrouped ? split(rows, 1) : [];
  const grouped = new Set(groups.flatMap((group) => group.rows));
  const single = rows.filter((row) => !grouped.has(row));
  return single.length ? [{ name: null, rows: single }, ...groups] : groups;
}

function split<Row extends { service: string }>(rows: Row[], words: number): Group<Row>[] {
  const byPrefix = Map.groupBy(rows, ({ service }) => prefix(service, words));
  return [...byPrefix].flatMap(([name, members]) => {
    if (members.length === 1) return [];
    if (members.length < NEARLY_ALL * rows.length) return [{ name, rows: members }];
    const isWholeName = members.every(({ service }) => service === name);
    const parts = isWholeName ? [] : split(members, words + 1);
    if (parts.length > 1) return parts;
    return members.length === rows.length ? [] : [{ name, rows: members }];
  });
}

/** The first words of a name, as many as asked for and there are. */
function prefix(service: string, words: number): string {
  return (
    new RegExp(`^[-_./: ]*([^-_./: ]+[-_./: ]+){${words - 1}}[^-_./: ]*`).exec(service)?.[0] ??
    service
  );
}
