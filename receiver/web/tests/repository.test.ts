import { expect, test } from "vitest";
import { commitUrl, compareUrl } from "../src/lib/repository";

const [A, B] = ["a".repeat(40), "b".repeat(40)];

test.each([
  [
    "https://github.com/acme/shop/actions/runs/7/job/8",
    `https://github.com/acme/shop/commit/${A}`,
    `https://github.com/acme/shop/compare/${A}...${B}`,
  ],
  [
    "https://git.example:8443/acme/shop/actions/runs/7",
    `https://git.example:8443/acme/shop/commit/${A}`,
    `https://git.example:8443/acme/shop/compare/${A}...${B}`,
  ],
  [
    "https://gitlab.com/acme/team/shop/-/pipelines/7",
    `https://gitlab.com/acme/team/shop/-/commit/${A}`,
    `https://gitlab.com/acme/team/shop/-/compare/${A}...${B}`,
  ],
  [
    "https://bitbucket.org/acme/shop/pipelines/results/7",
    `https://bitbucket.org/acme/shop/commits/${A}`,
    `https://bitbucket.org/acme/shop/branches/compare/${B}%0D${A}`,
  ],
  [
    "https://dev.azure.com/acme/Web%20Team/_git/shop/pullrequest/7",
    `https://dev.azure.com/acme/Web%20Team/_git/shop/commit/${A}`,
    `https://dev.azure.com/acme/Web%20Team/_git/shop/branchCompare?baseVersion=GC${A}&targetVersion=GC${B}`,
  ],
])("the run %s leads to its commit and to what changed", (run, commit, compare) => {
  expect(commitUrl(run, A)).toBe(commit);
  expect(compareUrl(run, A, B)).toBe(compare);
});

test.each([
  undefined,
  "https://ci.example/job/shop/7",
  "https://dev.azure.com/acme/Web/_build/results?buildId=7",
  "javascript:alert(1)//github.com/acme/shop/actions/runs/7",
  "https://ci.example/?x=/acme/shop/actions/runs/7",
])("from %s nothing is guessed", (run) => {
  expect(commitUrl(run, A)).toBeUndefined();
  expect(compareUrl(run, A, B)).toBeUndefined();
});

test.each([undefined, "main", "../../x", "abc", `${A}?x`])("%s is no commit", (sha) => {
  const run = "https://github.com/acme/shop/actions/runs/7";
  expect(commitUrl(run, sha)).toBeUndefined();
  expect(compareUrl(run, sha, B)).toBeUndefined();
  expect(compareUrl(run, A, sha)).toBeUndefined();
});

test("there is nothing to compare a commit with itself", () => {
  expect(compareUrl("https://github.com/acme/shop/actions/runs/7", A, A)).toBeUndefined();
});
