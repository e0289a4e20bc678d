import type { DeploymentEvent } from "../api";

/** What the receiver adds to an event, and a POST must not hold. */
const ADDED = new Set([
  ...["id", "received_at", "progress_reporter", "clock_skew"],
  ...["stored_service", "stored_environment"],
]);

/** The command that posts a first event to the receiver at `origin`, ready to paste. */
export function firstEventCommand(origin: string): string {
  return [
    `curl -fsS -X POST "${origin}/api/deployments" \\`,
    `  -H "X-Api-Key: $DASHBOARD_API_KEY" \\`,
    `  -H "Content-Type: application/json" \\`,
    `  -d '{`,
    `    "deployment_id": "first-1",`,
    `    "service": "checkout",`,
    `    "environment": "dev",`,
    `    "version": "1.0.0",`,
    `    "status": "success",`,
    `    "happened_at": "'"$(date -u +%Y-%m-%dT%H:%M:%SZ)"'"`,
    `  }'`,
  ].join("\n");
}

/** The command that posts an event like this one to the receiver at `origin`. */
export function postCommand(event: DeploymentEvent, origin: string): string {
  const { stored_service: service, stored_environment: environment } = event;
  const posted = { ...event, ...(service && { service }), ...(environment && { environment }) };
  const sent = Object.fromEntries(Object.entries(posted).filter(([field]) => !ADDED.has(field)));
  // In single quotes a shell takes everything as it is, but for the single quote.
  const body = JSON.stringify(sent, null, 2).replaceAll("'", `'\\''`);
  return [
    `curl -fsS -X POST "${origin}/api/deployments" \\`,
    `  -H "X-Api-Key: $DASHBOARD_API_KEY" \\`,
    `  -H "Content-Type: application/json" \\`,
    `  -d '${body}'`,
  ].join("\n");
}
