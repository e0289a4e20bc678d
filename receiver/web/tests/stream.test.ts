import { afterEach, expect, test, vi } from "vitest";
import { followStream, type StreamListener } from "../src/stream";
import { makeEvent } from "./events";

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function answer(chunks: string[], options: { type?: string; ends?: boolean } = {}): void {
  const { type = "text/event-stream; charset=utf-8", ends = true } = options;
  const body = (signal: AbortSignal) =>
    new ReadableStream({
      start(stream) {
        for (const chunk of chunks) stream.enqueue(new TextEncoder().encode(chunk));
        if (ends) stream.close();
        signal.addEventListener("abort", () => stream.error(signal.reason));
      },
    });
  const headers = { "Content-Type": type };
  vi.stubGlobal("fetch", async (_url: string, { signal }: { signal: AbortSignal }) => {
    return new Response(body(signal), { headers });
  });
}

const listener = () => ({
  heard: vi.fn<StreamListener["heard"]>(),
  received: vi.fn<StreamListener["received"]>(),
  resync: vi.fn<StreamListener["resync"]>(),
  retry: vi.fn<StreamListener["retry"]>(),
});

const { signal } = new AbortController();

test("events arrive whole however the bytes are cut", async () => {
  const event = makeEvent({ version: "größer" });
  const text = `retry: 2000\n\n: a comment\n\nid: 1\nevent: deployment\ndata: ${JSON.stringify(event)}\n\n`;
  answer([...text].map((character) => character));
  const heard = listener();

  await followStream(0, heard, signal);

  expect(heard.received.mock.calls).toEqual([[event]]);
  expect(heard.retry).toHaveBeenCalledWith(2000);
  expect(heard.heard).toHaveBeenCalled();
});

test("events of a kind this page does not know are passed over", async () => {
  answer(["event: novelty\ndata: not JSON\n\nevent: resync\ndata: {}\n\n"]);
  const heard = listener();

  await followStream(0, heard, signal);

  expect(heard.received).not.toHaveBeenCalled();
  expect(heard.resync).toHaveBeenCalledOnce();
});

test("a sign-in page is not a stream", async () => {
  answer(["<html>Sign in</html>"], { type: "text/html" });
  const heard = listener();

  await expect(followStream(0, heard, signal)).rejects.toThrow("text/html");
  expect(heard.heard).not.toHaveBeenCalled();
});

test("headers without a byte after them do not count as open, and are given up", async () => {
  vi.useFakeTimers();
  answer([], { ends: false });
  const heard = listener();

  const following = expect(followStream(0, heard, signal)).rejects.toThrow("silent");
  await vi.advanceTimersByTimeAsync(20_000);

  await following;
  expect(heard.heard).not.toHaveBeenCalled();
});
