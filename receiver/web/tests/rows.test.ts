import fc from "fast-check";
import { expect, test } from "vitest";
import { groupRows, sortRows, summarize, type SortableRow } from "../src/lib/rows";
import { makeEvent } from "./events";

const row = (service: string, given: Partial<SortableRow> = {}): SortableRow => ({
  service,
  changedAt: "",
  failures: 0,
  ...given,
});
const groups = (services: string[]) =>
  groupRows(
    services.map((service) => ({ service })),
    "prefix",
    "name",
  ).map(({ name, rows }) => [name, rows.map(({ service }) => service)]);

test("a row is known by its newest change and its failures", () => {
  const at = (happened_at: string) => makeEvent({ happened_at });

  expect(
    summarize([
      { current: { ...at("2026-11-23T10:00:00.5Z"), status: "failure" } },
      { current: at("2026-11-23T10:00:00.25Z") },
    ]),
  ).toEqual({ changedAt: "2026-11-23T10:00:00.500000", failures: 1 });
});

test("the newest change first, alike ones by name", () => {
  const rows = [row("a", { changedAt: "1" }), row("b", { changedAt: "2" }), row("c"), row("d")];

  expect(sortRows(rows, "changed").map(({ service }) => service)).toEqual(["b", "a", "c", "d"]);
});

test("failures first, however many, by name", () => {
  const rows = [row("a"), row("b", { failures: 1 }), row("c"), row("d", { failures: 3 })];

  expect(sortRows(rows, "failures").map(({ service }) => service)).toEqual(["b", "d", "a", "c"]);
});

test("names that begin with the same word make a group", () => {
  expect(
    groups(["billing", "pay-api", "pay-web", "search", "shop", "shop-api", "shop.web"]),
  ).toEqual([
    [null, ["billing", "search"]],
    ["pay", ["pay-api", "pay-web"]],
    ["shop", ["shop", "shop-api", "shop.web"]],
  ]);
});

test("a word that nearly all begin with is not what groups them, the next one is", () => {
  expect(groups(["acme/pay-api", "acme/pay-web", "acme/shop-api", "acme/shop-web"])).toEqual([
    ["acme/pay", ["acme/pay-api", "acme/pay-web"]],
    ["acme/shop", ["acme/shop-api", "acme/shop-web"]],
  ]);
});

test("names that only their last word tells apart make no group", () => {
  const services = ["service-1", "service-2", "service-3"];

  expect(groups(services)).toEqual([[null, services]]);
});

test("unless the viewer decides, few rows are not grouped, nor are rows sorted by what happened", () => {
  const many = ["a-1", "a-2", ...Array.from({ length: 30 }, (_, n) => `b-${n}`)].map((service) => ({
    service,
  }));
  const named = (...[rows, grouping, sort]: Parameters<typeof groupRows>) =>
    groupRows(rows, grouping, sort).map(({ name }) => name);

  expect(named(many, null, "name")).toEqual(["a", "b"]);
  expect(named(many, null, "failures")).toEqual([null]);
  expect(named(many, "prefix", "failures")).toEqual(["a", "b"]);
  expect(named(many, "none", "name")).toEqual([null]);
  expect(named(many.slice(0, 30), null, "name")).toEqual([null]);
});

test("whatever the names, every row is in one group", () => {
  const name = fc.string({ unit: fc.constantFrom("a", "b", "-", "/", " "), minLength: 1 });
  fc.assert(
    fc.property(fc.uniqueArray(name), (services) => {
      const rows = services.map((service) => ({ service }));
      const grouped = groupRows(rows, "prefix", "name").flatMap((group) => group.rows);
      expect(new Set(grouped)).toEqual(new Set(rows));
      expect(grouped).toHaveLength(rows.length);
    }),
  );
});
