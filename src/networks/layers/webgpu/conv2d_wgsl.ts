/**
 * Convolution as a matrix product whose left matrix is never stored: row m is a pixel, column (tap, c)
 * its neighbor's channel, gathered while tiles are brought to workgroup memory.
 *
 * Roofline on an H100 (float32 without tensor cores 60 TFLOP/s, memory 3.3 TB/s): 64 channels to 64,
 * 3 x 3, have 2 * 9 * 64 * 64 operations for 512 bytes of each pixel, 144 a byte against the 18 at which
 * memory and arithmetic balance. So arithmetic bounds all but the first and last layer, if the tiles feed
 * it: 128 x 128 of 8 terms take 8 KiB from the level 2 cache for 262,144 operations, 1.9 TB/s at full
 * rate, and an invocation 16 vectors from workgroup memory for 64 multiply-adds of vectors.
 */
import type { Padding } from "../conv2d_implementation.ts";
import type { GpuProgram } from "../../../gpu/program.ts";
import { repeat, wgsl } from "../../../gpu/wgsl.ts";
import { entryPoint } from "../../../gpu/workgroup_wgsl.ts";
import { elementOf, matrixRows, shared, storeSums } from "./product_wgsl.ts";
import { DEPTH, invocations, type Tile } from "./tile.ts";

/** Sizes of a convolution that are compiled into its programs; the number of images is not. */
export interface ConvShape {
  readonly height: number;
  readonly width: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly size: number;
  readonly padding: Padding;
}

/**
 * `pixelQuad(pixel, at)`: values `at` .. `at + 3` of the neighborhood of a pixel of x, which are its taps'
 * channels one tap after the other; with the shift added inside the image.
 */
export function neighborhood(
  { height, width, inputs, size, padding }: ConvShape,
  shift: boolean,
): string {
  const vector = inputs % 4 === 0;
  const type = vector ? "vec4f" : "f32";
  const r = size >> 1;
  const outside = padding === "zeros"
    ? wgsl`
      if (y < 0 || y >= ${height} || x0 < 0 || x0 >= ${width}) { return ${type}(0); }
    `
    : wgsl`
      y += select(0, ${height}, y < 0) - select(0, ${height}, y >= ${height});
      x0 += select(0, ${width}, x0 < 0) - select(0, ${width}, x0 >= ${width});
    `;
  const perPixel = vector ? inputs / 4 : inputs;
  const c = vector ? "c / 4u" : "c";
  const shifted = shift ? ` + shift[image * ${perPixel}u + ${c}]` : "";
  const one = (i: number) => `neighbor(image, row, column, at${i === 0 ? "" : ` + ${i}u`})`;
  const four = vector ? one(0) : wgsl`
    vec4f(
      ${repeat(4, (i) => `${one(i)},`)}
    )
  `;
  return wgsl`
    fn neighbor(image: u32, row: i32, column: i32, at: u32) -> ${type} {
      if (at >= ${size * size * inputs}u) { return ${type}(0); }
      let tap = at / ${inputs}u;
      let c = at % ${inputs}u;
      var y = row + i32(tap / ${size}u) - ${r};
      var x0 = column + i32(tap % ${size}u) - ${r};
      ${outside}
      return x[((image * ${height}u + u32(y)) * ${width}u + u32(x0)) * ${perPixel}u + ${c}]${shifted};
    }

    fn pixels(image: u32, row: i32, column: i32, at: u32) -> vec4f {
      return ${four};
    }

    fn pixelQuad(pixel: u32, at: u32) -> vec4f {
      let row = i32(pixel / ${width}u % ${height}u);
      return pixels(pixel / ${height * width}u, row, i32(pixel % ${width}u), at);
    }
  `;
}

/** `act(conv(pad(x + shift)) + bias)`; arrays bias and shift only where they are. */
export function convolution(
  shape: ConvShape,
  { tile, bias, shift, relu }: {
    readonly tile: Tile;
    readonly bias: boolean;
    readonly shift: boolean;
    readonly relu: boolean;
  },
): GpuProgram<{ readonly pixels: "u32" }> {
  const { inputs, outputs, size } = shape;
  const threads = invocations(tile);
  const terms = size * size * inputs;
  const [down, across] = [tile.rows / tile.perRow, tile.columns / tile.perColumn];
  const quads = DEPTH / 4, columnQuads = tile.columns / 4, blocks = tile.perColumn / 4;
  const left = shared("left", tile.rows * quads, threads);
  const right = shared("right", DEPTH * columnQuads, threads);
  const acrossTiles = Math.ceil(outputs / tile.columns);
  const addTerm = (c: number, j: number) =>
    wgsl`
      let r${c}_${j} = right[(q * 4u + ${c}u) * ${columnQuads}u + ${j * across}u + across];
      ${repeat(tile.perRow, (i) => `sum${i}_${j} += l${i}[${c}] * r${c}_${j};`)}
    `;
  const stores = storeSums({
    name: "y",
    columns: outputs,
    across,
    blocks,
    rows: tile.perRow,
    rowOf: (i) => `top + ${i * down}u + down`,
    within: "params.pixels",
    begin: `let offset = ${biasAt(outputs, bias)};`,
    value: (i, j) => {
      const sum = `(sum${i}_${j} + offset)`;
      // select, not max: what is not a number must not become zero unseen.
      return relu ? `select(${sum}, vec4f(0), ${sum} < vec4f(0))` : sum;
    },
  });
  const product = wgsl`
    let top = number / ${acrossTiles}u * ${tile.rows}u;
    let first = number % ${acrossTiles}u * ${tile.columns}u;
    if (top >= params.pixels) { return; }
    ${left.registers}
    ${right.registers}
    let down = t / ${across}u;
    let across = t % ${across}u;
    ${repeat(tile.perRow, (i) => repeat(blocks, (j) => `var sum${i}_${j} = vec4f(0);`))}
    for (var k = 0u; k < ${terms + DEPTH}u; k += ${DEPTH}u) {
      // These terms travel while those before them are multiplied.
      if (k < ${terms}u) {
        ${left.load(`pixelQuad(top + s / ${quads}u, k + s % ${quads}u * 4u)`)}
        ${right.load(`fetch(k + s / ${columnQuads}u, first + s % ${columnQuads}u * 4u)`)}
      }
      if (k > 0u) {
        for (var q = 0u; q < ${quads}u; q++) {
          ${repeat(tile.perRow, (i) => `let l${i} = left[(${i * down}u + down) * ${quads}u + q];`)}
          ${repeat(4, (c) => repeat(blocks, (j) => addTerm(c, j)))}
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

      ${matrixRows({ name: "filters", rows: `${terms}u`, columns: outputs })}

      ${left.declaration}
      ${right.declaration}

      ${entryPoint(threads, product)}
    `,
    arrays: [
      { name: "x", element: elementOf(inputs) },
      { name: "filters", element: elementOf(outputs) },
      ...bias ? [{ name: "bias", element: elementOf(outputs) }] : [],
      ...shift ? [{ name: "shift", element: elementOf(inputs) }] : [],
      { name: "y", element: elementOf(outputs), write: true },
    ],
    params: { pixels: "u32" },
  };
}

/** The bias of four outputs from `column` on. */
function biasAt(outputs: number, bias: boolean): string {
  if (!bias) return "vec4f(0)";
  if (outputs % 4 === 0) return "bias[column / 4u]";
  return `vec4f(${repeat(4, (i) => `bias[min(column + ${i}u, ${outputs - 1}u)]`).join(", ")})`;
}
