/**
 * Whether the whole of `text` is as `glob` says: `*` stands for any characters, `?` for one.
 * Takes at most glob × text steps; a regular expression made of a shared link could take forever.
 */
export function globMatches(glob: string, text: string): boolean {
  let [inGlob, inText] = [0, 0];
  let [star, taken] = [-1, 0];
  while (inText < text.length) {
    if (glob[inGlob] === "*") {
      [star, taken] = [inGlob++, inText];
    } else if (glob[inGlob] === "?" || glob[inGlob] === text[inText]) {
      inGlob++;
      inText++;
    } else if (star >= 0) {
      // Let the last star take one character more.
      [inGlob, inText] = [star + 1, ++taken];
    } else return false;
  }
  return /^\**$/.test(glob.slice(inGlob));
}
