import { expect, test } from "vitest";
import { postCommand } from "../src/lib/curl";
import { makeEvent } from "./events";

test("the command posts what was posted, whatever it holds, and nothing the receiver added", () => {
  const actor = `it's "$(touch x)" \`id\` \\' $HOME \n!`;
  const event = makeEvent({
    id: 7,
    actor,
    progress_reporter: "x/1",
    clock_skew: true,
    environment: "preview",
    stored_environment: "pr-7",
    parent_deployments: ["'"],
  });

  const command = postCommand(event, "https://dashboard.example");

  const quoted = command.slice(command.indexOf("-d '") + "-d '".length, -1);
  expect(quoted.replaceAll("'\\''", "")).not.toContain("'");
  expect(JSON.parse(quoted.replaceAll("'\\''", "'"))).toEqual({
    deployment_id: event.deployment_id,
    service: event.service,
    environment: "pr-7",
    status: event.status,
    happened_at: event.happened_at,
    actor,
    parent_deployments: ["'"],
  });
});
