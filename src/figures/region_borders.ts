/**
 * The borders between pixels of different labels, such as pieces of a mosaic, as the path of an SVG or of a
 * canvas: straight lines along the sides of pixels, each as long as it can be.
 *
 * @example
 * ```ts
 * import { borderPath } from "@els/toolkit/figures";
 * import { assertEquals } from "@std/assert";
 *
 * // Two columns of pixels, the left one of label 1.
 * assertEquals(borderPath([1, 2, 1, 2], { height: 2, width: 2, zoom: 10 }), "M10 0V20");
 * ```
 *
 * @param labels One per pixel, `[H * W]`, row by row.
 * @param options.zoom Side of a pixel in units of the path; 1 when absent.
 * @param options.left Where the image begins; 0 when absent.
 * @param options.top Where the image begins; 0 when absent.
 * @returns Data of a path; empty where all labels are alike.
 * @category Figures
 */
export function borderPath(
  labels: ArrayLike<number>,
  options: {
    readonly height: number;
    readonly width: number;
    readonly zoom?: number;
    readonly left?: number;
    readonly top?: number;
  },
): string {
  const { height, width, zoom = 1, left = 0, top = 0 } = options;
  const parts: string[] = [];
  const isBorder = (a: number, b: number) => labels[a] !== labels[b];
  // Between columns, from top to bottom.
  for (let x = 1; x < width; x++) {
    for (const [from, to] of stretches(height, (y) => isBorder(y * width + x - 1, y * width + x))) {
      parts.push(`M${left + x * zoom} ${top + from * zoom}V${top + to * zoom}`);
    }
  }
  // Between rows, from left to right.
  for (let y = 1; y < height; y++) {
    for (
      const [from, to] of stretches(width, (x) => isBorder((y - 1) * width + x, y * width + x))
    ) parts.push(`M${left + from * zoom} ${top + y * zoom}H${left + to * zoom}`);
  }
  return parts.join("");
}

/** Runs of places at which something holds: first, and one after the last. */
function stretches(
  length: number,
  holds: (at: number) => boolean,
): (readonly [from: number, to: number])[] {
  const found: (readonly [number, number])[] = [];
  let from = -1;
  for (let at = 0; at <= length; at++) {
    const held = at < length && holds(at);
    if (held && from < 0) from = at;
    if (!held && from >= 0) {
      found.push([from, at]);
      from = -1;
    }
  }
  return found;
}
