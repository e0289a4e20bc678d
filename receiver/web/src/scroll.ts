const KEY = "scroll";

/**
 * Keeps over a reload how far the pane around `content` is scrolled, for this tab. The content
 * comes piece by piece: the pane scrolls as soon as there is enough, unless the viewer does.
 */
export function keepScroll(content: HTMLElement): (() => void) | undefined {
  const pane = content.parentElement;
  if (!pane) return;
  const [left = 0, top = 0] = (sessionStorage.getItem(KEY) ?? "").split(" ").map(Number);
  sessionStorage.removeItem(KEY);

  const growing = new ResizeObserver(() => {
    const isReached = pane.scrollHeight - pane.clientHeight >= top;
    if (isReached) pane.scrollTo(left, top);
    if (isReached || pane.scrollTop || pane.scrollLeft) growing.disconnect();
  });
  if (left || top) growing.observe(content);

  const keep = () => sessionStorage.setItem(KEY, `${pane.scrollLeft} ${pane.scrollTop}`);
  addEventListener("pagehide", keep);
  return () => {
    growing.disconnect();
    removeEventListener("pagehide", keep);
  };
}
