/**
 * How much of a long list is on the page. Thousands of slots take longer than a frame: what is in
 * sight comes first, the rest so many lines with each frame.
 */
export class Piecemeal {
  /** How many lines of the list are there. */
  rendered = $state(0);

  constructor(
    private readonly length: () => number,
    private readonly linesPerFrame: number,
  ) {
    this.rendered = linesPerFrame;
  }

  /** An effect: bring the next lines with the next frame. */
  grow = (): (() => void) | undefined => {
    if (this.rendered >= this.length()) return undefined;
    const frame = requestAnimationFrame(() => (this.rendered += this.linesPerFrame));
    return () => cancelAnimationFrame(frame);
  };
}
