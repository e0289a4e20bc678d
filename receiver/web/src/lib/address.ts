import type { Filter } from "./filter";
import { parseInstant } from "./time";

export interface SlotName {
  service: string;
  environment: string;
}

/** A slot whose history is open, and the deployment in it that is meant, if one is. */
export interface OpenSlot extends SlotName {
  deployment?: string;
}

export const KINDS = ["matrix", "feed", "lanes", "refused"] as const;
export const STATUSES = ["failure", "in-progress", "stalled"] as const;
export const PERIODS = ["hour", "day"] as const;
export const SORTS = ["name", "changed", "failures"] as const;
export const GROUPINGS = ["prefix", "none"] as const;

export type Kind = (typeof KINDS)[number];
export type Sort = (typeof SORTS)[number];
export type Grouping = (typeof GROUPINGS)[number];

/** All of the page that its address holds. */
export interface View extends Filter {
  kind: Kind;
  sort: Sort;
  /** How rows are grouped; null leaves it to how many there are. */
  grouping: Grouping | null;
  /** The groups that are folded away. */
  folded: string[];
  /** The columns in the viewer's order; empty for the promotion order. */
  columns: string[];
  /** The columns that are not shown. */
  hidden: string[];
  /** As of when the matrix is shown, in UTC; null for as it is now. */
  at: string | null;
  /** For a screen in the room: how many seconds each page of it stands; null for a desk. */
  wall: number | null;
  /** The slot whose history is open. */
  open: OpenSlot | null;
}

export const PLAIN: View = {
  kind: "matrix",
  text: "",
  status: null,
  changed: null,
  sort: "name",
  grouping: null,
  folded: [],
  columns: [],
  hidden: [],
  at: null,
  wall: null,
  open: null,
};

const WALL_SECONDS = 15;

/** The view that a query string names; what it does not know it leaves out. */
export function parseView(search: string): View {
  const query = new URLSearchParams(search);
  const service = query.get("service");
  const environment = query.get("environment");
  const deployment = query.get("deployment");
  return {
    kind: oneOf(KINDS, query.get("view")) ?? PLAIN.kind,
    text: query.get("q") ?? PLAIN.text,
    status: oneOf(STATUSES, query.get("status")),
    changed: oneOf(PERIODS, query.get("changed")),
    sort: oneOf(SORTS, query.get("sort")) ?? PLAIN.sort,
    grouping: oneOf(GROUPINGS, query.get("group")),
    folded: query.getAll("folded"),
    columns: query.getAll("column"),
    hidden: query.getAll("hide"),
    at: parseInstant(query.get("at") ?? ""),
    wall: query.has("wall") ? seconds(query.get("wall")) : null,
    open:
      service && environment ? { service, environment, ...(deployment && { deployment }) } : null,
  };
}

function seconds(text: string | null): number {
  return /^[1-9]\d{0,4}$/.test(text ?? "") ? Number(text) : WALL_SECONDS;
}

function oneOf<Word extends string>(words: readonly Word[], text: string | null): Word | null {
  return words.find((word) => word === text) ?? null;
}

/** The query string of a view, with its `?`; empty for the plain matrix. */
export function formatView(view: View): string {
  const { open, wall } = view;
  const query = new URLSearchParams();
  if (view.kind !== PLAIN.kind) query.set("view", view.kind);
  if (view.text) query.set("q", view.text);
  if (view.status) query.set("status", view.status);
  if (view.changed) query.set("changed", view.changed);
  if (view.sort !== PLAIN.sort) query.set("sort", view.sort);
  if (view.grouping) query.set("group", view.grouping);
  for (const group of view.folded) query.append("folded", group);
  for (const environment of view.columns) query.append("column", environment);
  for (const environment of view.hidden) query.append("hide", environment);
  if (view.at) query.set("at", view.at);
  if (wall !== null) query.set("wall", wall === WALL_SECONDS ? "" : String(wall));
  if (open) {
    query.set("service", open.service);
    query.set("environment", open.environment);
    if (open.deployment) query.set("deployment", open.deployment);
  }
  return query.size ? `?${query}` : "";
}

/** The address of one slot's history beside a kind of view, as a link. */
export function slotHref(slot: OpenSlot, kind = PLAIN.kind): string {
  return formatView({ ...PLAIN, kind, open: slot });
}

/** The id of a slot's element: names may hold any character, an id no space. */
export function slotId({ service, environment }: SlotName): string {
  return `slot:${encodeURIComponent(service)}:${encodeURIComponent(environment)}`;
}

/** A slot as a key, made faster than its id: names hold no control characters. */
export function slotKey({ service, environment }: SlotName): string {
  return `${service}\n${environment}`;
}
