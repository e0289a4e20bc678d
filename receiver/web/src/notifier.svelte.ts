import type { SlotName } from "./lib/address";
import { isTransition, messages, type Message } from "./lib/transitions";
import { Kept } from "./kept.svelte";
import type { MatrixState } from "./matrix.svelte";
import type { Shown } from "./shown.svelte";

/** Tells by the browser's notifications what fails and what works again, of what is shown. */
export class Notifier {
  #kept = new Kept("notifications");
  #permission = $state(readPermission());

  isOn = $derived(this.#kept.text === "on" && this.#permission === "granted");
  /** Why they cannot be had; null when they can. */
  obstacle = $derived(OBSTACLES[this.#permission] ?? null);

  /** Turn them on, for which the browser asks the viewer, or off. */
  async turn(isOn: boolean): Promise<void> {
    if (isOn) this.#permission = await Notification.requestPermission();
    this.#kept.text = isOn && this.#permission === "granted" ? "on" : null;
  }

  /** Tell of what changes in a matrix; returns what ends that. */
  watch(matrix: MatrixState, shown: Shown, onopen: (slot: SlotName) => void): () => void {
    return matrix.listen((changes) => {
      if (!this.isOn) return;
      const transitions = changes.filter(isTransition);
      const wanted = transitions.filter(({ after }) => shown.passes(after));
      for (const message of messages(wanted)) tell(message, onopen);
    });
  }
}

type Permission = NotificationPermission | "impossible";

const OBSTACLES: Partial<Record<Permission, string>> = {
  denied: "This browser was told to show none from here.",
  impossible: "Browsers show none from a page without https.",
};

function readPermission(): Permission {
  return isSecureContext && "Notification" in globalThis ? Notification.permission : "impossible";
}

function tell({ tag, title, body, slot }: Message, onopen: (slot: SlotName) => void): void {
  const notification = new Notification(title, { tag, body, icon: "/favicon.svg" });
  notification.onclick = () => {
    window.focus();
    if (slot) onopen(slot.current);
    notification.close();
  };
}
