/** How long (ms) nothing may stir before the viewer is taken to look elsewhere. */
const REST_MS = 10_000;

const STIRS = ["pointermove", "pointerdown", "wheel", "keydown", "focusin"];

/**
 * Tells when the viewer is among what an element shows: moves a pointer or a wheel over it, or has
 * the keyboard's focus in it. A mouse that lies there is nobody.
 */
export function attention(comes: () => void, goes: () => void): (element: HTMLElement) => void {
  return (element) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const page = new AbortController();

    const stir = () => {
      comes();
      rest();
    };
    const rest = () => {
      clearTimeout(timer);
      timer = setTimeout(leave, REST_MS);
    };
    const leave = () => {
      if (!element.matches(":has(:focus-visible)")) goes();
    };
    for (const name of STIRS) {
      element.addEventListener(name, stir, { passive: true, signal: page.signal });
    }
    // Also when what has the focus is taken off the page, amid a change of it: nobody has come.
    element.addEventListener("focusout", rest, { signal: page.signal });
    return () => {
      clearTimeout(timer);
      page.abort();
    };
  };
}
