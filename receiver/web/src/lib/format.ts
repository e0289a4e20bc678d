import type { DeploymentEvent } from "../api";

const COMMIT = /^[0-9a-f]{40}$|^[0-9a-f]{64}$/i;
const DIGEST = /sha256:[0-9a-f]{64}$/i;

/** A version as short as people say it: commits to 7 characters, digests to `sha256:` and 8. */
export function shortVersion(version: string): string {
  if (COMMIT.test(version)) return version.slice(0, 7);
  return version.replace(DIGEST, (digest) => digest.slice(0, "sha256:".length + 8));
}

/** What stands for the version of an event: its version, else its commit; undefined for neither. */
export function versionOf(event: DeploymentEvent): string | undefined {
  return event.version ?? event.sha;
}

/** What the log has in place of names that are shown instead; empty where they are the log's. */
export function storedNames({ stored_service, stored_environment }: DeploymentEvent): string {
  return [stored_service, stored_environment].filter((name) => name !== undefined).join(", ");
}

/** The URL when it may be a link. Events carry any text, and `javascript:` must stay text. */
export function linkable(url: string | undefined): string | undefined {
  const parsed = url === undefined ? null : URL.parse(url);
  return parsed?.protocol === "https:" || parsed?.protocol === "http:" ? parsed.href : undefined;
}

/** "1 service", "2 services". */
export function count(number: number, noun: string): string {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}
