/** The page's icon as a data URL: a tick when nothing failed, else how many slots did. */
export function favicon(failures: number): string {
  const [colour, drawing] = failures === 0 ? ["#1f7a3d", TICK] : ["#c4232b", number(failures)];
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">` +
    `<rect width="32" height="32" rx="8" fill="${colour}"/>${drawing}</svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

const TICK = `<path d="M8.5 16.5l5 5 10-11" fill="none" stroke="#fff" stroke-width="4" stroke-linecap="round" stroke-linejoin="round"/>`;

function number(failures: number): string {
  const text = failures > 99 ? "99+" : String(failures);
  const size = [22, 20, 15][text.length - 1] ?? 15;
  return (
    `<text x="16" y="${16 + size * 0.36}" fill="#fff" text-anchor="middle" font-weight="700" ` +
    `font-family="system-ui,sans-serif" font-size="${size}">${text}</text>`
  );
}
