import fc from "fast-check";
import { expect, test } from "vitest";
import {
  formatView,
  GROUPINGS,
  KINDS,
  parseView,
  PERIODS,
  PLAIN,
  slotHref,
  slotId,
  SORTS,
  STATUSES,
  type View,
} from "../src/lib/address";

const name = fc.string({ unit: "grapheme", minLength: 1 });
const views: fc.Arbitrary<View> = fc.record({
  kind: fc.constantFrom(...KINDS),
  text: fc.string({ unit: "grapheme" }),
  status: fc.constantFrom(...STATUSES, null),
  changed: fc.constantFrom(...PERIODS, null),
  sort: fc.constantFrom(...SORTS),
  grouping: fc.constantFrom(...GROUPINGS, null),
  folded: fc.array(name),
  columns: fc.array(name),
  hidden: fc.array(name),
  at: fc.constantFrom(null, "2026-11-20T17:00:00Z"),
  wall: fc.constantFrom(null, 5, 15, 60),
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
  expect(formatView(PLAIN)).toBe("");
});

test("what an address does not know it leaves out", () => {
  expect(parseView("?view=x&status=nonsense&sort=&changed=week&service=checkout&x=1")).toEqual(
    PLAIN,
  );
});

test("a time may be given in any usual way, and one that is none is left out", () => {
  expect(parseView("?at=2026-11-20T18:00%2B01:00").at).toBe("2026-11-20T17:00:00Z");
  expect(parseView("?at=2026-11-20T18:00:00+01:00").at).toBe("2026-11-20T17:00:00Z");
  expect(parseView("?at=2026-11-20T17:00:00.5Z").at).toBe("2026-11-20T17:00:00Z");
  expect(parseView("?at=friday").at).toBeNull();
  expect(parseView("?at=0001-01-01T00:00:00Z").at).toBe("0001-01-01T00:00:00Z");
  expect(parseView("?at=0000-12-31T23:59:59Z").at).toBeNull();
  expect(parseView("?at=%2B010000-01-01T00:00:00Z").at).toBeNull();
});

test("the wall turns its pages every 15 seconds unless told otherwise", () => {
  expect(parseView("?wall").wall).toBe(15);
  expect(parseView("?wall=40").wall).toBe(40);
  expect(parseView("?wall=-1").wall).toBe(15);
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
