import { expect, test } from "vitest";
import { totals } from "../src/lib/slot";
import { makeEvent } from "./events";

test("slots are counted by the status of their current event", () => {
  const slots = new Map([
    ["dev", { current: makeEvent({ status: "in-progress" }) }],
    ["test", { current: makeEvent({ status: "failure" }) }],
    ["prod", { current: makeEvent({ status: "failure" }) }],
  ]);

  expect(totals([{ slots }, { slots: new Map() }])).toMatchObject({ failure: 2, "in-progress": 1 });
});
