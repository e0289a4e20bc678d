import fc from "fast-check";
import { expect, test } from "vitest";
import type { DeploymentEvent } from "../src/api";
import type { Sort } from "../src/lib/address";
import { groupRows, holdRows, sortRows } from "../src/lib/rows";
import { makeEvent } from "./events";

const columns = ["dev", "prod"];

/** A row whose slots got there what these events tell. */
const row = (service: string, events: Record<string, Partial<DeploymentEvent>> = {}) => ({
  service,
  slots: new Map(
    Object.entries(events).map(([name, given]) => [name, { current: makeEvent(given) }]),
  ),
});
const groups = (services: string[]) =>
  groupRows(
    services.map((service) => ({ service })),
    "prefix",
    "name",
  ).map(({ name, rows }) => [name, rows.map(({ service }) => service)]);

const sorted = (rows: ReturnType<typeof row>[], sort: Sort) =>
  sortRows(rows, columns, sort).map(({ service }) => service);

test("the newest change first, to the microsecond; alike ones by name", () => {
  const at = (fraction: string) => ({ happened_at: `2026-11-23T10:00:00${fraction}Z` });
  const rows = [
    row("a", { dev: at(".25") }),
    row("b", { dev: at(""), prod: at(".5") }),
    row("c", { dev: at(".25") }),
    row("d", { elsewhere: at(".9") }),
  ];

  expect(sorted(rows, "changed")).toEqual(["b", "a", "c", "d"]);
});

test("failures first, however many, by name; those not shown count for nothing", () => {
  const failed = { status: "failure" } as const;
  const rows = [
    row("a", { dev: {} }),
    row("b", { dev: failed }),
    row("c", { elsewhere: failed }),
    row("d", { dev: failed, prod: failed }),
  ];

  expect(sorted(rows, "failures")).toEqual(["b", "d", "a", "c"]);
  expect(sorted(rows, "name")).toEqual(["a", "b", "c", "d"]);
});

test("held rows stay, without those that are gone; new ones stand last", () => {
  expect(holdRows(["b", "a", "c"], ["d", "c", "b"])).toEqual(["b", "c", "d"]);
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
