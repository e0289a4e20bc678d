import type { Slot } from "../api";
import { versionOf, shortVersion } from "./format";

/** A slot that got another current event. */
export interface Change {
  before: Slot | undefined;
  after: Slot;
}

type Outcome = "success" | "failure";

/** What became of the last deployment to a slot that finished; undefined where none has. */
function outcome({ current, last_successful, prev_failed }: Slot): Outcome | undefined {
  if (current.status !== "in-progress") return current.status;
  if (prev_failed) return "failure";
  return last_successful && "success";
}

/** Whether a slot failed that had not, or works again: that is worth a word, the rest is not. */
export function isTransition({ before, after }: Change): boolean {
  const now = outcome(after);
  const then = before && outcome(before);
  return now !== then && (now === "failure" || then === "failure");
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

/** What to tell of these transitions. */
export function messages(transitions: Change[]): Message[] {
  if (transitions.length <= MOST) return transitions.map(({ after }) => message(after));
  const failed = transitions.filter(({ after }) => outcome(after) === "failure").length;
  const works = transitions.length - failed;
  const parts = [
    failed && `${failed} failed`,
    works && `${works} ${works === 1 ? "works" : "work"} again`,
  ].filter(Boolean);
  const last = Math.max(...transitions.map(({ after }) => after.current.id));
  return [{ tag: `many-${last}`, title: "Deployments", body: parts.join(", "), slot: null }];
}

function message(slot: Slot): Message {
  const { id, service, environment, actor, status } = slot.current;
  const version = versionOf(slot.current);
  return {
    tag: `event-${id}`,
    title: `${service} ${status === "failure" ? "failed" : "works again"} in ${environment}`,
    body: [version && shortVersion(version), actor].filter(Boolean).join(", "),
    slot,
  };
}
