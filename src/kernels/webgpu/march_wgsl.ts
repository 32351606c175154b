/**
 * The fast shader for patches that lie inside the training image: threads march down the rows.
 *
 * @module
 */
import {
  candidateWgsl,
  type PatchShader,
  type PatchShaderOptions,
  tree,
} from "./candidate_wgsl.ts";

/** Up to this scale the last k rows stay in registers; beyond it they are summed in blocks. */
const largestRing = 9;

/** How threads share the work of a plane. */
interface Layout {
  /** Strips of four output columns. */
  readonly strips: number;
  /** Row shifts that are walked side by side, `spacing` apart; a divisor of the height. */
  readonly lanes: number;
  readonly spacing: number;
  readonly threads: number;
}

/**
 * Chooses the number of row shifts walked side by side: few idle threads in the last subgroup of 32,
 * and among those wide spacing, which needs fewer barriers.
 */
function layoutOf(height: number, outputWidth: number): Layout {
  const strips = Math.ceil(outputWidth / 4);
  let best: Layout | undefined, bestScore = -Infinity;
  for (let lanes = 1; lanes <= height; lanes++) {
    if (height % lanes !== 0 || strips * lanes > 256) continue;
    const used = strips * lanes, threads = Math.ceil(used / 32) * 32, spacing = height / lanes;
    // A barrier costs about a tenth of a row's work; a single subgroup hides no latency.
    const score = used / threads - 0.1 / spacing - (threads === 32 ? 0.1 : 0);
    if (score <= bestScore) continue;
    bestScore = score;
    best = { strips, lanes, spacing, threads };
  }
  return best!;
}

/**
 * Makes the shader; undefined where a segment is of another kind.
 *
 * A thread has four neighbouring columns of q and one shift, and walks down the rows. In each row it
 * computes the k + 3 squared differences under its four windows, in registers, and the four row sums
 * R by a tree with a common middle; D is the sum of the last k of them: a ring of registers for k up to
 * 9, blocks of k rows with suffix and prefix sums (van Herk) beyond. Nothing is subtracted.
 *
 * Threads of a workgroup have the same q row at the same time and row shifts `spacing` apart, so that
 * their pixels p = q - s differ as long as none is `spacing` rows ahead of another: a barrier each
 * `spacing` rows gives every pixel's state one owner at a time. No atomics, no reduction.
 *
 * Roofline, per pair (p, q) of one channel: (k + 3) / 4 pairs (z, m) and as many y are read, of
 * which a subgroup shares the y; 3 (k + 3) / 4 operations make e, (k + 4) / 4 the row sums, 2 (k - 1)
 * or 3 the column sums, some 12 compare and weigh. At k = 9 that is 9 + 3 + 16 + 12 = 40 operations and
 * 9 reads of 4 bytes from the first level of cache, at k = 3 some 24 and 5. An H100 has 128 lanes
 * and 32 words of cache a cycle on each of 132 multiprocessors: 1.7e13 operations and 4.2e12 words per
 * second at 1.7 GHz leave 3e11 to 5e11 pairs per second, where the convolution that PyTorch does
 * needs 2 k^2 C = 162 operations and 30 bytes of main memory per pair: 3.35e12 bytes a second
 * bound it to 1e11. A workgroup of 64 to 96 threads holds 12 KiB of state (one channel, 32 x 32), so that
 * 18 are resident on a multiprocessor, which is its full number of threads.
 */
export function marchWgsl(options: PatchShaderOptions): PatchShader | undefined {
  const { height, width, channels, k, segment, wary, workgroupMemory } = options;
  if (segment.y !== "inside" || segment.x !== "inside") return undefined;
  const outputWidth = width - k + 1;
  const { strips, lanes, spacing, threads } = layoutOf(height, outputWidth);
  const stateInside = height * width * (2 + channels) * 4 <= workgroupMemory;
  const barrier = stateInside ? "workgroupBarrier();" : "storageBarrier();";
  const name = stateInside ? "state[" : "partial[base + ";
  const ring = k <= largestRing;
  const previous = Array.from({ length: k - 1 }, (_, j) => `r${j}`);
  const term = (j: number) => `e${j}`;
  const middle = Array.from({ length: Math.max(0, k - 3) }, (_, j) => term(j + 3));
  const fourSums = k === 1
    ? "let sums = vec4<f32>(e0, e1, e2, e3);"
    : `let middle = ${middle.length > 0 ? tree(middle) : "0.0"};
      let head = e1 + e2;
      let tail = e${k} + e${k + 1};
      let sums = middle + vec4<f32>(e0 + head, head + e${k}, e2 + tail, tail + e${k + 2});`;
  const units = spacing * width;
  const code = /* wgsl */ `
${candidateWgsl({ ...options, stateInside, threads })}
const STRIPS: i32 = ${strips};
const SPACING: i32 = ${spacing};

fn walk(b: i32, base: i32, image: i32, firstShift: i32, sx: i32, strip: i32, lane: i32) {
  let working = lane < ${lanes};
  let sy = firstShift + lane * SPACING;
  // Columns of the first difference, in the image and in the query.
  let left = 4 * strip;
  let queryLeft = select(left - sx, left - sx + W, left < sx);
  ${
    ring
      ? previous.map((r) => `var ${r} = vec4<f32>();`).join("\n  ")
      : `var block: array<vec4<f32>, K>;
  var prefix = vec4<f32>();
  var j = 0;`
  }
  for (var row = 0; row < H; row++) {
    if (row % SPACING == 0) { ${barrier} }
    if (working) {
      let py = select(row - sy, row - sy + H, row < sy);
      ${Array.from({ length: k + 3 }, (_, j) => `var ${term(j)} = 0.0;`).join(" ")}
      ${
    Array.from({ length: channels }, (_, c) =>
      `{
        let y = image + ${c} * P + row * W + left;
        let q = ((b * C + ${c}) * H + py) * QUERY_ROW + queryLeft;
        ${
        Array.from({ length: k + 3 }, (_, j) => {
          const e = term(j);
          return `{ let v = images[y + ${j}]; let z = query[q + ${j}]; ` +
            `${e} = fma(z.x - v, z.y - v, ${e}); }`;
        }).join("\n        ")
      }
      }`).join("\n      ")
  }
      ${fourSums}
      ${
    ring
      ? `let d = ${tree([...previous, "sums"])};
      ${previous.map((r, j) => `${r} = ${previous[j + 1] ?? "sums"};`).join(" ")}`
      : `prefix += sums;
      var d = prefix;
      if (j < K - 1) { d += block[j + 1]; }
      block[j] = sums;
      j++;
      if (j == K) {
        for (j = K - 2; j >= 0; j--) { block[j] += block[j + 1]; }
        j = 0;
        prefix = vec4<f32>();
      }`
  }
      if (row >= K - 1) { weighFour(d, b, base, image, row - R, left + R, sy, sx); }
    }
  }
}

// Four candidates whose q are neighbours.
fn weighFour(
  d: vec4<f32>, b: i32, base: i32, image: i32, qy: i32, qx: i32, sy: i32, sx: i32,
) {
  let py = select(qy - sy, qy - sy + H, qy < sy);
  let first = select(qx - sx, qx - sx + W, qx < sx);
  let at = py * W;
  let px = vec4<i32>(first, first + 1, first + 2, first + 3);
  let p = select(px, px - W, px >= vec4<i32>(W));
  let thresholds = vec4<f32>(
    ${["x", "y", "z", "w"].map((i) => `${name}at + p.${i}]`).join(", ")});
  let near = d < thresholds;
  if (!any(near)) { return; }
${
    wary
      // The code for exact distances is long: once, not four times.
      ? `for (var i = 0; i < 4; i++) {
    if (near[i] && qx + i < W - R && owned(py, p[i])) {
      add(d[i], thresholds[i], b, base, image, qy, qx + i, py, p[i], sy, sx);
    }
  }`
      : ["x", "y", "z", "w"].map((i, j) =>
        `if (near.${i} && qx + ${j} < W - R && owned(py, p.${i})) {
    add(d.${i}, thresholds.${i}, b, base, image, qy, qx + ${j}, py, p.${i}, sy, sx);
  }`
      ).join("\n  ")
  }
}

@compute @workgroup_size(${threads})
fn main(
  @builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32,
) {
  let thread = i32(index);
  let part = i32(group.x % params.parts);
  let slot = group.x / params.parts;
  let b = i32(group.y);
  let base = i32((group.y * params.slots * params.parts + group.x)) * (2 + C) * P;
  loadState(b, base, thread);
  for (var n = 0u; n < params.perSlot; n++) {
    let item = slot * params.perSlot + n;
    if (item >= params.count) { break; }
    let image = i32(indices[params.first + item]) * C * P;
    for (var unit = part; unit < ${units}; unit += i32(params.parts)) {
      walk(b, base, image, unit / W, unit % W, thread % STRIPS, thread / STRIPS);
    }
  }
  ${barrier}
  storeState(base, thread);
}
`;
  const weighed = wary ? 4 * k * (1 + k) : 0;
  return { code, shifts: units, iterations: 1 + height * (ring ? 1 : 3) + outputWidth * weighed };
}
