import { expect, test } from "vitest";
import { lookalikes, lookalikesKey } from "../src/lib/lookalikes";

const STAGES = [
  ["test", "testing"],
  ["prod", "production", "live"],
];

test("services that differ only by case are pointed out", () => {
  expect(lookalikes(["Checkout", "checkout", "pay", "prod", "production"], [], STAGES)).toEqual([
    { kind: "services", names: ["Checkout", "checkout"] },
  ]);
});

test("environments are, too, and spellings of one stage", () => {
  const names = ["EU", "Prod", "eu", "pre-prod", "production", "test", "us"];

  expect(lookalikes([], names, STAGES)).toEqual([
    { kind: "environments", names: ["EU", "eu"] },
    { kind: "environments", names: ["Prod", "production"] },
  ]);
});

test("a name that joins them makes them another case", () => {
  const [two] = lookalikes([], ["prod", "production"], STAGES);
  const [three] = lookalikes([], ["live", "prod", "production"], STAGES);

  expect(two && lookalikesKey(two)).not.toBe(three && lookalikesKey(three));
});
