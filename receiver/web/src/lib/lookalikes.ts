/** Names that are likely meant to be one: how a typing slip or two habits show. */
export interface Lookalikes {
  kind: "services" | "environments";
  names: string[];
}

/**
 * Services that differ only by case; environments that do, or that are usual spellings of one stage.
 *
 * @param stages The usual spellings of each stage, in lower case and without separators.
 */
export function lookalikes(
  services: string[],
  environments: string[],
  stages: string[][],
): Lookalikes[] {
  const stageOf = new Map(
    stages.flatMap((spellings) => spellings.map((name) => [name, spellings[0]])),
  );
  const asStage = (name: string) => stageOf.get(name.toLowerCase().replace(/[\s_./-]/g, ""));
  return [
    ...alike("services", services, (name) => name.toLowerCase()),
    ...alike("environments", environments, (name) => asStage(name) ?? name.toLowerCase()),
  ];
}

function alike(kind: Lookalikes["kind"], names: string[], plain: (name: string) => string) {
  return [...Map.groupBy(names, plain).values()]
    .filter((group) => group.length > 1)
    .map((group) => ({ kind, names: group.toSorted() }));
}

/** What they are remembered by, as long as no other name joins them. */
export function lookalikesKey({ kind, names }: Lookalikes): string {
  return JSON.stringify([kind, ...names]);
}
