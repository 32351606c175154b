/**
 * What programs of tiled matrix products have in common: operands in tiles, and results.
 *
 * @module
 */
import { repeat, wgsl } from "../../../gpu/wgsl.ts";

/** What one element of an array with so many channels is: vectors where channels fill them. */
export function elementOf(channels: number): "f32" | "vec4f" {
  return channels % 4 === 0 ? "vec4f" : "f32";
}

/** Pieces of a program that bring vectors to workgroup memory by way of registers. */
export interface SharedTile {
  readonly declaration: string;
  readonly registers: string;
  /** Loads to registers; `vector` is an expression in the number `s` of a vector. */
  load(vector: string): string;
  /** From registers to workgroup memory. */
  readonly store: string;
}

/** A tile of `count` vectors that `threads` invocations bring to workgroup memory together. */
export function shared(name: string, count: number, threads: number): SharedTile {
  const loads = Math.ceil(count / threads);
  const perVector = (body: string) => {
    const guarded = loads * threads > count ? `if (s < ${count}u) { ${body} }` : body;
    return wgsl`
      for (var i = 0u; i < ${loads}u; i++) {
        let s = t + i * ${threads}u;
        ${guarded}
      }
    `;
  };
  return {
    declaration: `var<workgroup> ${name}: array<vec4f, ${count}>;`,
    registers: `var ${name}Next: array<vec4f, ${loads}>;`,
    load: (vector) => perVector(`${name}Next[i] = ${vector};`),
    store: perVector(`${name}[s] = ${name}Next[i];`),
  };
}

/** `fetch(row, column)`: four neighbors of a row of a matrix with so many columns, zero outside. */
export function matrixRows(
  { name, rows, columns }: {
    readonly name: string;
    readonly rows: string;
    readonly columns: number;
  },
): string {
  const place = `row * ${columns}u`, last = `${columns - 1}u`;
  const value = (i: number) =>
    `select(0.0, ${name}[${place} + min(column + ${i}u, ${last})], column + ${i}u < ${columns}u)`;
  const values = columns % 4 === 0 ? `${name}[(${place} + column) / 4u]` : wgsl`
    vec4f(
      ${repeat(4, (i) => `${value(i)},`)}
    )
  `;
  return wgsl`
    fn fetch(row: u32, column: u32) -> vec4f {
      if (row >= ${rows} || column >= ${columns}u) { return vec4f(0); }
      return ${values};
    }
  `;
}

/** Writes four neighbors of a row of an output with so many columns. */
function store(
  { name, row, column, columns, value }: Record<"name" | "row" | "column" | "value", string> & {
    readonly columns: number;
  },
): string[] {
  if (columns % 4 === 0) return [`${name}[(${row} * ${columns}u + ${column}) / 4u] = ${value};`];
  const one = (i: number) =>
    wgsl`
      if (${column} + ${i}u < ${columns}u) {
        ${name}[${row} * ${columns}u + ${column} + ${i}u] = (${value})[${i}];
      }
    `;
  return repeat(4, one);
}

/**
 * Writes what an invocation has summed, as far as it lies inside the output: `columns` of them, in which
 * its blocks of four begin `across` blocks apart from `first` on.
 */
export function storeSums(
  { name, columns, across, blocks, rows, rowOf, within, place = "row", begin, value }: {
    readonly name: string;
    readonly columns: number;
    readonly across: number;
    readonly blocks: number;
    /** Rows of an invocation, the row of the i-th, and the number of rows that there are. */
    readonly rows: number;
    readonly rowOf: (i: number) => string;
    readonly within: string;
    /** The row of the output, from `row`. */
    readonly place?: string;
    /** Statements before the rows of a block, which begins at `column`. */
    readonly begin?: string;
    /** Four neighbors of row i, block j. */
    readonly value: (i: number, j: number) => string;
  },
): string[] {
  const storeRow = (i: number, j: number) => {
    const stores = store({ name, row: place, column: "column", columns, value: value(i, j) });
    return wgsl`
      {
        let row = ${rowOf(i)};
        if (row < ${within}) {
          ${stores}
        }
      }
    `;
  };
  const storeBlock = (j: number) =>
    wgsl`
      {
        let column = first + (${j * across}u + across) * 4u;
        if (column < ${columns}u) {
          ${begin}
          ${repeat(rows, (i) => storeRow(i, j))}
        }
      }
    `;
  return repeat(blocks, storeBlock);
}
