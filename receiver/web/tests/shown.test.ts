import { expect, test } from "vitest";
import type { Status } from "../src/api";
import { PLAIN, type View } from "../src/lib/address";
import { MatrixState } from "../src/matrix.svelte";
import { Shown } from "../src/shown.svelte";
import type { ViewState } from "../src/view.svelte";
import { makeEvent } from "./events";

/** What a view shows of services in one environment, and what happens to them there. */
function watch(view: Partial<View>, services: Record<string, Status>) {
  const matrix = new MatrixState();
  const state = { current: { ...PLAIN, ...view } };
  const shown = new Shown(matrix, state as ViewState);
  let id = 0;
  const happens = (service: string, status: Status) => {
    id += 1;
    const happened_at = `2026-11-23T10:00:${String(id).padStart(2, "0")}Z`;
    matrix.fold([makeEvent({ id, service, status, happened_at })]);
  };
  for (const [service, status] of Object.entries(services)) happens(service, status);
  return {
    shown,
    happens,
    change: (change: Partial<View>) => Object.assign(state.current, change),
  };
}

const names = (shown: Shown) =>
  shown.groups
    .flatMap(({ rows }) => rows)
    .filter((row) => shown.rows.has(row))
    .map(({ service }) => service);

test("a row that matches no more goes at once, unless the viewer is among them", () => {
  const failed = { a: "failure", b: "failure", c: "failure" } as const;
  const { shown, happens } = watch({ status: "failure" }, failed);
  happens("a", "success");
  expect(names(shown)).toEqual(["b", "c"]);

  shown.hold();
  happens("b", "success");
  expect(names(shown)).toEqual(["b", "c"]);
  expect(shown.counts.failure).toBe(1);
  expect(shown.isFilterOld).toBe(true);

  shown.release();
  expect(names(shown)).toEqual(["c"]);
  expect(shown.isFilterOld).toBe(false);
});

test("what comes to match meanwhile stands last", () => {
  const { shown, happens } = watch({ status: "failure" }, { a: "success", b: "failure" });

  shown.hold();
  expect(shown.isOrderOld).toBe(false);
  happens("a", "failure");
  expect(names(shown)).toEqual(["b", "a"]);
  expect(shown.isOrderOld).toBe(true);

  shown.release();
  expect(names(shown)).toEqual(["a", "b"]);
});

test("another filter holds nothing of the one before", () => {
  const { shown, happens, change } = watch({ status: "failure" }, { a: "failure", b: "success" });
  shown.hold();
  happens("a", "success");
  expect(names(shown)).toEqual(["a"]);

  change({ status: "in-progress" });

  expect(names(shown)).toEqual([]);
});

test("order is not called old for what only rows out of sight have done", () => {
  const services = { a: "success", b: "failure", c: "success" } as const;
  const { shown, happens } = watch({ status: "failure", sort: "changed" }, services);
  shown.hold();

  happens("a", "success");

  expect(shown.isOrderOld).toBe(false);
});
