import { linkable } from "./format";

/** Where a code host shows a commit, and what changed between two of them. */
export interface Repository {
  commit: (sha: string) => string;
  compare: (base: string, head: string) => string;
}

type Host = (url: string) => Repository;

const github: Host = (url) => ({
  commit: (sha) => `${url}/commit/${sha}`,
  compare: (base, head) => `${url}/compare/${base}...${head}`,
});

const gitlab: Host = (url) => github(`${url}/-`);

const bitbucket: Host = (url) => ({
  commit: (sha) => `${url}/commits/${sha}`,
  compare: (base, head) => `${url}/branches/compare/${head}%0D${base}`,
});

const azure: Host = (url) => ({
  commit: (sha) => `${url}/commit/${sha}`,
  compare: (base, head) => `${url}/branchCompare?baseVersion=GC${base}&targetVersion=GC${head}`,
});

/**
 * How the addresses of runs look, each up to its repository. GitHub's shape is Gitea's and
 * Forgejo's, too. An Azure build's address does not tell its repository; one in a `_git` path does.
 */
const SHAPES: [RegExp, Host][] = [
  [/^(https?:\/\/[^/?#]+\/[^/?#]+\/[^/?#]+)\/(?:actions\/runs|deployments|commit)\/[^/]/, github],
  [/^(https?:\/\/[^/?#]+\/[^?#]+?)\/-\/(?:pipelines|jobs|environments|commit)\/[^/]/, gitlab],
  [
    /^(https:\/\/bitbucket\.org\/[^/?#]+\/[^/?#]+)\/(?:pipelines|addon\/pipelines|deployments)\b/,
    bitbucket,
  ],
  [/^(https:\/\/[^?#]+\/_git\/[^/?#]+)/, azure],
];

const COMMIT = /^[0-9a-f]{7,64}$/i;

/** The repository of a run, where the address of the run tells it. */
export function repositoryOf(runUrl: string | undefined): Repository | undefined {
  const url = linkable(runUrl);
  if (url === undefined) return undefined;
  for (const [shape, host] of SHAPES) {
    const [, found] = shape.exec(url) ?? [];
    if (found) return host(found);
  }
  return undefined;
}

/** The address of a commit, where it is one and its repository is known. */
export function commitUrl(runUrl: string | undefined, sha: string | undefined): string | undefined {
  return sha && COMMIT.test(sha) ? repositoryOf(runUrl)?.commit(sha) : undefined;
}

/** The address of what changed from one commit to another. */
export function compareUrl(
  runUrl: string | undefined,
  base: string | undefined,
  head: string | undefined,
): string | undefined {
  if (!base || !head || base === head || !COMMIT.test(base) || !COMMIT.test(head)) return undefined;
  return repositoryOf(runUrl)?.compare(base, head);
}
