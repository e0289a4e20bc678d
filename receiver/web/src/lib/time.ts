import type { DeploymentEvent } from "../api";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const exactFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });

const momentFormat = new Intl.DateTimeFormat(undefined, {
  month: "short",
  day: "numeric",
  hour: "numeric",
  minute: "2-digit",
  second: "2-digit",
});

const clockFormat = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });

const timeFormat = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

const dayFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "full" });

/** How long before `now` (ms) a time was, in at most six characters: "now", "5 min", "3 d". */
export function age(time: string, now: number): string {
  const elapsed = now - Date.parse(time);
  return elapsed < -MINUTE ? `in ${span(-elapsed)}` : span(elapsed);
}

/** The same as a phrase: "just now", "5 min ago", "in 2 h". */
export function ago(time: string, now: number): string {
  const text = age(time, now);
  if (text === "now") return "just now";
  return text.startsWith("in ") ? text : `${text} ago`;
}

function span(ms: number): string {
  if (ms < MINUTE) return "now";
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h`;
  if (ms < 60 * DAY) return `${Math.floor(ms / DAY)} d`;
  if (ms < 730 * DAY) return `${Math.floor(ms / (30 * DAY))} mo`;
  return `${Math.floor(ms / (365 * DAY))} y`;
}

/** How long something took, to its two largest units: "40 s", "1 min 50 s", "2 h 5 min". */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return join(minutes, "min", seconds % 60, "s");
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return join(hours, "h", minutes % 60, "min");
  return join(Math.floor(hours / 24), "d", hours % 24, "h");
}

function join(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small ? `${large} ${largeUnit} ${small} ${smallUnit}` : `${large} ${largeUnit}`;
}

/** What is wrong with an event's date, where its sender's clock is ahead of the receiver's. */
export function skewOf({ happened_at, received_at, clock_skew }: DeploymentEvent) {
  if (!clock_skew) return undefined;
  const ahead = span(Date.parse(happened_at) - Date.parse(received_at));
  return `dated ${ahead} ahead by its sender's clock`;
}

/** The date and time in the viewer's language and zone. */
export function exact(time: string): string {
  return exactFormat.format(new Date(time));
}

/** The same, shorter: no year and no zone. */
export function moment(time: string): string {
  return momentFormat.format(new Date(time));
}

/** A time, by the viewer's zone where it names none, in UTC to the second; null when it is none
 *  in the years 1 to 9999, of which the receiver knows. */
export function parseInstant(text: string): string | null {
  // In an address that was written by hand the + of an offset reads as a space.
  const time = Date.parse(text.replace(/(:\d\d(?:\.\d+)?) (\d\d:\d\d)$/, "$1+$2"));
  if (Number.isNaN(time)) return null;
  const instant = `${new Date(time).toISOString().slice(0, -5)}Z`;
  return /^(?!0000)\d{4}-/.test(instant) ? instant : null;
}

/** A time in the viewer's zone as a field for a date and a time has it, to the minute. */
export function asField(time: number): string {
  const local = new Date(time);
  local.setMinutes(local.getMinutes() - local.getTimezoneOffset());
  return local.toISOString().slice(0, 16);
}

/** The time of day in the viewer's zone. */
export function timeOfDay(time: string): string {
  return timeFormat.format(new Date(time));
}

/** The same of a time in ms, to the minute. */
export function clockTime(now: number): string {
  return clockFormat.format(now);
}

/** The day in the viewer's zone: "Today", "Yesterday", else its full date. */
export function dayName(time: string, now: number): string {
  const days = Math.round((startOfDay(Date.parse(time)) - startOfDay(now)) / DAY);
  if (days === 0) return "Today";
  return days === -1 ? "Yesterday" : dayFormat.format(new Date(time));
}

function startOfDay(time: number): number {
  return new Date(time).setHours(0, 0, 0, 0);
}
