/** The SharedWorker in which all tabs of a browser follow one stream. */
import { StreamHub } from "./hub";
import { serve } from "./port";
import { followStream } from "./stream";

const hub = new StreamHub(followStream);

addEventListener("connect", (event) => {
  for (const port of (event as MessageEvent).ports) serve(hub, port);
});
