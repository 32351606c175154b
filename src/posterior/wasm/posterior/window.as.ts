/**
 * What is being summed: one query against the pair of images at one shift, one scale after another.
 * The window around pixel q of the images meets the window around p = q - shift of the query. All loops
 * over pixels read their bounds here.
 */
import { boxBottom, boxed, boxLeft, boxRight, boxTop } from "./background.as";
import { BORDER, H, INTERIOR, R, radii, reaches, rule, S, W, weighted, WRAPPED } from "./layout.as";

/** The query, and the shift q - p. */
export let query: i32, shiftY: i32, shiftX: i32;
/** Do windows stay inside the image along an axis, or reach into its surroundings? */
export let insideY: bool, insideX: bool;
/** Pixels q whose squared differences are needed. */
export let top: i32, bottom: i32, left: i32, right: i32;
/** The scale, counted over all queries and of one, and its radius. */
export let scale: i32, scaleOfQuery: i32, radius: i32;
/** Rows of column sums that this scale and larger ones need. */
export let sumsTop: i32, sumsBottom: i32;
/** Centers of windows: rows [y0, y1), columns [x0, x1). */
export let y0: i32, y1: i32, x0: i32, x1: i32;

/** Pixels q whose p is a pixel too, near the background's box or not. */
let firstRow: i32, lastRow: i32, firstColumn: i32, lastColumn: i32;
/** Is what lies far from the box left to `background`? */
let cropped: bool;

/** Goes to a shift of query b; false where no window fits. */
export function selectShift(b: i32, sy: i32, sx: i32): bool {
  query = b;
  shiftY = sy;
  shiftX = sx;
  const cyclic = rule == INTERIOR || rule == WRAPPED;
  insideY = rule == INTERIOR || (rule == BORDER && sy != 0);
  insideX = rule == INTERIOR || (rule == BORDER && sx != 0);
  top = firstRow = cyclic ? 0 : max(0, sy);
  bottom = lastRow = cyclic ? H : min(H, H + sy);
  left = firstColumn = cyclic ? 0 : max(0, sx);
  right = lastColumn = cyclic ? W : min(W, W + sx);
  const diameter = 2 * load<i32>(reaches);
  if ((insideY && bottom - top <= diameter) || (insideX && right - left <= diameter)) return false;
  if (weighted) return spread();
  cropped = boxed && insideY && insideX;
  if (cropped) {
    // Windows of radius r centered further than r from the box are background. Column sums reach as far
    // as the largest scale needs.
    const reach = 2 * R;
    top = max(top, boxTop - reach);
    bottom = min(bottom, boxBottom + reach);
    left = max(left, boxLeft - reach);
    right = min(right, boxRight + reach);
  }
  return top < bottom && left < right;
}

/** Lets E reach as far as windows with weights do, beyond the image too. */
function spread(): bool {
  cropped = false;
  top = left = i32.MAX_VALUE;
  bottom = right = i32.MIN_VALUE;
  for (let s = 0; s < S && selectScale(s); s++) {
    top = min(top, y0 - radius);
    bottom = max(bottom, y1 + radius);
    left = min(left, x0 - radius);
    right = max(right, x1 + radius);
  }
  return top < bottom && left < right;
}

/** Goes to scale s of the shift; false where neither it nor a larger one has a window. */
export function selectScale(s: i32): bool {
  scale = query * S + s;
  scaleOfQuery = s;
  radius = load<i32>(radii + (<usize>s << 2));
  const reach = load<i32>(reaches + (<usize>s << 2));
  y0 = insideY ? firstRow + reach : 0;
  y1 = insideY ? lastRow - reach : H;
  x0 = insideX ? firstColumn + reach : 0;
  x1 = insideX ? lastColumn - reach : W;
  if (y0 >= y1 || x0 >= x1) return false;
  sumsTop = cropped ? max(y0, boxTop - R) : y0;
  sumsBottom = cropped ? min(y1, boxBottom + R) : y1;
  return sumsTop < sumsBottom;
}

/** Leaves out windows of background; false where no other is left at this scale. */
export function cropCenters(): bool {
  if (!cropped) return true;
  y0 = max(y0, boxTop - radius);
  y1 = min(y1, boxBottom + radius);
  x0 = max(x0, boxLeft - radius);
  x1 = min(x1, boxRight + radius);
  return y0 < y1 && x0 < x1;
}
