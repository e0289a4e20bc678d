/** Forced colours know no backgrounds; there the outline shows. */
const LIT =
  "background: var(--lit); color: var(--text); border-radius: 2px; outline: 2px solid var(--lit);";

/**
 * Lights up a version everywhere on the page while the pointer or the focus is on it. One rule of
 * a style sheet names the version, so not one of thousands of slots is touched, and one that shows
 * the version only later is lit, too.
 */
export function light(page: Document): () => void {
  const sheet = new CSSStyleSheet();
  let lit: string | undefined;

  const show = (version: string | undefined) => {
    if (version === lit) return;
    lit = version;
    sheet.replaceSync(
      version === undefined ? "" : `[data-version="${CSS.escape(version)}"]{${LIT}}`,
    );
  };
  const onEnter = ({ target }: Event) =>
    show(target instanceof Element ? versionAt(target) : undefined);
  const onLeave = () => show(undefined);

  page.adoptedStyleSheets.push(sheet);
  page.addEventListener("pointerover", onEnter);
  page.addEventListener("focusin", onEnter);
  page.documentElement.addEventListener("pointerleave", onLeave);
  return () => {
    page.adoptedStyleSheets = page.adoptedStyleSheets.filter((other) => other !== sheet);
    page.removeEventListener("pointerover", onEnter);
    page.removeEventListener("focusin", onEnter);
    page.documentElement.removeEventListener("pointerleave", onLeave);
  };
}

/** The version that the pointer is on; anywhere else on a slot, the one that it shows first. */
function versionAt(target: Element): string | undefined {
  const element =
    target.closest<HTMLElement>("[data-version]") ??
    target.closest("[data-slot]")?.querySelector<HTMLElement>("[data-version]");
  return element?.dataset.version;
}
