import { expect, test } from "vitest";
import type { DeploymentEvent, Status } from "../src/api";
import { groupDeployments, mergeEvents } from "../src/lib/deployments";
import { tell } from "../src/lib/story";
import { makeEvent } from "./events";

/** What happened in one slot, oldest first: `run version status`, one minute after the other. */
function story(...lines: string[]) {
  const events = lines.map((line, index): DeploymentEvent => {
    const [run = "", version = "", status = "success"] = line.split(" ");
    return makeEvent({
      id: index + 1,
      deployment_id: run,
      status: status as Status,
      happened_at: `2026-11-23T10:${String(index).padStart(2, "0")}:00Z`,
      ...(version !== "-" && { version }),
    });
  });
  return tell(groupDeployments(mergeEvents(events, [])));
}

/** Each entry as one line: its deployments, how often it was tried, what it was. */
const lines = (entries: ReturnType<typeof story>) =>
  entries.map(({ deployments, attempts, kind }) =>
    [deployments.map(({ id }) => id).join("+"), `×${attempts.length}`, kind]
      .filter(Boolean)
      .join(" "),
  );

test("new versions are told one after the other, the newest first", () => {
  expect(lines(story("a 1.0", "b 1.1", "c 1.2"))).toEqual(["c ×1", "b ×1", "a ×1"]);
});

test("a version that was there before is a rollback", () => {
  expect(lines(story("a 1.0", "b 1.1", "c 1.0"))).toEqual(["c ×1 rollback", "b ×1", "a ×1"]);
  expect(lines(story("a 1.0", "b 1.1 failure", "c 1.0"))[0]).toBe("c ×1 rollback");
});

test("a version that never succeeded here is none to roll back to", () => {
  expect(lines(story("a 1.0 failure", "b 1.1", "c 1.0"))[0]).toBe("c ×1");
});

test("the same version once more after a success is a redeployment", () => {
  expect(lines(story("a 1.0", "b 1.0"))).toEqual(["b ×1 redeployment", "a ×1"]);
});

test("the same version once more after a failure is a retry, folded into one entry", () => {
  expect(lines(story("a 1.0", "b 1.1 failure", "c 1.1 failure", "d 1.1"))).toEqual([
    "d+c+b ×3",
    "a ×1",
  ]);
});

test("a retry of a rollback is one rollback", () => {
  expect(lines(story("a 1.0", "b 1.1", "c 1.0 failure", "d 1.0"))).toEqual([
    "d+c ×2 rollback",
    "b ×1",
    "a ×1",
  ]);
});

test("attempts of one deployment are counted, too", () => {
  expect(lines(story("a 1.0 in-progress", "a 1.0 failure", "a 1.0 in-progress", "a 1.0"))).toEqual([
    "a ×2",
  ]);
});

test("an old run that is run again after a newer version is a rollback, told once", () => {
  expect(lines(story("a 1.0", "b 1.1", "a 1.0 in-progress", "a 1.0"))).toEqual([
    "a ×1 rollback",
    "b ×1",
  ]);
});

test("without versions nothing is guessed", () => {
  expect(lines(story("a -", "b - failure", "c -"))).toEqual(["c ×1", "b ×1", "a ×1"]);
});

test("the success that an entry replaces is known", () => {
  const [entry] = story("a 1.0", "b 1.1 failure", "c 1.2 failure", "d 1.2");
  expect(entry?.before?.version).toBe("1.0");
});
