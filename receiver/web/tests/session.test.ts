import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { getMatrix, signIn } from "../src/api";
import { session } from "../src/session.svelte";

beforeEach(() => {
  session.isOver = false;
});

afterEach(() => vi.unstubAllGlobals());

/** A receiver, or what stands before it, that always gives this answer. */
function answering(status: number, headers: Record<string, string> = {}, body: unknown = {}) {
  const fetch = vi.fn(async () => new Response(JSON.stringify(body), { status, headers }));
  vi.stubGlobal("fetch", fetch);
  return fetch;
}

const read = () => getMatrix("", new AbortController().signal);

test("a session is over when the receiver refuses to answer", async () => {
  answering(401, { "WWW-Authenticate": 'ApiKey realm="deployments"' });

  await expect(read()).rejects.toThrow("401");

  expect(session.isOver).toBe(true);
});

test("what a proxy refuses, or the receiver fails to do, ends no session", async () => {
  answering(401, { "WWW-Authenticate": "Basic" });
  await expect(read()).rejects.toThrow("401");
  answering(503);
  await expect(read()).rejects.toThrow("503");

  expect(session.isOver).toBe(false);
});

test("who is not signed in is told why in the receiver's words", async () => {
  answering(429, {}, { detail: "Try again in 3 seconds." });

  expect(await signIn("a-key-to-read-with")).toBe("Try again in 3 seconds.");
});

test("what can't be a key is not sent", async () => {
  const fetch = answering(204);

  expect(await signIn("schlüssel")).toContain("not a read key");
  expect(fetch).not.toHaveBeenCalled();
});
