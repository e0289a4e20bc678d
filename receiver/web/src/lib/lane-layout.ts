import { Graph, layout } from "@dagrejs/dagre";
import type { Lane } from "./lanes";

/**
 * Where a lane's stops and the lines between them are: in columns from the left, and from the top
 * in px, sixteen of which are a rem.
 */
export interface LaneLayout {
  height: number;
  /** The middle of each stop, in the order of the lane's stops. */
  middles: number[];
  /** The lines as SVG paths, one column wide for each unit of x. */
  paths: string[];
}

const STOP_PX = 44;
/** More than these take too long to lay out well: they are stacked. */
const MOST_STOPS = 60;
/** Between a stop and a line that passes it. */
const LINE_GAP_PX = 8;
/** dagre wants a rank between two columns for the lines to bend in. */
const RANKS = 2;

interface Point {
  x: number;
  y: number;
}

const known = new Map<string, LaneLayout>();

/** The layout of a lane; most lanes are alike, and those alike are laid out once. */
export function layOut(lane: Lane, environments: string[]): LaneLayout {
  const columns = lane.stops.map(({ environment }) => environments.indexOf(environment));
  const indexOf = new Map(lane.stops.map(({ id }, index) => [id, index]));
  const steps = lane.steps.map(([from, to]): [number, number] => [
    indexOf.get(from) ?? 0,
    indexOf.get(to) ?? 0,
  ]);
  const key = JSON.stringify([columns, steps]);
  const found = known.get(key) ?? arrange(columns, steps);
  known.set(key, found);
  return found;
}

function arrange(columns: number[], steps: [number, number][]): LaneLayout {
  const isLarge = columns.length > MOST_STOPS;
  const { middles, routes } = isLarge ? stack(columns, steps) : arrangeWell(columns, steps);
  return { height: Math.max(...middles) + STOP_PX / 2, middles, paths: routes.map(path) };
}

interface Arrangement {
  middles: number[];
  routes: Point[][];
}

/** The columns are given: dagre decides what stands above what, and how the lines run. */
function arrangeWell(columns: number[], steps: [number, number][]): Arrangement {
  const graph = new Graph();
  graph.setGraph({ rankdir: "LR", ranker: "none", nodesep: 0, edgesep: LINE_GAP_PX });
  columns.forEach((column, stop) => {
    graph.setNode(String(stop), { width: 0, height: STOP_PX, rank: column * RANKS });
  });
  const [upright, others] = partition(steps, ([from, to]) => columns[from] === columns[to]);
  for (const [from, to] of others) {
    // For dagre all lines run to the right, whichever way the version went.
    const isForward = (columns[from] ?? 0) < (columns[to] ?? 0);
    graph.setEdge(String(isForward ? from : to), String(isForward ? to : from), {});
  }
  layout(graph);
  const middles = columns.map((_, stop) => graph.node(String(stop)).y as number);
  const routes = graph.edges().map((edge) => {
    const [start, end] = [Number(edge.v), Number(edge.w)];
    const bends: Point[] = graph.edge(edge).points.slice(1, -1);
    const at = (columns[start] ?? 0) + 1 / RANKS;
    return [
      point(columns, middles, start),
      ...bends.map(({ y }, index) => ({ x: at + index / RANKS, y })),
      point(columns, middles, end),
    ];
  });
  return { middles, routes: [...routes, ...direct(upright, columns, middles)] };
}

/** One below the other in each column, with the shortest lines between them. */
function stack(columns: number[], steps: [number, number][]): Arrangement {
  const filled = new Map<number, number>();
  const middles = columns.map((column) => {
    const row = filled.get(column) ?? 0;
    filled.set(column, row + 1);
    return (row + 0.5) * STOP_PX;
  });
  return { middles, routes: direct(steps, columns, middles) };
}

function direct(steps: [number, number][], columns: number[], middles: number[]): Point[][] {
  return steps.map((step) => step.map((stop) => point(columns, middles, stop)));
}

function point(columns: number[], middles: number[], stop: number): Point {
  return { x: columns[stop] ?? 0, y: middles[stop] ?? 0 };
}

function partition<Item>(items: Item[], isFirst: (item: Item) => boolean): [Item[], Item[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}

/** Through the points, level at each. */
function path(points: Point[]): string {
  return points
    .map(({ x, y }, index) => {
      const before = points[index - 1];
      const at = `${x + 0.5} ${y}`;
      if (!before) return `M${at}`;
      const middle = (before.x + x) / 2 + 0.5;
      return `C${middle} ${before.y} ${middle} ${y} ${at}`;
    })
    .join("");
}
