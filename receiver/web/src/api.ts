/** The receiver's HTTP contract as this page uses it: its types, and one function for each request. */
import { session } from "./session.svelte";
import { namesOf } from "./stream";

export type Status = "in-progress" | "success" | "failure";

/** One row of the log. Times are RFC 3339 in UTC with `Z` and up to six digits of a second. */
export interface DeploymentEvent {
  id: number;
  deployment_id: string;
  service: string;
  environment: string;
  status: Status;
  happened_at: string;
  received_at: string;
  version?: string;
  run_url?: string;
  run_number?: number;
  actor?: string;
  ref?: string;
  sha?: string;
  parent_deployments?: string[];
  progress_reporter?: string;
  /** What the log has, where the receiver shows another name. */
  stored_service?: string;
  stored_environment?: string;
  /** Only when it is dated more than 5 minutes after it arrived. */
  clock_skew?: true;
}

export interface Slot {
  current: DeploymentEvent;
  /** Only when `current` is not a success and there has been one. */
  last_successful?: DeploymentEvent;
  /** Only when `current` is in progress and the finished event before it failed. */
  prev_failed?: true;
}

export interface Matrix {
  last_event_id: number;
  environments: string[];
  rows: { service: string; slots: Record<string, Slot> }[];
}

export interface DeploymentPage {
  items: DeploymentEvent[];
  next_cursor: string | null;
}

const TIMEOUT_MS = 30_000;
const NOT_MODIFIED = 304;
const UNAUTHORIZED = 401;
const NOT_FOUND = 404;

async function get(path: string, query: Record<string, string>, signal: AbortSignal, etag = "") {
  const search = new URLSearchParams(query);
  const response = await fetch(search.size ? `${path}?${search}` : path, {
    headers: { Accept: "application/json", ...(etag && { "If-None-Match": etag }) },
    // With a tag of its own the page sees the 304; else the browser's cache makes it the kept answer.
    cache: etag ? "no-store" : "no-cache",
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
  });
  if (response.ok || (etag && response.status === NOT_MODIFIED)) return response;
  // A proxy's 401 has another challenge, and another way to sign in.
  const challenge = response.headers.get("WWW-Authenticate") ?? "";
  if (response.status === UNAUTHORIZED && challenge.startsWith("ApiKey")) session.isOver = true;
  throw new Error(`${path} answered ${response.status}`);
}

/** The whole matrix, its tag, its names, and the receiver's clock (ms) as it answered. */
export interface MatrixAnswer {
  matrix: Matrix;
  etag: string;
  names: string;
  serverNow: number;
}

/** The whole matrix; undefined when it is still the one of this tag. */
export async function getMatrix(
  etag: string,
  signal: AbortSignal,
): Promise<MatrixAnswer | undefined> {
  const response = await get("/api/matrix", {}, signal, etag);
  if (response.status === NOT_MODIFIED) return undefined;
  return {
    matrix: (await response.json()) as Matrix,
    etag: response.headers.get("ETag") ?? "",
    names: namesOf(response),
    // Not `generated_at`: the receiver may answer with a body it made earlier.
    serverNow: Date.parse(response.headers.get("Date") ?? ""),
  };
}

/** The whole matrix as of a past time. */
export async function getPastMatrix(at: string, signal: AbortSignal): Promise<Matrix> {
  return (await (await get("/api/matrix", { at }, signal)).json()) as Matrix;
}

/** One service's row of the matrix. */
export async function getRow(service: string, signal: AbortSignal): Promise<Matrix> {
  return (await (await get("/api/matrix", { service }, signal)).json()) as Matrix;
}

/** The most events that one page may have. */
export const LARGEST_PAGE = 500;

/** Which events of the log are asked for; all of them by default. */
export interface LogQuery {
  service?: string;
  environment?: string;
  status?: Status;
  deployment_id?: string;
  /** Only what happened before this time. */
  until?: string;
}

/** One page of the log, newest first. */
export async function getDeployments(
  query: LogQuery,
  cursor: string | null,
  limit: number,
  signal: AbortSignal,
): Promise<DeploymentPage> {
  const asked = { ...query, limit: String(limit), ...(cursor === null ? {} : { cursor }) };
  return (await (await get("/api/deployments", asked, signal)).json()) as DeploymentPage;
}

/** Every environment there is, in promotion order. */
export async function getEnvironments(signal: AbortSignal): Promise<string[]> {
  const answer = (await (await get("/api/environments", {}, signal)).json()) as { items: string[] };
  return answer.items;
}

/** A post that the receiver refused. */
export interface Rejection {
  rejected_at: string;
  /** Absent where the key is missing or wrong. */
  key_name?: string;
  status: number;
  detail: string;
  errors: { pointer: string; message: string }[];
}

/** The posts refused last, newest first. */
export async function getRejections(signal: AbortSignal): Promise<Rejection[]> {
  const answer = (await (await get("/api/rejections", {}, signal)).json()) as {
    items: Rejection[];
  };
  return answer.items;
}

/** The version of the running receiver. */
export async function getVersion(signal: AbortSignal): Promise<string> {
  const answer = (await (await get("/api/version", {}, signal)).json()) as { version: string };
  return answer.version;
}

/** The settings of the receiver that this page follows. */
export interface Settings {
  stalled_minutes: number;
  read_protected: boolean;
  /**
   * The usual spellings of each stage, in lower case and without separators. One that is not
   * upgraded yet, behind the same address, tells none.
   */
  stages?: string[][];
}

/** Ask for the settings. */
export async function getSettings(signal: AbortSignal): Promise<Settings> {
  return (await (await get("/api/settings", {}, signal)).json()) as Settings;
}

/** Get a session, which is a cookie, for a read key; why not, where the receiver gives none. */
export async function signIn(key: string): Promise<string | null> {
  // Nothing else can be a key, or travel in a header.
  if (!/^[!-~]+$/.test(key)) return "This is not a read key of this dashboard.";
  const response = await changeSession("POST", { "X-Api-Key": key });
  // Not found: since the page was refused, reading has come to need no key.
  if (response.ok || response.status === NOT_FOUND) return null;
  return ((await response.json()) as { detail: string }).detail;
}

/** Let this browser forget its session. */
export async function signOut(): Promise<void> {
  await changeSession("DELETE");
}

function changeSession(method: string, headers: Record<string, string> = {}): Promise<Response> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  return fetch("/api/session", { method, headers, cache: "no-store", signal });
}
