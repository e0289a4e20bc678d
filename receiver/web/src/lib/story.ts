import { attemptsOf, type Attempt, type Deployment } from "./deployments";
import { compareEvents } from "./order";

/**
 * One entry of a slot's story: a deployment, and with it those before it that it tried again
 * because they had not succeeded.
 */
export interface Entry {
  /** Newest first, and at least one. */
  deployments: [Deployment, ...Deployment[]];
  /** Newest first: the attempts at the same version in a row that ended with this entry. */
  attempts: [Attempt, ...Attempt[]];
  /** What it did to the slot; undefined when it brought a version that was not there before. */
  kind: "rollback" | "redeployment" | undefined;
  /** The success before it, which it replaces. */
  before: Attempt | undefined;
}

interface Step extends Attempt {
  deployment: Deployment;
}

/** A slot's deployments (newest first) as its story, newest entry first. */
export function tell(deployments: Deployment[]): Entry[] {
  const steps = deployments
    .flatMap((deployment) =>
      attemptsOf(deployment).map((attempt): Step => ({ ...attempt, deployment })),
    )
    .sort((a, b) => compareEvents(b.events[0], a.events[0]));
  const told = new Set<Deployment>();
  const entries: Entry[] = [];
  steps.forEach((step, index) => {
    if (told.has(step.deployment)) return;
    const entry = entryAt(step, index, steps, told);
    for (const deployment of entry.deployments) told.add(deployment);
    entries.push(entry);
  });
  return entries;
}

function entryAt(step: Step, index: number, steps: Step[], told: Set<Deployment>): Entry {
  const attempts: [Step, ...Step[]] = [step];
  let first = step;
  for (const earlier of steps.slice(index + 1)) {
    if (!isRetry(first, earlier) || told.has(earlier.deployment)) break;
    attempts.push(earlier);
    first = earlier;
  }
  const earlier = steps.slice(index + attempts.length);
  const [own, ...retried] = new Set(attempts.map(({ deployment }) => deployment));
  return {
    deployments: [own ?? step.deployment, ...retried],
    attempts,
    kind: kindOf(first, earlier),
    before: earlier.find(hasSucceeded),
  };
}

const hasSucceeded = ({ events }: Attempt) => events[0].status === "success";

/** The same version once more, because the time before did not succeed. */
function isRetry({ version }: Attempt, before: Attempt): boolean {
  return version !== undefined && version === before.version && !hasSucceeded(before);
}

/** `earlier` are the attempts before it, newest first. */
function kindOf({ version }: Attempt, earlier: Attempt[]): Entry["kind"] {
  const [before] = earlier;
  if (version === undefined || !before) return undefined;
  if (version === before.version) return "redeployment"; // of a success, or it would be a retry
  const wasServing = earlier.some((step) => step.version === version && hasSucceeded(step));
  return wasServing ? "rollback" : undefined;
}
