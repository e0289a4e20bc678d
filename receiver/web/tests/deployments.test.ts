import { expect, test } from "vitest";
import type { DeploymentEvent, Status } from "../src/api";
import { attemptsOf, groupDeployments, mergeEvents, newest } from "../src/lib/deployments";
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

const minutes = (events: DeploymentEvent[]) =>
  groupDeployments(events)
    .flatMap(attemptsOf)
    .map(({ events, took }) => [events.map((event) => event.id), took && took / 60_000]);

test("each attempt of a retried deployment has its own events and duration", () => {
  const events = [
    at(9, "success"),
    at(6, "in-progress"),
    at(5, "in-progress"),
    at(3, "failure"),
    at(1, "in-progress"),
  ];

  expect(minutes(events)).toEqual([
    [[9, 6, 5], 4],
    [[3, 1], 2],
  ]);
});

test("attempts of which only the end is reported are told apart, without a duration", () => {
  expect(minutes([at(4, "success"), at(2, "failure")])).toEqual([
    [[4], undefined],
    [[2], undefined],
  ]);
});

test("an end that is reported twice is one attempt", () => {
  const twice = { ...at(3, "success"), id: 4 };
  expect(minutes([twice, at(3, "success"), at(1, "in-progress")])).toEqual([[[4, 3, 1], 2]]);
});

test("a field that the last event lacks is taken from the one before", () => {
  const [deployment] = groupDeployments([
    { ...at(2, "success"), run_url: "https://ci.example/2" },
    { ...at(1, "in-progress"), version: "1.4.2", run_url: "https://ci.example/1" },
  ]);
  if (!deployment) throw new Error("two events are a deployment");

  expect(newest(deployment.events, "version")).toBe("1.4.2");
  expect(newest(deployment.events, "run_url")).toBe("https://ci.example/2");
  expect(newest(deployment.events, "sha")).toBeUndefined();
});
