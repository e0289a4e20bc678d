/** How many rows and columns fit on a screen; at least one of each is shown. */
export interface Fit {
  rows: number;
  columns: number;
}

export interface Page<Row, Column> {
  rows: Row[];
  columns: Column[];
}

/** A matrix in pages of one screen each: rows from top to bottom, for each block of columns. */
export function paginate<Row, Column>(
  rows: Row[],
  columns: Column[],
  fit: Fit,
): Page<Row, Column>[] {
  return blocks(columns, fit.columns).flatMap((part) =>
    blocks(rows, fit.rows).map((block) => ({ rows: block, columns: part })),
  );
}

/** A list in as few blocks as fit, all as long as each other but for one: no page is nearly empty. */
function blocks<Item>(items: Item[], most: number): Item[][] {
  const count = Math.max(1, Math.ceil(items.length / Math.max(1, most)));
  return Array.from({ length: count }, (_, index) =>
    items.slice(
      Math.ceil((index * items.length) / count),
      Math.ceil(((index + 1) * items.length) / count),
    ),
  );
}
