/**
 * The fast program for patches that lie inside the training image or wrap around it: threads march down the rows.
 *
 * @module
 */
import { components, repeat, treeSum, wgsl } from "../../gpu/wgsl.ts";
import { accumulateFourWgsl, coverOf } from "./accumulate_four_wgsl.ts";
import {
  type ImageVector,
  patchMain,
  type PatchProgram,
  patchProgram,
  type PatchProgramOptions,
  readColumns,
} from "./patch_wgsl.ts";

/** How threads share the work of a plane. */
interface Lanes {
  /** Row shifts that are walked side by side, `spacing` apart; a divisor of the height. */
  readonly lanes: number;
  readonly spacing: number;
  readonly threads: number;
}

/**
 * Chooses the number of row shifts walked side by side: few idle threads in the last subgroup of 32,
 * and among those wide spacing, which needs fewer barriers.
 */
function lanesOf(height: number, strips: number): Lanes | undefined {
  let best: Lanes | undefined, bestScore = -Infinity;
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
function shiftsTogether({ k, exact }: PatchProgramOptions): ImageVector {
  if (exact || k > 15) return 1;
  return k <= 3 ? 4 : 2;
}

/** Where a strip's first window begins in the image, how often, and the rows of a walk. */
function extentOf(
  options: PatchProgramOptions,
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
 * Floating-point operations of the marching program for an image and a query, without those of weights:
 * a subtraction and a multiply-add for each difference and channel, k + 6 additions for four row sums,
 * three for each column sum.
 */
export function marchOperations(options: PatchProgramOptions): number {
  const { height, channels, k } = options;
  const { starts, walked } = extentOf(options);
  const windows = 4 * coverOf(options).strips * starts * shiftsTogether(options) * walked * height;
  return windows * ((3 * channels * (k + 3) + k + 6) / 4 + 3);
}

/**
 * Makes the program; undefined where a segment is of another kind.
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
export function marchProgram(options: PatchProgramOptions): PatchProgram | undefined {
  const { height, width, channels, k, segment, exact, workgroupMemory } = options;
  if (segment.y !== segment.x || segment.y === "padded") return undefined;
  const { rows, strips } = coverOf(options);
  const lanes = lanesOf(height, strips);
  if (lanes === undefined) return undefined;
  const stateInside = rows * strips * 4 * (2 + channels) * 4 <= workgroupMemory;
  const barrier = stateInside ? "workgroupBarrier();" : "storageBarrier();";
  const together = shiftsTogether(options);
  // First columns in the image are multiples of the shifts taken together, and so are aligned reads.
  const vector = width % together === 0 ? together : 1;
  const { from, starts, walked } = extentOf(options);
  const shifts = starts * lanes.spacing;
  const cyclic = segment.y === "cyclic";
  const main = patchMain({
    shifts,
    barrier,
    perShift: wgsl`
      walk(b, base, image, s / ${starts}, s % ${starts} * ${together} + ${from},
        thread % STRIPS, thread / STRIPS);
    `,
  });
  const weighed = exact ? 4 * (1 + k * (1 + k)) : 0;
  return patchProgram(options, {
    layout: { threads: lanes.threads, queryType: "vec4f", vector },
    shifts,
    iterations: 1 + walked + (walked - k + 1) * weighed,
    code: wgsl`
      ${accumulateFourWgsl({ ...options, stateInside, together, vector })}

      const SPACING: i32 = ${lanes.spacing};

      ${rowSumsWgsl({ k, channels, together, vector, cyclic })}

      ${walkWgsl(options, { lanes: lanes.lanes, barrier, walked, together })}

      ${main}
    `,
  });
}

/** A thread's way down the rows of a strip, for some shifts together. */
function walkWgsl(
  options: PatchProgramOptions,
  { lanes, barrier, walked, together }: {
    readonly lanes: number;
    readonly barrier: string;
    readonly walked: number;
    readonly together: number;
  },
): string {
  const { k, segment } = options;
  const cyclic = segment.y === "cyclic", inner = segment.owns === "inner-query";
  const { rows } = coverOf(options);
  const rowSums = "rowSums(y, left, b * QUERY + py * QUERY_ROW + strip)";
  const place = cyclic
    ? wgsl`
      let py = wrapped(wrapped(row, H) - sy, H);
      let y = image + wrapped(row, H) * W;
    `
    : wgsl`
      let py = wrapped(row - sy, H);
      let y = image + row * W;
    `;
  // Above and below row sy are different shifts; one that takes p or q over a border has no window.
  const sums = inner
    ? wgsl`
      var sums = RowSums();
      if (select(sy >= K, (sy < ${rows}), row >= sy)) { sums = ${rowSums}; }
    `
    : `let sums = ${rowSums};`;
  const distances = repeat(together, (m) => `d${m}`).join(", ");
  return wgsl`
    fn walk(b: i32, base: i32, image: i32, firstShift: i32, left: i32, strip: i32, lane: i32) {
      let working = lane < ${lanes};
      let sy = firstShift + lane * SPACING;
      ${repeat(together, (m) => repeat(k - 1, (j) => `var ${block(m, j + 1)} = vec4f();`))}
      ${repeat(together, (m) => `var prefix${m} = vec4f();`)}
      var j = 0;
      for (var row = 0; row < ${walked}; row++) {
        if (row % SPACING == 0) { ${barrier} }
        if (working) {
          ${place}
          ${sums}
          ${repeat(together, (m) => `let s${m} = sums.s${m}; prefix${m} += s${m};`)}
          ${repeat(together, (m) => `var d${m} = prefix${m};`)}
          switch (j) {
            ${repeat(k, (j) => blockRow(j, { k, together }))}
            default: {}
          }
          if (row >= K - 1) {
            accumulate(${distances}, b, base, image, row, left, py, strip);
          }
        }
        j++;
        if (j == K) { j = 0; }
      }
    }
  `;
}

/** What is kept of row j of a block of k rows: the row, then the suffix sum from it on. */
const block = (m: number, j: number) => `block${m}_${j}`;

/** Row j of a block of k rows: what is kept of the last block, from row j + 1 on, and this one so far. */
function blockRow(
  j: number,
  { k, together }: { readonly k: number; readonly together: number },
): string {
  const step = (m: number) => [
    j < k - 1 && `d${m} += ${block(m, j + 1)};`,
    j > 0 && `${block(m, j)} = s${m};`,
  ];
  const finish = (m: number) => [
    repeat(k - 2, (i) => `${block(m, k - 2 - i)} += ${block(m, k - 1 - i)};`).join(" "),
    `prefix${m} = vec4f();`,
  ];
  return wgsl`
    case ${j}: {
      ${repeat(together, step)}
      ${j === k - 1 && repeat(together, finish)}
    }
  `;
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
  const columns = k + 3, fours = Math.ceil(columns / 4), last = columns + together - 2;
  const squaresOf = (c: number) => {
    const { statements, columns: ys } = readColumns({
      row: "y",
      column: "left",
      skip: 0,
      count: last + 1,
      vector,
      channel: c,
      wraps: cyclic,
    });
    const square = (i: number, m: number) => {
      // What lies beyond the last column is summed by nobody.
      const four = repeat(4, (a) => ys[Math.min(4 * i + a + m, last)]!).join(", ");
      return `{ let d = u${i} - vec4f(${four}); e${m}_${i} = fma(d, d, e${m}_${i}); }`;
    };
    const squares = repeat(fours, (i) => [
      `let u${i} = query[u + ${c} * QUERY_PLANE + ${i}];`,
      ...repeat(together, (m) => square(i, m)),
    ]);
    return wgsl`
      {
        ${statements}
        ${squares}
      }
    `;
  };
  return wgsl`
    struct RowSums { ${repeat(together, (m) => `s${m}: vec4f`).join(", ")} }

    fn rowSums(y: i32, left: i32, u: i32) -> RowSums {
      ${repeat(fours, (i) => `let g${i} = query[u + C * QUERY_PLANE + ${i}];`)}
      ${repeat(together, (m) => repeat(fours, (i) => `var e${m}_${i} = g${i};`))}
      ${repeat(channels, squaresOf)}
      return RowSums(
        ${repeat(together, (m) => `${fourSums(k, m)},`)}
      );
    }
  `;
}

/** Sums of the squares of shift m over four windows side by side, which share their middle. */
function fourSums(k: number, m: number): string {
  if (k === 1) return `e${m}_0`;
  const e = (j: number) => `e${m}_${j >> 2}.${components[j & 3]}`;
  const middle = repeat(k - 3, (j) => e(j + 3));
  const common = middle.length > 0 ? `${treeSum(middle)} + ` : "";
  return wgsl`
    ${common}vec4f(
      ${e(0)} + (${e(1)} + ${e(2)}), (${e(1)} + ${e(2)}) + ${e(k)},
      ${e(2)} + (${e(k)} + ${e(k + 1)}), (${e(k)} + ${e(k + 1)}) + ${e(k + 2)})
  `;
}
