import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { clock } from "../src/clock.svelte";
import { PLAIN } from "../src/lib/address";
import { Past } from "../src/past.svelte";
import type { ViewState } from "../src/view.svelte";
import { makeEvent } from "./events";

const FRIDAY = "2026-11-20T17:00:00Z";
const MONDAY = "2026-11-23T09:00:00Z";

/** Answers that a test gives, by the time that was asked for. */
let answers: Map<string, PromiseWithResolvers<Response>>;

beforeEach(() => {
  answers = new Map([FRIDAY, MONDAY].map((at) => [at, Promise.withResolvers()]));
  vi.stubGlobal("fetch", (path: string) => {
    const at = new URL(path, "http://dashboard").searchParams.get("at") ?? "";
    return answers.get(at)?.promise;
  });
});

afterEach(() => vi.unstubAllGlobals());

const travel = () => new Past({ current: PLAIN } as ViewState);

function answer(at: string, version: string): void {
  const slots = { prod: { current: makeEvent({ version }) } };
  const rows = [{ service: "checkout", slots }];
  const body = { last_event_id: 1, environments: ["prod"], rows };
  answers.get(at)?.resolve(Response.json(body));
}

const version = ({ matrix }: Past) =>
  matrix.slot({ service: "checkout", environment: "prod" })?.current.version;

test("the matrix is as it was, and so is the clock, until the visit is over", async () => {
  const past = travel();
  const leave = past.visit(FRIDAY);
  expect(past.state).toBe("reading");
  answer(FRIDAY, "1.0.0");
  await vi.waitFor(() => expect(past.state).toBe("read"));

  expect(version(past)).toBe("1.0.0");
  expect(clock.now).toBe(Date.parse(FRIDAY));
  expect(clock.forAgeOf(FRIDAY)).toBe(Date.parse(FRIDAY));

  leave();
  expect(clock.now).toBeGreaterThan(Date.parse(FRIDAY));
});

test("an answer that comes after the viewer went on is not shown", async () => {
  const past = travel();
  past.visit(FRIDAY)();
  past.visit(MONDAY);
  answer(MONDAY, "2.0.0");
  answer(FRIDAY, "1.0.0");

  await vi.waitFor(() => expect(past.state).toBe("read"));
  await answers.get(FRIDAY)?.promise;

  expect(version(past)).toBe("2.0.0");
});

test("where the receiver does not tell, the page says so and may ask again", async () => {
  const past = travel();
  past.visit(FRIDAY);
  answers.get(FRIDAY)?.resolve(new Response(null, { status: 503 }));
  await vi.waitFor(() => expect(past.state).toBe("failed"));

  answers.set(FRIDAY, Promise.withResolvers());
  void past.read(FRIDAY);
  answer(FRIDAY, "1.0.0");

  await vi.waitFor(() => expect(past.state).toBe("read"));
});
