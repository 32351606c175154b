/** Tiles of matrix products on a GPU: how the work is laid out in workgroups and registers. */

/** The part of a product that one workgroup computes, and of that each of its invocations. */
export interface Tile {
  /** Rows of a workgroup. */
  readonly rows: number;
  /** Columns of a workgroup; a multiple of 4. */
  readonly columns: number;
  /** Rows of an invocation, in registers. */
  readonly perRow: number;
  /** Columns of an invocation, in registers; a multiple of 4. */
  readonly perColumn: number;
  /**
   * Rate on a large product relative to that of the largest tile. By a tile of r x c and 4 byte numbers
   * each byte brought from memory serves `r c / (2 (r + c))` operations, each vector from workgroup memory
   * about `perRow perColumn / (perRow + perColumn)` multiplications of vectors; small tiles wait.
   */
  readonly rate: number;
}

/** Terms of a product that are held in workgroup memory at a time: 8 KiB with the largest tile. */
export const DEPTH = 8;

/** The tiles to choose from; none has more than 256 invocations, which every adapter allows. */
export const tiles: readonly Tile[] = [
  { rows: 128, columns: 128, perRow: 8, perColumn: 8, rate: 1 },
  { rows: 128, columns: 64, perRow: 8, perColumn: 4, rate: 0.85 },
  { rows: 64, columns: 64, perRow: 4, perColumn: 4, rate: 0.65 },
  { rows: 128, columns: 32, perRow: 4, perColumn: 4, rate: 0.6 },
  { rows: 128, columns: 16, perRow: 4, perColumn: 4, rate: 0.4 },
  { rows: 128, columns: 4, perRow: 4, perColumn: 4, rate: 0.15 },
];

/** Number of invocations of a workgroup. */
export function invocations({ rows, columns, perRow, perColumn }: Tile): number {
  return (rows / perRow) * (columns / perColumn);
}

/** Workgroups that a large GPU runs at once: two on each of an H100's 132 processors. */
const AT_ONCE = 264;

/**
 * The tile that should finish a product first, on a large GPU: few unused rows and columns, enough
 * workgroups for all processors. The tile changes no sum: each is taken in the order of its terms.
 */
export function chooseTile(
  { rows, columns, parts = 1 }: {
    readonly rows: number;
    readonly columns: number;
    /** Workgroups that share each tile's terms. */
    readonly parts?: number;
  },
): Tile {
  const cost = (tile: Tile) => {
    const groups = Math.ceil(rows / tile.rows) * Math.ceil(columns / tile.columns) * parts;
    const waves = Math.max(1, groups / AT_ONCE);
    return waves * tile.rows * tile.columns / tile.rate;
  };
  return tiles.reduce((best, tile) => cost(tile) < cost(best) ? tile : best);
}
