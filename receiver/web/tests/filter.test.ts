import { expect, test } from "vitest";
import type { Slot } from "../src/api";
import { rowFilter } from "../src/lib/filter";
import { makeEvent } from "./events";

const failed: Slot = {
  current: makeEvent({ status: "failure", version: "1.5.0", actor: "Alice" }),
  last_successful: makeEvent({ version: "1.4.2" }),
};
const row = { service: "Checkout-API", slots: new Map([["prod", failed]]) };

test.each(["", "  ", "checkout", "API check", "1.5", "1.4.2", "alice", "checkout alice"])(
  "%j finds the row",
  (text) => {
    expect(rowFilter({ text, status: null })(row)).toBe(true);
  },
);

test.each(["payments", "checkout bob", "prod"])("%j does not find it", (text) => {
  expect(rowFilter({ text, status: null })(row)).toBe(false);
});

test("with a status only rows that have such a slot are shown", () => {
  expect(rowFilter({ text: "", status: "failure" })(row)).toBe(true);
  expect(rowFilter({ text: "", status: "in-progress" })(row)).toBe(false);
  expect(rowFilter({ text: "payments", status: "failure" })(row)).toBe(false);
});
