/** A small set of small integers. */
export class Bits {
  private readonly words: number[] = [];

  add(bit: number): void {
    const word = Math.floor(bit / 31);
    while (this.words.length <= word) this.words.push(0);
    this.words[word] |= 1 << (bit % 31);
  }

  /** Adds all of `other`; true if that made a difference. */
  include(other: Bits): boolean {
    let changed = false;
    for (const [i, word] of other.words.entries()) {
      const old = this.words[i] ?? 0;
      this.words[i] = old | word;
      if ((old | word) !== old) changed = true;
    }
    return changed;
  }

  list(): number[] {
    const bits: number[] = [];
    for (const [i, word] of this.words.entries()) for (let bit = 0; bit < 31; bit++) if (word & (1 << bit)) bits.push(i * 31 + bit);
    return bits;
  }
}
