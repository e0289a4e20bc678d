import fc from "fast-check";
import { expect, test } from "vitest";
import type { DeploymentEvent } from "../src/api";
import { mergeEvents } from "../src/lib/deployments";
import { layOut } from "../src/lib/lane-layout";
import { LaneFinder, type Lane } from "../src/lib/lanes";
import { makeEvent } from "./events";

const ENVIRONMENTS = ["dev", "staging", "eu", "us"];

/** The lanes of what happened, oldest first, one minute after the other. */
function lanesOf(...given: Partial<DeploymentEvent>[]): Lane[] {
  const events = given.map((fields, index) =>
    makeEvent({
      id: index + 1,
      deployment_id: `run-${index + 1}`,
      happened_at: `2026-11-23T10:${String(index).padStart(2, "0")}:00Z`,
      ...fields,
    }),
  );
  return new LaneFinder(ENVIRONMENTS).find(mergeEvents(events, []));
}

const name = (lane: Lane, id: string) => {
  const stop = lane.stops.find((stop) => stop.id === id);
  return `${stop?.environment} ${stop?.version}`;
};
const steps = (lane: Lane | undefined) =>
  lane?.steps.map(([from, to]) => `${name(lane, from)} > ${name(lane, to)}`);
const stops = (lane: Lane | undefined) => lane?.stops.map(({ id }) => name(lane, id));

test("a version goes through the environments in promotion order, the newest version first", () => {
  const lanes = lanesOf(
    { environment: "dev", version: "1.0" },
    { environment: "eu", version: "1.0" },
    { environment: "dev", version: "1.1" },
    { environment: "staging", version: "1.0" },
  );

  expect(lanes.map(stops)).toEqual([["dev 1.1"], ["dev 1.0", "staging 1.0", "eu 1.0"]]);
  expect(steps(lanes[1])).toEqual(["dev 1.0 > staging 1.0", "staging 1.0 > eu 1.0"]);
});

test("parents tell the way better than the order of environments does", () => {
  const [lane] = lanesOf(
    { deployment_id: "a", environment: "dev", version: "1.0" },
    { deployment_id: "b", environment: "staging", version: "1.0", parent_deployments: ["a"] },
    { environment: "eu", version: "1.0", parent_deployments: ["b"] },
    { environment: "us", version: "1.0", parent_deployments: ["b"] },
  );

  expect(steps(lane)).toEqual([
    "dev 1.0 > staging 1.0",
    "staging 1.0 > eu 1.0",
    "staging 1.0 > us 1.0",
  ]);
});

test("parents join what is called another version elsewhere", () => {
  const lanes = lanesOf(
    { deployment_id: "a", environment: "dev", version: "1.0-rc1" },
    { environment: "staging", version: "1.0", parent_deployments: ["a"] },
  );

  expect(lanes).toHaveLength(1);
  expect(steps(lanes[0])).toEqual(["dev 1.0-rc1 > staging 1.0"]);
});

test("so does the same commit, but not in another service", () => {
  const lanes = lanesOf(
    { environment: "dev", sha: "abc1234" },
    { environment: "staging", version: "1.0", sha: "abc1234" },
    { environment: "eu", version: "1.0", service: "another" },
  );

  expect(lanes.map(stops)).toEqual([["eu 1.0"], ["dev abc1234", "staging 1.0"]]);
});

test("an id that many services share means each one's own", () => {
  const lanes = lanesOf(
    ...["a", "b"].map((service) => ({ deployment_id: "all", service, environment: "dev" })),
    ...["a", "b"].map((service) => ({
      service,
      environment: "staging",
      parent_deployments: ["all"],
    })),
  );

  expect(lanes).toHaveLength(2);
  expect(lanes.map((lane) => lane.steps.length)).toEqual([1, 1]);
});

test("all attempts at a version in a slot are one stop", () => {
  const [lane] = lanesOf(
    { environment: "dev", version: "1.0", status: "failure" },
    { environment: "dev", version: "1.0" },
  );

  expect(lane?.stops.map(({ attempts }) => attempts.length)).toEqual([2]);
});

test("without a version and a commit each deployment is on its own", () => {
  expect(lanesOf({ environment: "dev" }, { environment: "staging" })).toHaveLength(2);
});

test("no two lanes have the same id, whatever ids the deployments have", () => {
  const always = { deployment_id: "always", environment: "dev" };
  const lanes = lanesOf({ ...always, version: "1.0" }, { ...always, version: "1.1" });

  expect(new Set(lanes.map(({ id }) => id)).size).toBe(2);
});

test("stops of one column do not overlap, and lines end at their stops", () => {
  const [lane] = lanesOf(
    { deployment_id: "a", environment: "dev", version: "1.0-rc1" },
    { deployment_id: "b", environment: "dev", version: "1.0-rc2" },
    { deployment_id: "c", environment: "us", version: "1.0", parent_deployments: ["a", "b"] },
    { environment: "dev", version: "1.0", parent_deployments: ["c"] },
  );
  if (!lane) throw new Error("there is a lane");

  const { middles, paths, height } = layOut(lane, ENVIRONMENTS);

  const inDev = lane.stops.flatMap((stop, at) => (stop.environment === "dev" ? middles[at] : []));
  const sorted = inDev.map(Number).sort((a, b) => a - b);
  expect(sorted).toHaveLength(3);
  for (const [index, y] of sorted.slice(1).entries()) {
    expect(y - (sorted[index] ?? 0)).toBeGreaterThanOrEqual(44);
  }
  expect(height).toBeGreaterThanOrEqual((sorted.at(-1) ?? 0) + 22);
  expect(paths).toHaveLength(3);
  for (const path of paths) {
    expect(path).toMatch(/^M0\.5 [\d.]+C/);
    expect(path).toMatch(/ 3\.5 [\d.]+$/);
  }
});

test("more stops than are laid out well are stacked", () => {
  const [lane] = lanesOf(
    { deployment_id: "root", environment: "dev", version: "0" },
    ...Array.from({ length: 59 }, (_, index) => ({
      environment: "us",
      service: `service-${index}`,
      parent_deployments: ["root"],
    })),
    ...Array.from({ length: 59 }, (_, index) => ({
      id: 1000 + index,
      environment: "eu",
      service: `service-${index}`,
      parent_deployments: ["root"],
      happened_at: "2026-11-23T11:00:00Z",
    })),
  );
  if (!lane) throw new Error("there is a lane");

  expect(layOut(lane, ENVIRONMENTS)).toMatchObject({ height: 59 * 44 });
});

test("what a later event leaves as it is stays the same lane", () => {
  const events = ["1.0", "2.0"].map((version, index) =>
    makeEvent({ id: index + 1, deployment_id: version, environment: "dev", version }),
  );
  const later = makeEvent({ id: 3, deployment_id: "up", environment: "us", version: "2.0" });
  const finder = new LaneFinder(ENVIRONMENTS);
  const before = finder.find(events);

  const now = finder.find([later, ...events]);

  const versions = now.map((lane) => lane.stops[0]?.version);
  expect(versions.toSorted()).toEqual(["1.0", "2.0"]);
  expect(now.map((lane) => before.includes(lane))).toEqual(versions.map((one) => one === "1.0"));
});

test("however a log comes in, its lanes are those of the whole", () => {
  const of = (...values: string[]) => fc.constantFrom(...values);
  const someEvent = fc.record({
    deployment_id: of("a", "b", "c", "d"),
    service: of("shop", "mail"),
    environment: of(...ENVIRONMENTS, "elsewhere"),
    status: fc.constantFrom("in-progress", "success", "failure" as const),
    version: of("1.0", "1.1"),
    sha: of("abc1234", "def5678"),
    happened_at: of("2026-11-23T10:00:00Z", "2026-11-23T10:01:00Z", "2026-11-23T10:02:00Z"),
    parent_deployments: fc.subarray(["a", "b", "c"]),
  });
  fc.assert(
    fc.property(fc.array(fc.array(someEvent, { maxLength: 4 }), { maxLength: 6 }), (batches) => {
      const finder = new LaneFinder(ENVIRONMENTS);
      let events: DeploymentEvent[] = [];
      for (const batch of batches) {
        const arrived = batch.map((fields, index) =>
          makeEvent({ ...fields, id: events.length + index + 1 }),
        );
        events = mergeEvents(events, arrived);
        expect(finder.find(events)).toEqual(new LaneFinder(ENVIRONMENTS).find(events));
      }
    }),
    { numRuns: 60 },
  );
});
