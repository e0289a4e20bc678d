import { expect, test } from "vitest";
import { favicon } from "../src/lib/favicon";

const drawing = (failures: number) => decodeURIComponent(favicon(failures));

test("the icon tells how many slots failed", () => {
  expect(drawing(3)).toContain(">3</text>");
  expect(drawing(100)).toContain(">99+</text>");
});

test("with nothing failed the icon shows no number", () => {
  expect(drawing(0)).not.toContain("<text");
});
