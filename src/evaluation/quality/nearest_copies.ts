import { ArgumentError } from "../../core/errors.ts";
import { eventLoopTurns } from "../../core/event_loop.ts";
import { checkImages, type ImageBatch, valuesPerImage } from "../../core/image_batch.ts";

/**
 * Of each image the nearest ones of a set, where the image may be shifted and mirrored to meet them.
 *
 * @category Quality
 */
export interface NearestCopies {
  /** `[Q, n]`. */
  readonly shape: readonly [images: number, found: number];
  /** Which image of the set, `[Q, n]`, the nearest first; of equally near ones the lower number first. */
  readonly image: Int32Array;
  /** Smallest Euclidean distance over all shifts and mirrors, `[Q, n]`. */
  readonly distance: Float64Array;
  /** Rows by which the image was moved down to be so near, `[Q, n]`. */
  readonly rows: Int32Array;
  /** Columns by which it was moved to the right, after it was mirrored, `[Q, n]`. */
  readonly columns: Int32Array;
  /** 1 where it was mirrored, `[Q, n]`. */
  readonly mirrored: Uint8Array;
}

/**
 * Options of {@linkcode nearestCopies}.
 *
 * @category Quality
 */
export interface NearestCopiesOptions {
  /** Images to find for each. Default 2. */
  readonly count?: number;
  /** Pixels by which an image may be shifted in each direction. Default 2. */
  readonly shift?: number;
  /** Whether it may be mirrored left to right. Default true. */
  readonly mirror?: boolean;
  /** Stops the work; the promise rejects with the signal's reason. */
  readonly abort?: AbortSignal | undefined;
  /** Called with the number of images done. */
  readonly onProgress?: ((done: number) => void) | undefined;
}

/**
 * Finds the images of a set that are nearest to each of some images, exactly, where copies may have been moved
 * by a few pixels or mirrored: a plain distance does not see those. What a shift leaves open at a border is
 * filled with the nearest pixels.
 *
 * @example
 * ```ts
 * import { nearestCopies } from "@els/toolkit/quality";
 * import { bytesToImages, imageBatch, syntheticTextures } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const set = bytesToImages(syntheticTextures({ images: 20, size: 8 }));
 * // Image 4, mirrored.
 * const mirrored = imageBatch(
 *   Float32Array.from({ length: 64 }, (_, i) => set.data[4 * 64 + i - 2 * (i % 8) + 7]!),
 *   [1, 8, 8, 1],
 * );
 * const found = await nearestCopies(mirrored, set, { count: 1 });
 * assertEquals([found.image[0], found.distance[0], found.mirrored[0]], [4, 0, 1]);
 * ```
 *
 * @param images `[Q, H, W, C]`.
 * @param set `[N, H, W, C]`.
 * @throws RangeError if images have other shapes, the set is empty, or a number is out of range.
 * @category Quality
 */
export async function nearestCopies(
  images: ImageBatch,
  set: ImageBatch,
  options: NearestCopiesOptions = {},
): Promise<NearestCopies> {
  const { count = 2, shift = 2, mirror = true, abort, onProgress } = options;
  checkImages(images);
  checkImages(set);
  const [queries, ...one] = images.shape, [members, ...each] = set.shape;
  if (one.join() !== each.join() || members === 0) {
    throw new ArgumentError(
      `Cannot find copies of ${members} images of ${each.join(" x ")} in images of ${
        one.join(" x ")
      }: expected images of one shape`,
    );
  }
  const most = Math.min(one[0]!, one[1]!) - 1;
  if (
    !Number.isInteger(shift) || shift < 0 || shift > most || !Number.isInteger(count) || count < 1
  ) {
    throw new ArgumentError(
      `Cannot find ${count} copies shifted by up to ${shift} pixels: expected at least 1, and 0 ` +
        `to ${most} pixels`,
    );
  }
  const found = Math.min(count, members);
  const result = {
    image: new Int32Array(queries * found).fill(-1),
    distance: new Float64Array(queries * found).fill(Infinity),
    rows: new Int32Array(queries * found),
    columns: new Int32Array(queries * found),
    mirrored: new Uint8Array(queries * found),
  };
  const turn = eventLoopTurns();
  const coarse = coarseImages(set);
  const moves = allMoves(shift, mirror);
  for (let query = 0; query < queries; query++) {
    const copies = moves.map((move) => moved(images, query, move));
    const bounds = copies.map((copy) => coarseImages(copy));
    const first = query * found;
    for (let member = 0; member < members; member++) {
      let best = result.distance[first + found - 1]! ** 2;
      let by = -1;
      for (let c = 0; c < copies.length; c++) {
        if (coarseBound(bounds[c]!, coarse, member) >= best) continue;
        const squared = squaredDistance(copies[c]!.data, set.data, {
          at: member * valuesPerImage(set),
          limit: best,
        });
        if (squared < best) [best, by] = [squared, c];
      }
      if (by >= 0) insert(result, { first, found, member, squared: best, move: moves[by]! });
      await turn();
      abort?.throwIfAborted();
    }
    onProgress?.(query + 1);
  }
  return { shape: [queries, found], ...result };
}

/** How an image is changed: mirrored, then moved. */
interface Move {
  readonly rows: number;
  readonly columns: number;
  readonly mirrored: boolean;
}

/** All moves, the smallest first: of equally near ones it is the one that is told. */
function allMoves(shift: number, mirror: boolean): Move[] {
  const moves: Move[] = [];
  for (const mirrored of mirror ? [false, true] : [false]) {
    for (let rows = -shift; rows <= shift; rows++) {
      for (let columns = -shift; columns <= shift; columns++) {
        moves.push({ rows, columns, mirrored });
      }
    }
  }
  const size = ({ rows, columns, mirrored }: Move) =>
    rows * rows + columns * columns + (mirrored ? 0.5 : 0);
  return moves.sort((a, b) => size(a) - size(b));
}

/** An image after a move, as a batch of one. */
function moved(images: ImageBatch, query: number, { rows, columns, mirrored }: Move): ImageBatch {
  const [, h, w, c] = images.shape;
  const data = new Float32Array(h * w * c);
  for (let y = 0; y < h; y++) {
    const fromY = Math.min(h - 1, Math.max(0, y - rows));
    for (let x = 0; x < w; x++) {
      const at = Math.min(w - 1, Math.max(0, x - columns));
      const fromX = mirrored ? w - 1 - at : at;
      for (let k = 0; k < c; k++) {
        data[(y * w + x) * c + k] = images.data[((query * h + fromY) * w + fromX) * c + k]!;
      }
    }
  }
  return { data, shape: [1, h, w, c] };
}

/** Sums over squares of pixels, of which a lower bound of distances is made. */
interface Coarse {
  /** `[N, sums]`: each divided by the root of the number of values in it. */
  readonly sums: Float64Array;
  readonly width: number;
}

/** Pixels along a side of the squares. */
const square = 4;

function coarseImages({ data, shape: [count, h, w, c] }: ImageBatch): Coarse {
  const [rows, columns] = [Math.ceil(h / square), Math.ceil(w / square)];
  const width = rows * columns * c;
  const sums = new Float64Array(count * width);
  for (let i = 0; i < count; i++) {
    for (let y = 0; y < h; y++) {
      const high = Math.min(square, h - Math.floor(y / square) * square);
      for (let x = 0; x < w; x++) {
        const wide = Math.min(square, w - Math.floor(x / square) * square);
        const at = i * width + (Math.floor(y / square) * columns + Math.floor(x / square)) * c;
        for (let k = 0; k < c; k++) {
          sums[at + k]! += data[((i * h + y) * w + x) * c + k]! / Math.sqrt(high * wide);
        }
      }
    }
  }
  return { sums, width };
}

/**
 * What the squared distance is at least, by Cauchy and Schwarz over each square; a little less, so that
 * rounding never leaves the nearest image out.
 */
function coarseBound(query: Coarse, set: Coarse, member: number): number {
  const { sums, width } = query;
  const at = member * width;
  let sum = 0;
  for (let i = 0; i < width; i++) {
    const difference = sums[i]! - set.sums[at + i]!;
    sum += difference * difference;
  }
  return sum * (1 - 1e-9);
}

/** Squared distance of an image to one of a set; Infinity as soon as it reaches the limit. */
function squaredDistance(
  a: Float32Array,
  b: Float32Array,
  { at, limit }: { readonly at: number; readonly limit: number },
): number {
  let sum = 0;
  for (let from = 0; from < a.length; from += 64) {
    const end = Math.min(a.length, from + 64);
    for (let i = from; i < end; i++) {
      const difference = a[i]! - b[at + i]!;
      sum += difference * difference;
    }
    if (sum >= limit) return Infinity;
  }
  return sum;
}

/** Puts an image among the nearest of a query. */
function insert(
  { image, distance, rows, columns, mirrored }: Omit<NearestCopies, "shape">,
  { first, found, member, squared, move }: {
    readonly first: number;
    readonly found: number;
    readonly member: number;
    readonly squared: number;
    readonly move: Move;
  },
): void {
  const size = Math.sqrt(squared);
  let place = first + found - 1;
  for (; place > first && size < distance[place - 1]!; place--) {
    for (const list of [image, distance, rows, columns, mirrored]) list[place] = list[place - 1]!;
  }
  image[place] = member;
  distance[place] = size;
  rows[place] = move.rows;
  columns[place] = move.columns;
  mirrored[place] = move.mirrored ? 1 : 0;
}
