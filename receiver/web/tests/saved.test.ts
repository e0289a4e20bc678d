import { expect, test } from "vitest";
import { PLAIN } from "../src/lib/address";
import { isShowing, parseSaved, remove, save } from "../src/lib/saved";

const failing = { ...PLAIN, status: "failure" } as const;

test("a view is saved under its name, in place of one of the same name", () => {
  const saved = save(save(save([], "b", PLAIN), "a", PLAIN), "b", failing);

  expect(saved).toEqual([
    { name: "a", query: "" },
    { name: "b", query: "?status=failure" },
  ]);
  expect(remove(saved, "b")).toEqual([{ name: "a", query: "" }]);
});

test("what happens to be open is not part of it", () => {
  const open = { service: "checkout", environment: "prod" };
  const [saved] = save([], "a", { ...failing, open });

  expect(saved).toEqual({ name: "a", query: "?status=failure" });
  expect(saved && isShowing(saved, { ...failing, open })).toBe(true);
  expect(saved && isShowing(saved, PLAIN)).toBe(false);
});

test.each([null, "", "{", "null", "3", '[null, 1, {"name": "a"}]'])(
  "a browser that keeps %j has no saved view",
  (text) => {
    expect(parseSaved(text)).toEqual([]);
  },
);

test("what was kept comes back", () => {
  const saved = save([], "a", failing);

  expect(parseSaved(JSON.stringify(saved))).toEqual(saved);
});
