import fc from "fast-check";
import { expect, test } from "vitest";
import { globMatches } from "../src/lib/glob";

test.each([
  ["shop-*", "shop-api", true],
  ["shop-*", "my-shop-api", false],
  ["*api", "shop-api", true],
  ["*a*b*", "xxaxxbxx", true],
  ["*a*b", "ab-a", false],
  ["a?c", "abc", true],
  ["a?c", "ac", false],
  ["*", "", true],
  ["?", "", false],
  ["a.c*", "abc", false],
])("%j against %j is %j", (glob, text, matches) => {
  expect(globMatches(glob, text)).toBe(matches);
});

test("it agrees with the regular expression that means the same", () => {
  const letters = (unit: string[]) => fc.string({ unit: fc.constantFrom(...unit), maxLength: 8 });
  fc.assert(
    fc.property(letters(["a", "b", "*", "?"]), letters(["a", "b"]), (glob, text) => {
      const source = glob.replaceAll("?", ".").replace(/\*+/g, ".*");
      expect(globMatches(glob, text)).toBe(new RegExp(`^${source}$`).test(text));
    }),
  );
});

test("a glob of many stars against a long name takes no time to speak of", () => {
  expect(globMatches(`${"*a".repeat(50)}*b`, "a".repeat(5_000))).toBe(false);
});
