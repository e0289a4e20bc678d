import type { DeploymentEvent } from "../api";

/** A sort key of an RFC 3339 time in UTC, exact to the microsecond, which a `Date` is not. */
export function instant(time: string): string {
  const fraction = time.slice(20, -1);
  return `${time.slice(0, 19)}.${fraction.padEnd(6, "0")}`;
}

/** The log's total order: `happened_at`, then finished over in progress, then `id`. */
export function compareEvents(a: DeploymentEvent, b: DeploymentEvent): number {
  const [left, right] = [instant(a.happened_at), instant(b.happened_at)];
  if (left !== right) return left < right ? -1 : 1;
  return Number(isFinished(a)) - Number(isFinished(b)) || a.id - b.id;
}

/** Whether `event` comes after `other`; everything comes after nothing. */
export function isLater(event: DeploymentEvent, other: DeploymentEvent | undefined): boolean {
  return other === undefined || compareEvents(event, other) > 0;
}

export function isFinished(event: DeploymentEvent): boolean {
  return event.status !== "in-progress";
}
