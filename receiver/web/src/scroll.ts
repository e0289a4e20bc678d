const KEY = "scroll";

/**
 * Keeps over a reload how far the pane around `content` is scrolled, for this tab. The content
 * comes piece by piece: the pane scrolls as soon as there is enough, unless the viewer does.
 */
export function keepScroll(content: HTMLElement): (() => void) | undefined {
  const pane = content.parentElement;
  if (!pane) return;
  const [left = 0, top = 0] = take().split(" ").map(Number);

  const growing = new ResizeObserver(() => {
    const isReached = pane.scrollHeight - pane.clientHeight >= top;
    if (isReached) pane.scrollTo(left, top);
    if (isReached || pane.scrollTop || pane.scrollLeft) growing.disconnect();
  });
  if (left || top) growing.observe(content);

  const onpagehide = () => keep(`${pane.scrollLeft} ${pane.scrollTop}`);
  addEventListener("pagehide", onpagehide);
  return () => {
    growing.disconnect();
    removeEventListener("pagehide", onpagehide);
  };
}

function take(): string {
  try {
    const kept = sessionStorage.getItem(KEY) ?? "";
    sessionStorage.removeItem(KEY);
    return kept;
  } catch {
    return ""; // a browser that keeps nothing
  }
}

function keep(text: string): void {
  try {
    sessionStorage.setItem(KEY, text);
  } catch {
    // As above: the page begins at its top.
  }
}
