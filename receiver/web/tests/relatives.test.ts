import { expect, test } from "vitest";
import type { DeploymentEvent } from "../src/api";
import { groupDeployments } from "../src/lib/deployments";
import { relate } from "../src/lib/relatives";
import { makeEvent } from "./events";

let id = 0;
const event = (deployment_id: string, environment: string, given: Partial<DeploymentEvent> = {}) =>
  makeEvent({
    id: ++id,
    deployment_id,
    environment,
    happened_at: new Date(id * 1000).toISOString(),
    ...given,
  });

function relativesOf(event: DeploymentEvent, others: DeploymentEvent[]) {
  const [deployment] = groupDeployments([event]);
  if (!deployment) throw new Error("an event is of a deployment");
  return relate([event, ...others])(deployment);
}

test("parents and children are found wherever they are, each by its newest event", () => {
  const started = event("parent", "dev", { status: "in-progress" });
  const parent = event("parent", "dev");
  const own = event("own", "staging", { parent_deployments: ["parent", "build-7"] });
  const child = event("child", "prod", { service: "another", parent_deployments: ["own"] });
  const childAfter = event("child", "prod", { service: "another", status: "failure" });

  expect(relativesOf(own, [childAfter, child, parent, started])).toEqual({
    parents: [parent],
    unknown: ["build-7"],
    children: [childAfter],
  });
});

test("one id in many environments is each of them", () => {
  const [eu, us] = [event("release", "eu"), event("release", "us")];
  const own = event("own", "prod", { parent_deployments: ["release"] });

  expect(relativesOf(own, [eu, us]).parents).toEqual([eu, us]);
});

test("a deployment is not a relative of itself, but its other environments may be", () => {
  const dev = event("release", "dev");
  const own = event("release", "prod", { parent_deployments: ["release"] });

  expect(relativesOf(own, [dev]).parents).toEqual([dev]);
  expect(relativesOf(own, [dev]).children).toEqual([]);
});

test("what was tried again in a slot is one child", () => {
  const own = event("own", "staging");
  const first = event("run-1", "prod", { status: "failure", parent_deployments: ["own"] });
  const second = event("run-2", "prod", { parent_deployments: ["own"] });

  expect(relativesOf(own, [first, second]).children).toEqual([second]);
});
