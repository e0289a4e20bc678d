import type { Slot } from "../api";
import { shortVersion, versionOf } from "./format";
import { stateOf, type Clock } from "./state";

/** A slot that got another current event. */
export interface Change {
  before: Slot | undefined;
  after: Slot;
}

/** A slot that tells something new, and what. */
export interface News {
  kind: "failed" | "works again" | "stalled";
  slot: Slot;
}

type Outcome = "success" | "failure";

/** What became of the last deployment to a slot that finished; undefined where none has. */
function outcome({ current, last_successful, prev_failed }: Slot): Outcome | undefined {
  if (current.status !== "in-progress") return current.status;
  if (prev_failed) return "failure";
  return last_successful && "success";
}

/** What a change tells: that what worked failed, or works again; the rest is not worth a word. */
export function newsOf({ before, after }: Change): News | undefined {
  const now = outcome(after);
  const then = before && outcome(before);
  if (now === then) return undefined;
  if (now === "failure") return { kind: "failed", slot: after };
  return then === "failure" ? { kind: "works again", slot: after } : undefined;
}

/** What time alone tells: the slots that stalled between two times (ms). */
export function stalledBetween(slots: Iterable<Slot>, then: number, clock: Clock): News[] {
  const before = { now: then, stalledAfterMs: clock.stalledAfterMs };
  const isNew = (slot: Slot) =>
    stateOf(slot, clock) === "stalled" && stateOf(slot, before) !== "stalled";
  return Array.from(slots)
    .filter(isNew)
    .map((slot) => ({ kind: "stalled", slot }));
}

/** Only so many get words of their own; more at once are told in one. */
const MOST = 3;

export interface Message {
  /** Messages of one tag replace each other: several tabs tell the same. */
  tag: string;
  title: string;
  body: string;
  /** The slot that it is about. */
  slot: Slot | null;
}

/** What to tell of this news. */
export function messages(news: News[]): Message[] {
  if (news.length <= MOST) return news.map(message);
  const told = KINDS.flatMap((kind) => {
    const number = news.filter((one) => one.kind === kind).length;
    return number ? `${number} ${kind}` : [];
  });
  const last = Math.max(...news.map(({ slot }) => slot.current.id));
  return [{ tag: `many-${last}`, title: "Deployments", body: told.join(", "), slot: null }];
}

const KINDS: News["kind"][] = ["failed", "stalled", "works again"];

function message({ kind, slot }: News): Message {
  const { id, service, environment, actor } = slot.current;
  const version = versionOf(slot.current);
  return {
    tag: `event-${id}`,
    title: `${service} ${kind} in ${environment}`,
    body: [version && shortVersion(version), actor].filter(Boolean).join(", "),
    slot,
  };
}
