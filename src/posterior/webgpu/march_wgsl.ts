/**
 * The fast shader for patches that lie inside the training image or wrap around it: threads march down the rows.
 *
 * @module
 */
import {
  type ImageVector,
  patchHeaderWgsl,
  patchMainWgsl,
  type PatchShader,
  type PatchShaderOptions,
  readColumns,
  tree,
} from "./candidate_wgsl.ts";
import { coverOf, weighFourWgsl } from "./weigh_four_wgsl.ts";

/** How threads share the work of a plane. */
interface Layout {
  /** Row shifts that are walked side by side, `spacing` apart; a divisor of the height. */
  readonly lanes: number;
  readonly spacing: number;
  readonly threads: number;
}

/**
 * Chooses the number of row shifts walked side by side: few idle threads in the last subgroup of 32,
 * and among those wide spacing, which needs fewer barriers.
 */
function layoutOf(height: number, strips: number): Layout | undefined {
  let best: Layout | undefined, bestScore = -Infinity;
  for (let lanes = 1; lanes <= height; lanes++) {
    if (height % lanes !== 0 || strips * lanes > 256) continue;
    const used = strips * lanes, threads = Math.ceil(used / 32) * 32, spacing = height / lanes;
    // A barrier costs about a tenth of a row's work; a single subgroup hides no latency.
    const score = used / threads - 0.1 / spacing - (threads === 32 ? 0.1 : 0);
    if (score <= bestScore) continue;
    bestScore = score;
    best = { lanes, spacing, threads };
  }
  return best;
}

/** Shifts that a thread has at once: as many as registers hold their row sums, k rows of four each. */
function shiftsTogether({ k, wary }: PatchShaderOptions): ImageVector {
  if (wary || k > 15) return 1;
  return k <= 3 ? 4 : 2;
}

/** Where a strip's first window begins in the image, how often, and the rows of a walk. */
function extentOf(
  options: PatchShaderOptions,
): { from: number; starts: number; walked: number } {
  const { height, width, k, segment } = options;
  const together = shiftsTogether(options);
  if (segment.y === "cyclic") {
    return { from: 0, starts: Math.ceil(width / together), walked: height + k - 1 };
  }
  // From where only the last window may be inside.
  const from = together === 1 ? -3 : -4;
  return { from, starts: Math.ceil((width - k + 1 - from) / together), walked: height };
}

/**
 * Floating-point operations of the marching shader for an image and a query, without those of weights:
 * a subtraction and a multiply-add for each difference and channel, k + 6 additions for four row sums,
 * three for each column sum.
 */
export function marchOperations(options: PatchShaderOptions): number {
  const { height, channels, k } = options;
  const { starts, walked } = extentOf(options);
  const windows = 4 * coverOf(options).strips * starts * shiftsTogether(options) * walked * height;
  return windows * ((3 * channels * (k + 3) + k + 6) / 4 + 3);
}

/**
 * Makes the shader; undefined where a segment is of another kind.
 *
 * A thread has a strip of four pixels p, a row shift and some neighboring column shifts, and walks
 * down the rows. In each row it computes the k + 3 squared differences under its four windows, in
 * registers, and the four row sums by a tree with a common middle; D is the sum of the last k of them,
 * from blocks of k rows with suffix and prefix sums (van Herk). Nothing is subtracted but what
 * all candidates of a pixel share.
 *
 * All threads of a workgroup have the same columns of the training image at a time, so that one
 * read serves all, and their own columns of the query, four to a read. Strips are counted from where
 * windows begin: then everything of the query and of the state is aligned.
 *
 * Threads have the same q row at the same time and row shifts `spacing` apart, so that their pixels
 * p = q - s differ as long as none is `spacing` rows ahead of another: a barrier each `spacing` rows
 * gives every pixel's state one owner at a time. No atomics, no reduction. docs/kernels.md has
 * the count.
 */
export function marchWgsl(options: PatchShaderOptions): PatchShader | undefined {
  const { height, width, channels, k, segment, wary, workgroupMemory } = options;
  if (segment.y !== segment.x || segment.y === "padded") return undefined;
  const cyclic = segment.y === "cyclic", inner = segment.owns === "inner-query";
  const { rows, strips } = coverOf(options);
  const layout = layoutOf(height, strips);
  if (layout === undefined) return undefined;
  const { lanes, spacing, threads } = layout;
  const stateInside = rows * strips * 4 * (2 + channels) * 4 <= workgroupMemory;
  const barrier = stateInside ? "workgroupBarrier();" : "storageBarrier();";
  const together = shiftsTogether(options);
  const each = Array.from({ length: together }, (_, m) => m);
  // First columns in the image are multiples of the shifts taken together, and so are aligned reads.
  const vector = width % together === 0 ? together : 1;
  const { from, starts, walked } = extentOf(options);
  const shifts = starts * spacing;
  const rowSums = "rowSums(y, left, b * QUERY + py * QUERY_ROW + strip)";
  const block = (m: number, j: number) => `block${m}_${j}`;
  const places = Array.from({ length: k - 1 }, (_, j) => j + 1);
  // Row j of a block of k rows: what is kept of the last block, from row j + 1 on, and this one so far.
  const row = (j: number) =>
    `case ${j}: {
        ${
      each.map((m) =>
        (j < k - 1 ? `d${m} += ${block(m, j + 1)}; ` : "") +
        (j > 0 ? `${block(m, j)} = s${m};` : "")
      ).join("\n        ")
    }${
      j < k - 1 ? "" : each.map((m) => `
        ${places.slice(1).reverse().map((i) => `${block(m, i - 1)} += ${block(m, i)};`).join(" ")}
        prefix${m} = vec4<f32>();`).join("")
    }
      }`;
  const code = /* wgsl */ `
${patchHeaderWgsl({ ...options, threads, queryType: "vec4<f32>", vector })}
${weighFourWgsl({ ...options, stateInside, together, vector })}
const SPACING: i32 = ${spacing};
${rowSumsWgsl({ k, channels, together, vector, cyclic })}

fn walk(b: i32, base: i32, image: i32, firstShift: i32, left: i32, strip: i32, lane: i32) {
  let working = lane < ${lanes};
  let sy = firstShift + lane * SPACING;
  ${each.flatMap((m) => places.map((j) => `var ${block(m, j)} = vec4<f32>();`)).join("\n  ")}
  ${each.map((m) => `var prefix${m} = vec4<f32>();`).join("\n  ")}
  var j = 0;
  for (var row = 0; row < ${walked}; row++) {
    if (row % SPACING == 0) { ${barrier} }
    if (working) {
      ${
    cyclic
      ? `let py = wrapped(wrapped(row, H) - sy, H);
      let y = image + wrapped(row, H) * W;`
      : `let py = wrapped(row - sy, H);
      let y = image + row * W;`
  }
      ${
    // Above and below row sy are different shifts; one that takes p or q over a border has no window.
    inner
      ? `var sums = RowSums();
      if (select(sy >= K, (sy < ${rows}), row >= sy)) { sums = ${rowSums}; }`
      : `let sums = ${rowSums};`}
      ${each.map((m) => `let s${m} = sums.s${m}; prefix${m} += s${m};`).join("\n      ")}
      ${each.map((m) => `var d${m} = prefix${m};`).join("\n      ")}
      switch (j) {
      ${Array.from({ length: k }, (_, j) => row(j)).join("\n      ")}
      default: {}
      }
      if (row >= K - 1) {
        weigh(${each.map((m) => `d${m}`).join(", ")}, b, base, image, row, left, py, strip);
      }
    }
    j++;
    if (j == K) { j = 0; }
  }
}
${
    patchMainWgsl({
      shifts,
      barrier,
      perShift: `walk(b, base, image, s / ${starts}, s % ${starts} * ${together} + ${from},
        thread % STRIPS, thread / STRIPS);`,
    })
  }`;
  const weighed = wary ? 4 * (1 + k * (1 + k)) : 0;
  return { code, shifts, iterations: 1 + walked + (walked - k + 1) * weighed };
}

/**
 * Sums of a row of squared differences, relative to the pivot, over the four windows of a strip: of an
 * image's row at the place `y` from column `left` on and, for each shift that is taken together, one
 * further right.
 */
function rowSumsWgsl(
  { k, channels, together, vector, cyclic }: {
    readonly k: number;
    readonly channels: number;
    readonly together: number;
    readonly vector: ImageVector;
    readonly cyclic: boolean;
  },
): string {
  const each = Array.from({ length: together }, (_, m) => m);
  const columns = k + 3, fours = Array.from({ length: Math.ceil(columns / 4) }, (_, i) => i);
  const last = columns + together - 2;
  const term = (m: number) => (j: number) => `e${m}_${j >> 2}.${"xyzw"[j & 3]}`;
  const sums = (m: number) => {
    const e = term(m);
    if (k === 1) return `e${m}_0`;
    const middle = Array.from({ length: k - 3 }, (_, j) => e(j + 3));
    const common = middle.length > 0 ? `${tree(middle)} + ` : "";
    return `${common}vec4<f32>(
    ${e(0)} + (${e(1)} + ${e(2)}), (${e(1)} + ${e(2)}) + ${e(k)},
    ${e(2)} + (${e(k)} + ${e(k + 1)}), (${e(k)} + ${e(k + 1)}) + ${e(k + 2)})`;
  };
  return /* wgsl */ `
struct RowSums { ${each.map((m) => `s${m}: vec4<f32>`).join(", ")} }

fn rowSums(y: i32, left: i32, u: i32) -> RowSums {
  ${fours.map((i) => `let g${i} = query[u + C * QUERY_PLANE + ${i}];`).join("\n  ")}
  ${each.flatMap((m) => fours.map((i) => `var e${m}_${i} = g${i};`)).join("\n  ")}
  ${
    Array.from({ length: channels }, (_, c) => {
      const { statements, columns: ys } = readColumns({
        row: "y",
        column: "left",
        skip: 0,
        count: last + 1,
        vector,
        channel: c,
        wraps: cyclic,
      });
      const squares = fours.flatMap((i) => [
        `let u${i} = query[u + ${c} * QUERY_PLANE + ${i}];`,
        ...each.map((m) => {
          // What lies beyond the last column is summed by nobody.
          const four = [0, 1, 2, 3].map((a) => ys[Math.min(4 * i + a + m, last)]);
          return `{ let d = u${i} - vec4<f32>(${four.join(", ")}); ` +
            `e${m}_${i} = fma(d, d, e${m}_${i}); }`;
        }),
      ]);
      return `{
    ${statements}
    ${squares.join("\n    ")}
  }`;
    }).join("\n  ")
  }
  return RowSums(${each.map(sums).join(",\n    ")});
}
`;
}
