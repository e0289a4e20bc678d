/**
 * A text that this browser keeps, the same in all its tabs; null when there is none. A browser
 * that keeps nothing, as some do for privacy, forgets it with the page.
 */
export class Kept {
  #text = $state<string | null>(null);

  constructor(private readonly key: string) {
    try {
      this.#text = localStorage.getItem(key);
    } catch {
      return;
    }
    addEventListener("storage", (event) => {
      if (event.key === key) this.#text = event.newValue;
    });
  }

  get text(): string | null {
    return this.#text;
  }

  set text(text: string | null) {
    this.#text = text;
    try {
      if (text === null) localStorage.removeItem(this.key);
      else localStorage.setItem(this.key, text);
    } catch {
      // It is full, or keeps nothing: the choice holds for this page.
    }
  }
}
