import type { Status } from "../api";
import type { Filter } from "./filter";

export interface SlotName {
  service: string;
  environment: string;
}

/** All of the page that its address holds. */
export interface View extends Filter {
  /** The slot whose history is open. */
  open: SlotName | null;
}

const FILTERABLE: Partial<Record<string, Status>> = {
  failure: "failure",
  "in-progress": "in-progress",
};

/** The view that a query string names; what it does not know it leaves out. */
export function parseView(search: string): View {
  const query = new URLSearchParams(search);
  const service = query.get("service");
  const environment = query.get("environment");
  return {
    text: query.get("q") ?? "",
    status: FILTERABLE[query.get("status") ?? ""] ?? null,
    open: service && environment ? { service, environment } : null,
  };
}

/** The query string of a view, with its `?`; empty for the plain matrix. */
export function formatView({ text, status, open }: View): string {
  const query = new URLSearchParams();
  if (text) query.set("q", text);
  if (status) query.set("status", status);
  if (open) {
    query.set("service", open.service);
    query.set("environment", open.environment);
  }
  return query.size ? `?${query}` : "";
}

/** The address of one slot's history, as a link. */
export function slotHref(slot: SlotName): string {
  return formatView({ text: "", status: null, open: slot });
}

/** The id of a slot's element: names may hold any character, an id no space. */
export function slotId({ service, environment }: SlotName): string {
  return `slot:${encodeURIComponent(service)}:${encodeURIComponent(environment)}`;
}
