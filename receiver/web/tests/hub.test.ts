import { expect, test, vi } from "vitest";
import { StreamHub } from "../src/hub";
import type { Follow, StreamListener } from "../src/stream";
import { makeEvent } from "./events";

/** A stream in the test's hands. */
class Upstream {
  positions: number[] = [];
  names = "";
  says: StreamListener | undefined;
  end = () => {};

  connect: Follow = (position, listener, signal) =>
    new Promise((resolve, reject) => {
      this.positions.push(position);
      this.says = listener;
      this.end = resolve;
      signal.addEventListener("abort", () => reject(signal.reason));
    });

  bring(...ids: number[]): void {
    this.says?.heard(this.names);
    for (const id of ids) this.says?.received(makeEvent({ id }));
  }
}

function follow(hub: StreamHub, position: number) {
  const received: number[] = [];
  const listener = {
    heard: vi.fn<StreamListener["heard"]>(),
    received: (event: { id: number }) => void received.push(event.id),
    resync: vi.fn<StreamListener["resync"]>(),
    retry: vi.fn<StreamListener["retry"]>(),
  };
  const tab = new AbortController();
  const ended = hub.follow(position, listener, tab.signal).then(
    () => "ended",
    (error: unknown) => String(error),
  );
  return { ...listener, received, ended, leave: () => tab.abort("left") };
}

function start() {
  const upstream = new Upstream();
  return { upstream, hub: new StreamHub(upstream.connect) };
}

test("one who comes later hears what came since its position, once, and then the rest", () => {
  const { upstream, hub } = start();
  const first = follow(hub, 10);
  upstream.bring(11, 12);

  const second = follow(hub, 11);
  upstream.bring(13);

  expect(upstream.positions).toEqual([10]);
  expect(first.received).toEqual([11, 12, 13]);
  expect(second.received).toEqual([12, 13]);
  expect(second.heard).toHaveBeenCalled();
});

test("one whose matrix is ahead of the stream hears nothing twice", () => {
  const { upstream, hub } = start();
  follow(hub, 10);
  const ahead = follow(hub, 12);

  upstream.bring(11, 12, 13);

  expect(ahead.received).toEqual([13]);
});

test("one whose position is further back than what is kept has to start over", async () => {
  const { upstream, hub } = start();
  follow(hub, 10);
  upstream.bring(11);

  const behind = follow(hub, 9);

  expect(behind.resync).toHaveBeenCalled();
  expect(await behind.ended).toBe("ended");
});

test("what was kept under other names is told to nobody any more", () => {
  const { upstream, hub } = start();
  follow(hub, 10);
  upstream.bring(11, 12);
  upstream.names = "others";
  upstream.bring(13);

  const from12 = follow(hub, 12);
  const from11 = follow(hub, 11);

  expect(from12.heard).toHaveBeenCalledWith("others");
  expect(from12.received).toEqual([13]);
  expect(from11.resync).toHaveBeenCalled();
});

test("a stream that broke goes on where it was, for one who missed its end too", async () => {
  const { upstream, hub } = start();
  const first = follow(hub, 10);
  upstream.bring(11, 12);
  upstream.end();
  expect(await first.ended).toBe("ended");

  const slow = follow(hub, 11);
  upstream.bring(13);

  expect(upstream.positions).toEqual([10, 12]);
  expect(slow.received).toEqual([12, 13]);
});

test("a stream that cannot be opened leaves nothing to go on from", async () => {
  const { upstream, hub } = start();
  const first = follow(hub, 10);
  upstream.bring(11);
  upstream.end();
  await first.ended;
  const refused = follow(hub, 11);
  upstream.end();
  await refused.ended;

  const other = follow(hub, 3); // of another log
  upstream.bring(4);

  expect(upstream.positions).toEqual([10, 11, 3]);
  expect(other.received).toEqual([4]);
});

test("when the last one leaves the stream is closed", async () => {
  const { upstream, hub } = start();
  const [one, two] = [follow(hub, 0), follow(hub, 0)];
  upstream.bring(1);
  one.leave();
  upstream.bring(2);
  expect(one.received).toEqual([1]);

  two.leave();
  await two.ended;
  const next = follow(hub, 1);

  expect(upstream.positions).toEqual([0, 2]);
  expect(next.received).toEqual([2]);
});
