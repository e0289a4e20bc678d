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
