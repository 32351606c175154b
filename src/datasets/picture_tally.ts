/** Counts what pictures are like, to tell it in a few words. */
export class PictureTally {
  readonly #size: number | undefined;
  readonly #channels: 1 | 3 | undefined;
  readonly #sizes = new Map<string, number>();
  readonly #colors = { gray: 0, color: 0 };
  #least = Infinity;
  #most = 0;
  #resized = 0;
  #cut = 0;

  /** @param to Height and width that pictures are brought to, and channels if that is asked for. */
  constructor(to: { readonly size?: number; readonly channels?: 1 | 3 | undefined } = {}) {
    this.#size = to.size;
    this.#channels = to.channels;
  }

  /** Counts a picture of `[1, H, W, C]`. */
  add([, height, width, channels]: readonly [number, number, number, number]): void {
    const size = `${width} x ${height}`;
    this.#sizes.set(size, (this.#sizes.get(size) ?? 0) + 1);
    this.#colors[channels === 1 ? "gray" : "color"]++;
    const side = Math.min(width, height);
    this.#least = Math.min(this.#least, side);
    this.#most = Math.max(this.#most, width, height);
    if (side !== this.#size) this.#resized++;
    if (width !== height) this.#cut++;
  }

  /** What was found, a line each. */
  lines(): string[] {
    const { gray, color } = this.#colors;
    const all = gray + color;
    if (all === 0) return [];
    const number = (count: number) => count === all ? "all" : count.toLocaleString("en");
    const common = [...this.#sizes].sort((a, b) => b[1] - a[1]);
    const sizes = common.length <= 4
      ? common.map(([size, count]) => common.length === 1 ? size : `${size} (${number(count)})`)
        .join(", ")
      : `${common.length.toLocaleString("en")} sizes, sides of ${this.#least} to ${this.#most}, ` +
        `most often ${common[0]![0]} (${number(common[0]![1])})`;
    const colors = gray === 0
      ? "color"
      : color === 0
      ? "gray"
      : `${number(color)} color, ${number(gray)} gray`;
    const what = `  read: ${all.toLocaleString("en")} image${
      all === 1 ? "" : "s"
    } of ${sizes}; ${colors}`;
    if (this.#size === undefined) return [what];
    const to = `${this.#size} x ${this.#size}`;
    const changed = this.#channels === 1 ? color : this.#channels === 3 ? gray : 0;
    const done = [
      ...changed > 0 ? [`${number(changed)} made ${this.#channels === 1 ? "gray" : "color"}`] : [],
      ...this.#cut > 0 ? [`${number(this.#cut)} cut to the square in the middle`] : [],
      ...this.#resized > 0 ? [`${number(this.#resized)} resized to ${to}`] : [`none resized`],
    ];
    return [`${what}; ${done.join(", ")}`];
  }
}
