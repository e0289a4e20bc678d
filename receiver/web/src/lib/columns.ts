/**
 * The columns in the viewer's order. An environment that came up after the viewer arranged them
 * stands behind the one that it follows in promotion order.
 */
export function arrange(environments: string[], wanted: string[]): string[] {
  const known = new Set(environments);
  const arranged = [...new Set(wanted)].filter((environment) => known.has(environment));
  const placed = new Set(arranged);
  environments.forEach((environment, index) => {
    if (placed.has(environment)) return;
    const before = environments[index - 1];
    arranged.splice(before === undefined ? 0 : arranged.indexOf(before) + 1, 0, environment);
  });
  return arranged;
}

/** The columns with one of them moved to where `target` stands; as they were when it is not there. */
export function moveTo(columns: string[], moved: string, target: string | undefined): string[] {
  const index = target === undefined ? -1 : columns.indexOf(target);
  if (index < 0) return columns;
  return columns.filter((column) => column !== moved).toSpliced(index, 0, moved);
}
