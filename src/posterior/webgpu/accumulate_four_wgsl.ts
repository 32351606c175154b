import { components, repeat, wgsl } from "../../gpu/wgsl.ts";
import { type ImageVector, type PatchProgramOptions, readColumns } from "./patch_wgsl.ts";

/** What {@linkcode accumulateFourWgsl} is made for. */
export interface AccumulateFourOptions extends Omit<PatchProgramOptions, "workgroupMemory"> {
  readonly stateInside: boolean;
  /** Shifts whose candidates a thread adds at once: neighboring columns q of the same pixels. */
  readonly together: number;
  readonly vector: ImageVector;
}

/** Pixels that the state covers: windows begin at rows and columns from 0 on, in strips of four. */
export function coverOf(
  { height, width, k, segment }: Pick<PatchProgramOptions, "height" | "width" | "k" | "segment">,
): { rows: number; columns: number; strips: number } {
  const inner = segment.owns === "inner-query";
  const rows = inner ? height - k + 1 : height, columns = inner ? width - k + 1 : width;
  return { rows, columns, strips: Math.ceil(columns / 4) };
}

/**
 * State and sums of candidates, four neighboring pixels at a time. A strip has the pixels whose windows
 * begin at columns 4 i to 4 i + 3, and the state of a strip is one vector, so that it is read and written
 * at once, for several shifts together.
 */
export function accumulateFourWgsl(options: AccumulateFourOptions): string {
  const { width, k, segment } = options;
  const { rows, columns, strips } = coverOf(options);
  return wgsl`
    const ONE: f32 = 8388608.0;
    const COLUMNS: i32 = ${columns};
    const STRIPS: i32 = ${strips};
    // Places of a window along a row of the image.
    const N: i32 = ${segment.x === "cyclic" ? width : width - k + 1};
    // State of a strip: row of pixels (from the first that the state covers) times strips, plus strip.
    const CELLS: i32 = ${rows * strips};

    // 2^t for t = exponent / 2^23, from -125 to 127. The whole part goes to the bits of the exponent, the
    // rest as 1 to 2, of which exp2 is sure.
    fn pow2Four(exponent: vec4f) -> vec4f {
      let bits = vec4i(exponent);
      let power = exp2(bitcast<vec4f>((bits & vec4i(0x7fffff)) | vec4i(0x3f800000)));
      return bitcast<vec4f>(
        bitcast<vec4i>(power) + (bits & vec4i(-0x800000)) - vec4i(0x800000));
    }

    ${stateWgsl(options)}

    ${candidatesWgsl(options)}
  `;
}

/** Where the state of strips lies, how it begins and where it goes. */
function stateWgsl(options: AccumulateFourOptions): string {
  const { channels, segment, stateInside } = options;
  const { rows, strips } = coverOf(options);
  const planes = 2 + channels;
  const inner = segment.owns === "inner-query";
  const cells = stateInside
    ? wgsl`
      var<workgroup> state: array<vec4f, ${planes * rows * strips}>;

      fn readCell(base: i32, plane: i32, cell: i32) -> vec4f { return state[plane * CELLS + cell]; }

      fn writeCell(base: i32, plane: i32, cell: i32, values: vec4f) { state[plane * CELLS + cell] = values; }
    `
    : wgsl`
      fn readCell(base: i32, plane: i32, cell: i32) -> vec4f {
        let strip = cell % STRIPS;
        let at = base + plane * P + rowOf(cell) * W;
        var values = vec4f(-FAR);
        for (var i = 0; i < 4; i++) {
          if (4 * strip + i < COLUMNS) { values[i] = partial[at + columnOf(strip, i)]; }
        }
        return values;
      }

      fn writeCell(base: i32, plane: i32, cell: i32, values: vec4f) { send(base, plane, cell, values); }
    `;
  const otherPixels = inner && wgsl`
    // Pixels of the other segments begin here too.
    if (params.resume == 0u) {
      for (var p = thread; p < P; p += T) {
        partial[base + p] = running[(b * i32(params.scales) + i32(params.scale)) * P + p].x;
        for (var plane = 1; plane < ${planes}; plane++) { partial[base + plane * P + p] = 0.0; }
      }
      storageBarrier();
    }
  `;
  const sendAll = stateInside && wgsl`
    for (var cell = thread; cell < CELLS; cell += T) {
      for (var plane = 0; plane < ${planes}; plane++) { send(base, plane, cell, readCell(base, plane, cell)); }
    }
  `;
  return wgsl`
    // Column of a strip's pixel i, and row of a cell.
    fn columnOf(strip: i32, i: i32) -> i32 {
      return wrapped(4 * strip + i + R, W);
    }
    fn rowOf(cell: i32) -> i32 { return cell / STRIPS${inner ? " + R" : ""}; }

    fn beginning(b: i32, base: i32, cell: i32, plane: i32) -> vec4f {
      // No candidate is near a pixel that is not there.
      var values = vec4f(select(0.0, -FAR, plane == 0));
      let row = rowOf(cell) * W;
      let strip = cell % STRIPS;
      for (var i = 0; i < 4; i++) {
        let p = row + columnOf(strip, i);
        if (4 * strip + i >= COLUMNS) { break; }
        if (params.resume != 0u) { values[i] = partial[base + plane * P + p]; }
        else if (plane == 0) {
          values[i] = running[(b * i32(params.scales) + i32(params.scale)) * P + p].x;
        }
      }
      return values;
    }

    fn send(base: i32, plane: i32, cell: i32, values: vec4f) {
      let strip = cell % STRIPS;
      let at = base + plane * P + rowOf(cell) * W;
      for (var i = 0; i < 4; i++) {
        if (4 * strip + i < COLUMNS) { partial[at + columnOf(strip, i)] = values[i]; }
      }
    }

    ${cells}

    fn loadState(b: i32, base: i32, thread: i32) {
      ${otherPixels}
      for (var cell = thread; cell < CELLS; cell += T) {
        for (var plane = 0; plane < ${planes}; plane++) {
          writeCell(base, plane, cell, beginning(b, base, cell, plane));
        }
      }
    }

    fn storeState(b: i32, base: i32, thread: i32) {
      ${sendAll}
    }
  `;
}

/** What becomes of the candidates of a strip, from their distances on. */
function candidatesWgsl(options: AccumulateFourOptions): string {
  const { channels, k, segment, exact, together } = options;
  const cyclic = segment.x === "cyclic", inner = segment.owns === "inner-query";
  const r = (k - 1) / 2;
  const given = repeat(together, (m) => `given${m}: vec4f`).join(", ");
  const anyNear = `any(${repeat(together, (m) => `near${m}`).join(" | ")})`;
  const nearest = repeat<string>(together, (m) => `d${m}`).reduce((a, d) => `min(${a}, ${d})`);
  const weights = repeat(together, (m) => `w${m}`).join(" + ");
  const outside = cyclic
    ? `left + ${together - 1} >= W`
    : `left < 0 || left + ${together + 2} >= N`;
  const inside = cyclic ? "return vec4<bool>(left < W);" : wgsl`
    let q = vec4i(left, left + 1, left + 2, left + 3);
    return (q >= vec4i(0)) & (q < vec4i(N));
  `;
  const dropOutside = (m: number) =>
    wgsl`
      d${m} = select(vec4f(FAR), d${m}, insideImage(left + ${m}));
      near${m} = d${m} < threshold;
    `;
  const takeExactly = (m: number) =>
    wgsl`
      for (var i = 0; i < 4; i++) {
        if (near${m}[i] && abs(d${m}[i]) > params.exactFrom) {
          let px = columnOf(strip, i);
          let qy = ${cyclic ? "wrapped(row - R, H)" : "row - R"};
          let qx = ${cyclic ? `wrapped(left + ${m} + i + R, W)` : `left + ${m} + i + R`};
          let sy = wrapped(qy - center, H);
          let sx = wrapped(qx - px, W);
          let exact = exactBitsBelow(threshold[i], exactDistance(b, image, qy, qx, sy, sx));
          t${m}[i] = clamp(exact, -LIMIT, LIMIT) * ONE;
        }
      }
    `;
  return wgsl`
    // Which of a strip's windows are candidates, the first of which begins at column left.
    fn insideImage(left: i32) -> vec4<bool> {
      ${inside}
    }

    // Candidates of a strip of pixels: windows whose last row is \`row\` and whose first columns are left + m
    // and three on, in the image, and \`py\` and 4 strip, in the query.
    fn accumulate(
      ${given},
      b: i32, base: i32, image: i32, row: i32, left: i32, py: i32, strip: i32,
    ) {
      let center = wrapped(py - R, H);
      ${inner && "if (center < R || center >= H - R) { return; }"}
      let cell = ${inner ? "(center - R)" : "center"} * STRIPS + strip;
      var threshold = readCell(base, 0, cell);
      ${repeat(together, (m) => `var d${m} = given${m};`)}
      ${repeat(together, (m) => `var near${m} = d${m} < threshold;`)}
      if (!${anyNear}) { return; }
      if (${outside}) {
        ${repeat(together, dropOutside)}
        if (!${anyNear}) { return; }
      }
      // Weights are relative to the threshold, which follows what would overflow; what is then beyond it is
      // too little to count.
      let nearest = ${nearest};
      let leaps = (threshold - nearest) * params.bits > vec4f(LIMIT);
      if (any(leaps)) {
        let next = select(threshold, nearest + params.cutoff / params.bits, leaps);
        let bits = max((next - threshold) * params.bits, vec4f(-125.0));
        let keep = select(pow2Four(bits * ONE), vec4f(), threshold >= vec4f(FAR));
        for (var plane = 1; plane < ${2 + channels}; plane++) {
          let old = readCell(base, plane, cell);
          writeCell(base, plane, cell, select(old, keep * old, leaps));
        }
        threshold = next;
        writeCell(base, 0, cell, threshold);
        ${repeat(together, (m) => `near${m} = d${m} < threshold;`)}
      }
      let one = params.bits * ONE;
      ${repeat(together, (m) => `var t${m} = (threshold - d${m}) * one;`)}
      ${exact && repeat(together, takeExactly)}
      ${repeat(together, (m) => `let w${m} = select(vec4f(), pow2Four(t${m}), near${m});`)}
      writeCell(base, 1, cell, readCell(base, 1, cell) + ${
    together === 1 ? weights : `(${weights})`
  });
      let y = image + ${cyclic ? "wrapped(row - R, H)" : "(row - R)"} * W;
      let z = b * QUERY + (C + 1) * QUERY_PLANE + center * QUERY_ROW + strip + ${r >> 2};
      ${repeat(channels, (c) => accumulateChannel(c, options))}
    }
  `;
}

/** Weights times centers of one channel. */
function accumulateChannel(
  channel: number,
  { k, segment, together, vector }: AccumulateFourOptions,
): string {
  const r = (k - 1) / 2;
  const { statements, columns } = readColumns({
    row: "y",
    column: `left + ${r - r % vector}`,
    skip: r % vector,
    count: together + 3,
    vector,
    channel,
    wraps: segment.x === "cyclic",
  });
  const add = (m: number) =>
    `sum = fma(w${m}, vec4f(${columns.slice(m, m + 4).join(", ")}) - pivot, sum);`;
  return wgsl`
    {
      ${statements}
      ${pivotOf(r, channel)}
      var sum = readCell(base, ${2 + channel}, cell);
      ${repeat(together, add)}
      writeCell(base, ${2 + channel}, cell, sum);
    }
  `;
}

/** The pivot at a strip's pixels: R columns after those where their windows begin. */
function pivotOf(r: number, channel: number): string {
  const plane = `z + ${channel} * QUERY_PLANE`;
  if (r % 4 === 0) return `let pivot = query[${plane}];`;
  const after = repeat(4, (i) => `z${(r % 4 + i) >> 2}.${components[(r + i) % 4]}`);
  return wgsl`
    let z0 = query[${plane}];
    let z1 = query[${plane} + 1];
    let pivot = vec4f(${after.join(", ")});
  `;
}
