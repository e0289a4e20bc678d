import { expect, test } from "vitest";
import { count, linkable, shortVersion, storedNames, versionOf } from "../src/lib/format";
import { makeEvent } from "./events";

const COMMIT = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b";
const DIGEST = `${COMMIT}2b0b822cd15d6c15b0f00a08`;

test.each([
  ["1.4.2", "1.4.2"],
  ["release-2026-11-23-with-a-long-name", "release-2026-11-23-with-a-long-name"],
  [COMMIT, "9f86d08"],
  [`sha256:${DIGEST}`, "sha256:9f86d081"],
  [`registry.example/shop@sha256:${DIGEST}`, "registry.example/shop@sha256:9f86d081"],
  ["deadbeef", "deadbeef"],
])("the version %s is shown as %s", (version, expected) => {
  expect(shortVersion(version)).toBe(expected);
});

test("the commit stands in for a version that was not sent", () => {
  expect(versionOf(makeEvent({ version: "1.0", sha: COMMIT }))).toBe("1.0");
  expect(versionOf(makeEvent({ sha: COMMIT }))).toBe(COMMIT);
  expect(versionOf(makeEvent())).toBeUndefined();
});

test("what the log has is told of names that are shown instead, and of no others", () => {
  const [service, environment] = ["old-shop", "pr-7"];
  expect(storedNames(makeEvent())).toBe("");
  expect(storedNames(makeEvent({ stored_environment: environment }))).toBe("pr-7");
  const both = { stored_service: service, stored_environment: environment };
  expect(storedNames(makeEvent(both))).toBe("old-shop, pr-7");
});

test.each(["https://ci.example/run/1", "http://ci.example/run/1", "HTTPS://ci.example/run/1"])(
  "%s is a link",
  (url) => {
    expect(linkable(url)).toMatch(/^https?:\/\/ci\.example\/run\/1$/);
  },
);

test.each([
  "javascript:alert(1)",
  " javascript:alert(1)",
  "java\nscript:alert(1)",
  "data:text/html,<script>alert(1)</script>",
  "//ci.example/run/1",
  "/run/1",
  "ci.example",
  "",
  undefined,
])("%j stays text", (url) => {
  expect(linkable(url)).toBeUndefined();
});

test("one is counted in the singular", () => {
  expect([count(0, "slot"), count(1, "slot"), count(1200, "slot")]).toEqual([
    "0 slots",
    "1 slot",
    "1,200 slots",
  ]);
});
