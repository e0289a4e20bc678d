import fc from "fast-check";
import { expect, test } from "vitest";
import { paginate } from "../src/lib/pages";

const rowsOf = (pages: ReturnType<typeof paginate<number, string>>) =>
  pages.map(({ rows }) => rows);

test("what fits is one page", () => {
  expect(paginate([1, 2, 3], ["dev"], { rows: 3, columns: 1 })).toEqual([
    { rows: [1, 2, 3], columns: ["dev"] },
  ]);
});

test("what does not is spread evenly", () => {
  expect(rowsOf(paginate([1, 2, 3, 4, 5], ["dev"], { rows: 4, columns: 1 }))).toEqual([
    [1, 2, 3],
    [4, 5],
  ]);
});

test("all rows are gone through before the next columns", () => {
  const pages = paginate([1, 2], ["dev", "prod"], { rows: 1, columns: 1 });

  expect(pages.map(({ rows, columns }) => [...rows, ...columns])).toEqual([
    [1, "dev"],
    [2, "dev"],
    [1, "prod"],
    [2, "prod"],
  ]);
});

test("an empty matrix is one empty page", () => {
  expect(paginate([], [], { rows: 3, columns: 3 })).toEqual([{ rows: [], columns: [] }]);
});

test("every row is on one page, and no page has more than fit", () => {
  fc.assert(
    fc.property(fc.nat(100), fc.integer({ min: -1, max: 30 }), (length, fit) => {
      const rows = Array.from({ length }, (_, row) => row);
      const pages = rowsOf(paginate(rows, ["dev"], { rows: fit, columns: 1 }));
      expect(pages.flat()).toEqual(rows);
      for (const page of pages) expect(page.length).toBeLessThanOrEqual(Math.max(1, fit));
    }),
  );
});
