import { expect, test } from "vitest";
import type { Slot, Status } from "../src/api";
import { isTransition, messages } from "../src/lib/transitions";
import { makeEvent } from "./events";

/** A slot as the events of these states leave it, one after the other. */
function slot(states: Status[]): Slot | undefined {
  const status = states.at(-1);
  if (!status) return undefined;
  const finished = states.filter((state) => state !== "in-progress");
  return {
    current: makeEvent({ status }),
    ...(status !== "success" && finished.includes("success") && { last_successful: makeEvent() }),
    ...(status === "in-progress" &&
      finished.at(-1) === "failure" && { prev_failed: true as const }),
  };
}

const ran = (...states: Status[]) => {
  const [before, after] = [slot(states.slice(0, -1)), slot(states)];
  return after !== undefined && isTransition({ before, after });
};

test("a slot that fails, or works again, is a transition", () => {
  expect(ran("success", "failure")).toBe(true);
  expect(ran("success", "in-progress", "failure")).toBe(true);
  expect(ran("failure", "success")).toBe(true);
  expect(ran("failure", "in-progress", "success")).toBe(true);
  expect(ran("failure")).toBe(true);
  expect(ran("in-progress", "failure")).toBe(true);
});

test("what begins, works as before or fails as before is none", () => {
  expect(ran("success", "in-progress")).toBe(false);
  expect(ran("success", "in-progress", "success")).toBe(false);
  expect(ran("failure", "in-progress")).toBe(false);
  expect(ran("failure", "in-progress", "failure")).toBe(false);
  expect(ran("success")).toBe(false);
  expect(ran("in-progress", "success")).toBe(false);
});

const change = (id: number, status: Status) => ({
  before: undefined,
  after: { current: makeEvent({ id, status, version: "1.4.2", actor: "ana" }) },
});

test("a message names slot, version and person", () => {
  const [failed, works] = messages([change(1, "failure"), change(2, "success")]);

  expect(failed).toMatchObject({
    tag: "event-1",
    title: "checkout failed in prod",
    body: "1.4.2, ana",
  });
  expect(works).toMatchObject({ title: "checkout works again in prod" });
});

test("many at once are told in one", () => {
  const many = [1, 2, 3, 4].map((id) => change(id, id === 4 ? "success" : "failure"));

  expect(messages(many)).toEqual([
    { tag: "many-4", title: "Deployments", body: "3 failed, 1 works again", slot: null },
  ]);
});
