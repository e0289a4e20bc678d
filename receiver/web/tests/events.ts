import type { DeploymentEvent } from "../src/api";

/** An event with what a test names, and believable values for the rest. */
export function makeEvent(given: Partial<DeploymentEvent> = {}): DeploymentEvent {
  return {
    id: 1,
    deployment_id: "run-1",
    service: "checkout",
    environment: "prod",
    status: "success",
    happened_at: "2026-11-23T10:00:00Z",
    received_at: "2026-11-23T10:00:01Z",
    ...given,
  };
}
