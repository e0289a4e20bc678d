import { expect, test } from "vitest";
import type { DeploymentEvent, Slot } from "../src/api";
import { differences } from "../src/lib/promotion";
import { makeEvent } from "./events";

const promotion = ["dev", "staging", "prod"];

function serving(version: string | undefined, given: Partial<DeploymentEvent> = {}): Slot {
  return { current: makeEvent({ ...given, ...(version && { version }) }) };
}

function found(slots: Record<string, Slot>): Record<string, string | undefined> {
  const behind = differences(new Map(Object.entries(slots)), promotion);
  return Object.fromEntries([...behind].map(([name, event]) => [name, event.version]));
}

test("a slot that serves what the environment before it serves is not told of", () => {
  expect(found({ dev: serving("1.1"), staging: serving("1.1"), prod: serving("1.1") })).toEqual({});
});

test("each slot is compared with the one before it, not with the first", () => {
  expect(found({ dev: serving("1.2"), staging: serving("1.1"), prod: serving("1.1") })).toEqual({
    staging: "1.2",
  });
  expect(found({ dev: serving("1.3"), staging: serving("1.2"), prod: serving("1.1") })).toEqual({
    staging: "1.3",
    prod: "1.2",
  });
});

test("what is in progress or failed does not serve yet", () => {
  const last_successful = makeEvent({ version: "1.1" });
  const failed = { current: makeEvent({ version: "1.2", status: "failure" }), last_successful };
  const running = {
    current: makeEvent({ version: "1.2", status: "in-progress" }),
    last_successful,
  };

  expect(found({ dev: serving("1.2"), staging: failed })).toEqual({ staging: "1.2" });
  expect(found({ staging: running, prod: serving("1.1") })).toEqual({});
  expect(found({ dev: serving("1.1"), staging: running })).toEqual({});
});

test("an environment where nothing serves, or nothing with a version, is passed over", () => {
  const never = { current: makeEvent({ version: "1.2", status: "failure" }) };

  expect(found({ dev: serving("1.2"), prod: serving("1.1") })).toEqual({ prod: "1.2" });
  expect(found({ dev: serving("1.2"), staging: never, prod: serving("1.1") })).toEqual({
    prod: "1.2",
  });
  expect(found({ dev: serving("1.2"), staging: serving(undefined), prod: serving("1.2") })).toEqual(
    {},
  );
});

test("a commit stands for the version where there is none", () => {
  expect(
    found({ dev: serving(undefined, { sha: "abc" }), prod: serving(undefined, { sha: "def" }) }),
  ).toHaveProperty("prod");
});
