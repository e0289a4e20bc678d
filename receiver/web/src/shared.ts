import { followPort } from "./port";
import { followStream, type Follow } from "./stream";

/** Where a browser has no shared workers, or this one's file is gone, a tab follows by itself. */
let isShared = "SharedWorker" in globalThis;

/** Follows the one stream that all tabs of this browser share. */
export const followShared: Follow = async (position, listener, signal) => {
  const worker = startWorker();
  if (!worker) return followStream(position, listener, signal);
  const broken = new AbortController();
  worker.addEventListener("error", () => {
    isShared = false;
    broken.abort(new Error("The shared worker does not start."));
  });
  return followPort(worker.port, position, listener, AbortSignal.any([signal, broken.signal]));
};

/** A line to the worker, which the first tab starts; undefined where there can be none. */
function startWorker(): SharedWorker | undefined {
  if (!isShared) return undefined;
  try {
    return new SharedWorker(new URL("./stream.worker.ts", import.meta.url), {
      type: "module",
      name: "event stream",
    });
  } catch {
    isShared = false; // forbidden here, as in a sandboxed frame
    return undefined;
  }
}
