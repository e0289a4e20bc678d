import { expect, test } from "vitest";
import { arrange, moveTo } from "../src/lib/columns";

const promotion = ["dev", "test", "staging", "prod"];

test("without a wish the columns stand in promotion order", () => {
  expect(arrange(promotion, [])).toEqual(promotion);
});

test("with one they stand as wished", () => {
  expect(arrange(promotion, ["prod", "staging", "test", "dev"])).toEqual([
    ...["prod", "staging", "test", "dev"],
  ]);
});

test("an environment that came up later stands behind the one it follows", () => {
  expect(arrange(promotion, ["prod", "test", "dev"])).toEqual(["prod", "test", "staging", "dev"]);
  expect(arrange(promotion, ["prod", "staging"])).toEqual(["dev", "test", "prod", "staging"]);
});

test("a wish may name what is gone, or one column twice", () => {
  expect(arrange(["dev", "prod"], ["qa", "prod", "prod", "dev"])).toEqual(["prod", "dev"]);
});

test.each([
  ["dev", "staging", ["test", "staging", "dev", "prod"]],
  ["prod", "test", ["dev", "prod", "test", "staging"]],
  ["prod", "prod", promotion],
  ["prod", undefined, promotion],
])("%s moved to the place of %s", (moved, target, moves) => {
  expect(moveTo(promotion, moved, target)).toEqual(moves);
});
