import fc from "fast-check";
import { expect, test } from "vitest";
import { formatView, parseView, slotHref, slotId, type View } from "../src/lib/address";

const name = fc.string({ unit: "grapheme", minLength: 1 });
const views: fc.Arbitrary<View> = fc.record({
  text: fc.string({ unit: "grapheme" }),
  status: fc.constantFrom("failure", "in-progress", null),
  open: fc.option(fc.record({ service: name, environment: name })),
});

test("an address brings back the view it was made from, whatever the names", () => {
  fc.assert(
    fc.property(views, (view) => {
      expect(parseView(formatView(view))).toEqual(view);
    }),
  );
});

test("the plain matrix has a plain address", () => {
  expect(formatView({ text: "", status: null, open: null })).toBe("");
});

test("what an address does not know it leaves out", () => {
  expect(parseView("?status=nonsense&service=checkout&x=1")).toEqual({
    text: "",
    status: null,
    open: null,
  });
});

test("a slot's link opens that slot", () => {
  const slot = { service: "a&b=c", environment: "prod/eu" };

  expect(parseView(slotHref(slot)).open).toEqual(slot);
});

test("two slots never share an element's id, and no id has a space", () => {
  const [a, b] = [
    slotId({ service: "a:b", environment: "c" }),
    slotId({ service: "a", environment: "b:c" }),
  ];

  expect(a).not.toBe(b);
  expect(slotId({ service: "my shop", environment: "prod eu" })).not.toMatch(/\s/);
});
