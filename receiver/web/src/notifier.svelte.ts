import { clock } from "./clock.svelte";
import type { SlotName } from "./lib/address";
import { messages, newsOf, stalledBetween, type Message, type News } from "./lib/transitions";
import { Kept } from "./kept.svelte";
import type { MatrixState } from "./matrix.svelte";
import type { Shown } from "./shown.svelte";

/** Tells by the browser's notifications what fails, stalls and works again, of what is shown. */
export class Notifier {
  #kept = new Kept("notifications");
  #permission = $state(readPermission());
  #lookedAt: number | null = null;

  isOn = $derived(this.#kept.text === "on" && this.#permission === "granted");
  /** Why they cannot be had; null when they can. */
  obstacle = $derived(OBSTACLES[this.#permission] ?? null);

  constructor(
    private readonly matrix: MatrixState,
    private readonly shown: Shown,
    private readonly onopen: (slot: SlotName) => void,
  ) {}

  /** Turn them on, for which the browser asks the viewer, or off. */
  async turn(isOn: boolean): Promise<void> {
    if (isOn) this.#permission = await Notification.requestPermission();
    if (isOn && this.#permission === "granted") this.#show(WELCOME);
    this.#kept.text = isOn && this.#permission === "granted" ? "on" : null;
  }

  /** Tell of what changes in the matrix; returns what ends that. */
  watch(): () => void {
    return this.matrix.listen((changes) => this.#tell(changes.flatMap((one) => newsOf(one) ?? [])));
  }

  /** Tell of what has stalled since the last look; to be called at each tick of the clock. */
  look(): void {
    const slots = this.matrix.rows.flatMap((row) => [...row.slots.values()]);
    if (this.#lookedAt !== null) this.#tell(stalledBetween(slots, this.#lookedAt, clock));
    // What had stalled before the page knew of it is no news.
    this.#lookedAt = slots.length ? clock.now : null;
  }

  #tell(news: News[]): void {
    if (!this.isOn) return;
    const wanted = news.filter(({ slot }) => this.shown.passes(slot));
    for (const message of messages(wanted)) this.#show(message);
  }

  #show({ tag, title, body, slot }: Message): void {
    try {
      const notification = new Notification(title, { tag, body, icon: "/favicon.svg" });
      notification.onclick = () => {
        window.focus();
        if (slot) this.onopen(slot.current);
        notification.close();
      };
    } catch {
      this.#permission = "refused";
    }
  }
}

/** It also shows at once whether this browser, and the system under it, show any. */
const WELCOME: Message = {
  tag: "welcome",
  title: "Deployments",
  body: "Notifications are on.",
  slot: null,
};

type Permission = NotificationPermission | "impossible" | "refused";

const OBSTACLES: Partial<Record<Permission, string>> = {
  denied: "This browser was told to show none from here.",
  impossible: "Browsers show none from a page without https.",
  // As Chrome does on Android: https://crbug.com/481856
  refused: "This browser shows none from a page.",
};

function readPermission(): Permission {
  return isSecureContext && "Notification" in globalThis ? Notification.permission : "impossible";
}
