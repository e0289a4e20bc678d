import { Kept } from "./kept.svelte";
import { lookalikesKey, lookalikes, type Lookalikes } from "./lib/lookalikes";
import type { MatrixState } from "./matrix.svelte";

/** The names that are pointed out, but for those of which this browser is to hear no more. */
class PointedOut {
  /** The usual spellings of each stage, as the receiver tells them. */
  stages = $state.raw<string[][]>([]);
  #dismissed = new Kept("lookalikes-dismissed");

  in(matrix: MatrixState): Lookalikes[] {
    const dismissed = new Set(this.#dismissed.text?.split("\n"));
    const services = matrix.rows.map((row) => row.service);
    return lookalikes(services, matrix.environments, this.stages).filter(
      (found) => !dismissed.has(lookalikesKey(found)),
    );
  }

  dismiss(found: Lookalikes): void {
    const before = this.#dismissed.text;
    this.#dismissed.text = `${before === null ? "" : `${before}\n`}${lookalikesKey(found)}`;
  }
}

export const pointedOut = new PointedOut();
