import { expect, test } from "vitest";
import type { Status } from "../src/api";
import { attemptDuration, groupDeployments, mergeEvents, newest } from "../src/lib/deployments";
import { makeEvent } from "./events";

const at = (minute: number, status: Status, deployment_id = "run-1") =>
  makeEvent({ id: minute, status, deployment_id, happened_at: `2026-11-23T10:0${minute}:00Z` });

test("merged events are newest first and each is there once", () => {
  const [a, b, c] = [at(1, "in-progress"), at(2, "success"), at(3, "in-progress", "run-2")];

  expect(mergeEvents([b, a], [c, b])).toEqual([c, b, a]);
});

test("events of one deployment stand together, the newest deployment first", () => {
  const events = [
    at(4, "success"),
    at(3, "success", "run-2"),
    at(2, "in-progress", "run-2"),
    at(1, "in-progress"),
  ];

  const groups = groupDeployments(events).map(({ id, events }) => [
    id,
    events.map((event) => event.id),
  ]);

  expect(groups).toEqual([
    ["run-1", [4, 1]],
    ["run-2", [3, 2]],
  ]);
});

test("each attempt of a retried deployment has its own duration", () => {
  const events = [
    at(9, "success"),
    at(6, "in-progress"),
    at(5, "in-progress"),
    at(3, "failure"),
    at(1, "in-progress"),
  ];

  const minutes = events
    .map((_, index) => attemptDuration(events, index))
    .map((ms) => ms && ms / 60_000);

  expect(minutes).toEqual([4, undefined, undefined, 2, undefined]);
});

test("a deployment that was only reported when finished has no duration", () => {
  expect(attemptDuration([at(2, "success")], 0)).toBeUndefined();
});

test("a field that the last event lacks is taken from the one before", () => {
  const [deployment] = groupDeployments([
    { ...at(2, "success"), run_url: "https://ci.example/2" },
    { ...at(1, "in-progress"), version: "1.4.2", run_url: "https://ci.example/1" },
  ]);
  if (!deployment) throw new Error("two events are a deployment");

  expect(newest(deployment, "version")).toBe("1.4.2");
  expect(newest(deployment, "run_url")).toBe("https://ci.example/2");
  expect(newest(deployment, "sha")).toBeUndefined();
});
