/** The page's line to the receiver, in milliseconds. */
export interface Link {
  /** The event stream: never open yet, open, open but late, or closed again. */
  stream: "new" | "open" | "late" | "closed";
  /** Since when; of a late one, when it last brought something late. */
  since: number;
  /** While the stream is not open: since when the receiver has answered every other request. */
  answersSince: number | null;
}

/** What the page says about it. */
export type Connection = "connecting" | "live" | "reconnecting" | "delayed" | "offline";

const UNNOTICED_MS = 3_000;
const OFFLINE_AFTER_MS = 30_000;
/** The receiver's clock is known to two seconds only, and several receivers have several. */
const LATE_MS = 10_000;
const LATE_FORGOTTEN_MS = 60_000;

/**
 * A short break is not worth a word; a long one is not a reconnection any more. Where the receiver
 * answers and only its stream does not come through, what is shown is right, but late.
 */
export function connection({ stream, since, answersSince }: Link, now: number): Connection {
  if (stream === "open") return "live";
  if (stream === "late") return "delayed";
  if (answersSince !== null && now - answersSince >= UNNOTICED_MS) return "delayed";
  if (now - since >= OFFLINE_AFTER_MS) return "offline";
  if (stream === "new") return "connecting";
  return now - since < UNNOTICED_MS ? "live" : "reconnecting";
}

/** The link after the receiver answered a request that is not the stream, or did not. */
export function afterAnswer(link: Link, hasAnswered: boolean, now: number): Link {
  if (link.stream === "open" || link.stream === "late") return link;
  if (hasAnswered) return { ...link, answersSince: link.answersSince ?? now };
  // It answered until now: it is away from now on.
  if (link.answersSince !== null) return { stream: "closed", since: now, answersSince: null };
  return link;
}

/** The link after an open stream brought an event that was stored so long (ms) before. */
export function afterEvent(link: Link, lag: number, now: number): Link {
  const isOpen = link.stream === "open" || link.stream === "late";
  return isOpen && lag > LATE_MS ? { ...link, stream: "late", since: now } : link;
}

/** The link as time passes: a stream that has brought nothing late for a while is in time again. */
export function afterTime(link: Link, now: number): Link {
  const isOver = link.stream === "late" && now - link.since >= LATE_FORGOTTEN_MS;
  return isOver ? { ...link, stream: "open", since: now } : link;
}

/** The link after the viewer's clock was set, perhaps back: nothing that was seen is yet to come. */
export function afterClockMoved({ stream, since, answersSince }: Link, now: number): Link {
  return {
    stream,
    since: Math.min(since, now),
    answersSince: answersSince === null ? null : Math.min(answersSince, now),
  };
}

/** While the stream does not come through, the matrix is asked for as often as this. */
const POLL_MS = 5_000;

/** Whether it is time to ask for the matrix, last asked for at `asked`, in place of the stream. */
export function isPollDue({ stream, since }: Link, asked: number, now: number): boolean {
  const isMissed = stream === "late" || (stream !== "open" && now - since >= UNNOTICED_MS);
  return isMissed && now - asked >= POLL_MS;
}

const LONGEST_PAUSE_MS = 15_000;

/**
 * How long (ms) to wait before the next attempt: almost nothing after the first failure in a row,
 * then `base`, doubled each time, with a spread so that a restarted receiver is not hit by
 * everyone at once. `random` is in [0, 1).
 */
export function pause(failures: number, base: number, random: number): number {
  if (failures <= 1) return random * 300;
  const longest = Math.min(LONGEST_PAUSE_MS, base * 2 ** (failures - 2));
  return longest * (0.5 + random / 2);
}
