import { expect, test } from "vitest";
import type { Slot, Status } from "../src/api";
import { messages, newsOf, stalledBetween, type News } from "../src/lib/transitions";
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

const news = (...states: Status[]) => {
  const [before, after] = [slot(states.slice(0, -1)), slot(states)];
  return after && newsOf({ before, after })?.kind;
};

test("that a slot fails, or works again, is news", () => {
  expect(news("success", "failure")).toBe("failed");
  expect(news("success", "in-progress", "failure")).toBe("failed");
  expect(news("failure", "success")).toBe("works again");
  expect(news("failure", "in-progress", "success")).toBe("works again");
  expect(news("failure")).toBe("failed");
  expect(news("in-progress", "failure")).toBe("failed");
});

test("what begins, works as before or fails as before is none", () => {
  expect(news("success", "in-progress")).toBeUndefined();
  expect(news("success", "in-progress", "success")).toBeUndefined();
  expect(news("failure", "in-progress")).toBeUndefined();
  expect(news("failure", "in-progress", "failure")).toBeUndefined();
  expect(news("success")).toBeUndefined();
  expect(news("in-progress", "success")).toBeUndefined();
});

test("a deployment stalls once, at the moment that its time is over", () => {
  const begun = makeEvent({ status: "in-progress" });
  const over = Date.parse(begun.happened_at) + 60_000;
  const slots = [{ current: begun }, { current: makeEvent() }];
  const stalled = (then: number, now: number) =>
    stalledBetween(slots, then, { now, stalledAfterMs: 60_000 });

  expect(stalled(over - 10, over)).toEqual([]);
  expect(stalled(over, over + 1)).toEqual([{ kind: "stalled", slot: slots[0] }]);
  expect(stalled(over + 1, over + 10)).toEqual([]);
});

const tells = (id: number, kind: News["kind"]): News => ({
  kind,
  slot: { current: makeEvent({ id, version: "1.4.2", actor: "ana" }) },
});

test("a message names slot, version and person", () => {
  const [failed, works] = messages([tells(1, "failed"), tells(2, "works again")]);

  expect(failed).toMatchObject({
    tag: "event-1",
    title: "checkout failed in prod",
    body: "1.4.2, ana",
  });
  expect(works).toMatchObject({ title: "checkout works again in prod" });
});

test("much at once is told in one", () => {
  const kinds = ["failed", "works again", "failed", "stalled"] as const;
  const many = kinds.map((kind, index) => tells(index + 1, kind));

  expect(messages(many)).toEqual([
    { tag: "many-4", title: "Deployments", body: "2 failed, 1 stalled, 1 works again", slot: null },
  ]);
});
