/**
 * The gradient of a filter as a matrix product: row (tap, c) of the neighborhoods, transposed, times
 * the gradients of the outputs, summed over all pixels.
 *
 * There are few rows and columns and very many terms, so the pixels are cut into parts with a sum each;
 * the sums are added in their order afterwards, such that a step has the same bytes every time. On an
 * H100 the parts make some 500 workgroups; the tiles are those of `conv2d_wgsl.ts` and so is the roof.
 */
import type { GpuProgram } from "../../../gpu/program.ts";
import { repeat, wgsl } from "../../../gpu/wgsl.ts";
import { entryPoint } from "../../../gpu/workgroup_wgsl.ts";
import { type ConvShape, neighborhood } from "./conv2d_wgsl.ts";
import { elementOf, matrixRows, shared, storeSums } from "./product_wgsl.ts";
import { DEPTH, invocations, type Tile } from "./tile.ts";

/** Arrays x, dy, shift where it is, sums of each part of the pixels. */
export function filterGradient(
  shape: ConvShape,
  { tile, shift }: { readonly tile: Tile; readonly shift: boolean },
): GpuProgram<{ readonly pixels: "u32"; readonly parts: "u32"; readonly perPart: "u32" }> {
  const { inputs, outputs, size } = shape;
  const threads = invocations(tile);
  const rows = size * size * inputs;
  const [down, across] = [tile.rows / tile.perRow, tile.columns / tile.perColumn];
  const [rowQuads, columnQuads] = [tile.rows / 4, tile.columns / 4];
  const left = shared("left", DEPTH * rowQuads, threads);
  const right = shared("right", DEPTH * columnQuads, threads);
  const [tall, wide] = [tile.perRow / 4, tile.perColumn / 4];
  const acrossTiles = Math.ceil(outputs / tile.columns);
  const downTiles = Math.ceil(rows / tile.rows);
  const inPart = (quads: number, vector: string) =>
    `select(vec4f(0), ${vector}, k + s / ${quads}u < end)`;
  const loadLeft = left.load(
    inPart(rowQuads, `pixelQuad(k + s / ${rowQuads}u, top + s % ${rowQuads}u * 4u)`),
  );
  const loadRight = right.load(
    inPart(columnQuads, `fetch(k + s / ${columnQuads}u, first + s % ${columnQuads}u * 4u)`),
  );
  const addTerm = (j: number) =>
    wgsl`
      let r${j} = right[q * ${columnQuads}u + ${j * across}u + across];
      ${repeat(4 * tall, (i) => `sum${i}_${j} += l${i >> 2}[${i & 3}] * r${j};`)}
    `;
  const stores = storeSums({
    name: "sums",
    columns: outputs,
    across,
    blocks: wide,
    rows: 4 * tall,
    rowOf: (i) => `top + (${(i >> 2) * down}u + down) * 4u + ${i & 3}u`,
    within: `${rows}u`,
    place: `(part * ${rows}u + row)`,
    value: (i, j) => `sum${i}_${j}`,
  });
  const product = wgsl`
    let first = number % ${acrossTiles}u * ${tile.columns}u;
    let top = number / ${acrossTiles}u % ${downTiles}u * ${tile.rows}u;
    let part = number / ${acrossTiles * downTiles}u;
    if (part >= params.parts) { return; }
    let begin = part * params.perPart;
    let end = min(begin + params.perPart, params.pixels);
    ${left.registers}
    ${right.registers}
    let down = t / ${across}u;
    let across = t % ${across}u;
    ${repeat(4 * tall, (i) => repeat(wide, (j) => `var sum${i}_${j} = vec4f(0);`))}
    for (var k = begin; k < end + ${DEPTH}u; k += ${DEPTH}u) {
      if (k < end) {
        ${loadLeft}
        ${loadRight}
      }
      if (k > begin) {
        for (var q = 0u; q < ${DEPTH}u; q++) {
          ${repeat(tall, (i) => `let l${i} = left[q * ${rowQuads}u + ${i * down}u + down];`)}
          ${repeat(wide, addTerm)}
        }
      }
      workgroupBarrier();
      ${left.store}
      ${right.store}
      workgroupBarrier();
    }
    ${stores}
  `;
  return {
    code: wgsl`
      ${neighborhood(shape, shift)}

      ${matrixRows({ name: "dy", rows: "params.pixels", columns: outputs })}

      ${left.declaration}
      ${right.declaration}

      ${entryPoint(threads, product)}
    `,
    arrays: [
      { name: "x", element: elementOf(inputs) },
      { name: "dy", element: elementOf(outputs) },
      ...shift ? [{ name: "shift", element: elementOf(inputs) }] : [],
      { name: "sums", element: elementOf(outputs), holds: "[parts, k * k * Ci, Co]", write: true },
    ],
    params: { pixels: "u32", parts: "u32", perPart: "u32" },
  };
}
