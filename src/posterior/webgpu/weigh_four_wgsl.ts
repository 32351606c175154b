import { type ImageVector, type PatchShaderOptions, readColumns } from "./candidate_wgsl.ts";

/** What {@linkcode weighFourWgsl} is made for. */
export interface WeighFourOptions extends Omit<PatchShaderOptions, "workgroupMemory"> {
  readonly stateInside: boolean;
  /** Shifts that a thread weighs at once: neighboring columns q of the same pixels. */
  readonly together: number;
  readonly vector: ImageVector;
}

/** Pixels that the state covers: windows begin at rows and columns from 0 on, in strips of four. */
export function coverOf(
  { height, width, k, segment }: Pick<PatchShaderOptions, "height" | "width" | "k" | "segment">,
): { rows: number; columns: number; strips: number } {
  const inner = segment.owns === "inner-query";
  const rows = inner ? height - k + 1 : height, columns = inner ? width - k + 1 : width;
  return { rows, columns, strips: Math.ceil(columns / 4) };
}

/** A list of one expression for each shift that is weighed at once. */
function each(together: number, expression: (m: number) => string): string[] {
  return Array.from({ length: together }, (_, m) => expression(m));
}

/**
 * State and weighing of candidates, four neighboring pixels at a time. A strip has the pixels whose
 * windows begin at columns 4 i to 4 i + 3, and the state of a strip is one vector, so that it
 * is read and written at once, for several shifts together.
 */
export function weighFourWgsl(options: WeighFourOptions): string {
  const { width, channels, k, segment, wary, stateInside, together, vector } = options;
  const cyclic = segment.x === "cyclic";
  const { rows, columns, strips } = coverOf(options);
  const inner = segment.owns === "inner-query";
  const r = (k - 1) / 2, planes = 2 + channels;
  const near = each(together, (m) => `near${m}`).join(" | ");
  const distances = each(together, (m) => `given${m}: vec4<f32>`).join(", ");
  const lists = Array.from({ length: channels }, (_, c) => c);
  return /* wgsl */ `
const ONE: f32 = 8388608.0;
const COLUMNS: i32 = ${columns};
const STRIPS: i32 = ${strips};
// Places of a window along a row of the image.
const N: i32 = ${cyclic ? width : width - k + 1};
// State of a strip: row of pixels (from the first that the state covers) times strips, plus strip.
const CELLS: i32 = ${rows * strips};
${stateInside ? `var<workgroup> state: array<vec4<f32>, ${planes * rows * strips}>;` : ""}

// 2^t for t = exponent / 2^23, from -125 to 127. The whole part goes to the bits of the exponent, the
// rest as 1 to 2, of which exp2 is sure.
fn pow2Four(exponent: vec4<f32>) -> vec4<f32> {
  let bits = vec4<i32>(exponent);
  let power = exp2(bitcast<vec4<f32>>((bits & vec4<i32>(0x7fffff)) | vec4<i32>(0x3f800000)));
  return bitcast<vec4<f32>>(
    bitcast<vec4<i32>>(power) + (bits & vec4<i32>(-0x800000)) - vec4<i32>(0x800000));
}

// Column of a strip's pixel i, and row of a cell.
fn columnOf(strip: i32, i: i32) -> i32 {
  return wrapped(4 * strip + i + R, W);
}
fn rowOf(cell: i32) -> i32 { return cell / STRIPS${inner ? " + R" : ""}; }

fn beginning(b: i32, base: i32, cell: i32, plane: i32) -> vec4<f32> {
  // No candidate is near a pixel that is not there.
  var values = vec4<f32>(select(0.0, -FAR, plane == 0));
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

fn send(base: i32, plane: i32, cell: i32, values: vec4<f32>) {
  let strip = cell % STRIPS;
  let at = base + plane * P + rowOf(cell) * W;
  for (var i = 0; i < 4; i++) {
    if (4 * strip + i < COLUMNS) { partial[at + columnOf(strip, i)] = values[i]; }
  }
}

${
    stateInside
      ? `fn readCell(base: i32, plane: i32, cell: i32) -> vec4<f32> { return state[plane * CELLS + cell]; }
fn writeCell(base: i32, plane: i32, cell: i32, values: vec4<f32>) { state[plane * CELLS + cell] = values; }`
      : `fn readCell(base: i32, plane: i32, cell: i32) -> vec4<f32> {
  let strip = cell % STRIPS;
  let at = base + plane * P + rowOf(cell) * W;
  var values = vec4<f32>(-FAR);
  for (var i = 0; i < 4; i++) {
    if (4 * strip + i < COLUMNS) { values[i] = partial[at + columnOf(strip, i)]; }
  }
  return values;
}
fn writeCell(base: i32, plane: i32, cell: i32, values: vec4<f32>) { send(base, plane, cell, values); }`
  }

fn loadState(b: i32, base: i32, thread: i32) {
  ${
    inner
      ? `// Pixels of the other segments begin here too.
  if (params.resume == 0u) {
    for (var p = thread; p < P; p += T) {
      partial[base + p] = running[(b * i32(params.scales) + i32(params.scale)) * P + p].x;
      for (var plane = 1; plane < ${planes}; plane++) { partial[base + plane * P + p] = 0.0; }
    }
    storageBarrier();
  }`
      : ""
  }
  for (var cell = thread; cell < CELLS; cell += T) {
    for (var plane = 0; plane < ${planes}; plane++) {
      writeCell(base, plane, cell, beginning(b, base, cell, plane));
    }
  }
}

fn storeState(b: i32, base: i32, thread: i32) {
  ${
    stateInside
      ? `for (var cell = thread; cell < CELLS; cell += T) {
    for (var plane = 0; plane < ${planes}; plane++) { send(base, plane, cell, readCell(base, plane, cell)); }
  }`
      : ""
  }
}

// Which of a strip's windows are candidates, the first of which begins at column left.
fn insideImage(left: i32) -> vec4<bool> {
  ${
    cyclic
      ? "return vec4<bool>(left < W);"
      : `let q = vec4<i32>(left, left + 1, left + 2, left + 3);
  return (q >= vec4<i32>(0)) & (q < vec4<i32>(N));`
  }
}

// Candidates of a strip of pixels: windows whose last row is \`row\` and whose first columns are left + m
// and three on, in the image, and \`py\` and 4 strip, in the query.
fn weigh(
  ${distances}, b: i32, base: i32, image: i32, row: i32, left: i32, py: i32, strip: i32,
) {
  let center = wrapped(py - R, H);
  ${inner ? `if (center < R || center >= H - R) { return; }` : ""}
  let cell = ${inner ? "(center - R)" : "center"} * STRIPS + strip;
  var threshold = readCell(base, 0, cell);
  ${each(together, (m) => `var d${m} = given${m};`).join("\n  ")}
  ${each(together, (m) => `var near${m} = d${m} < threshold;`).join("\n  ")}
  if (!any(${near})) { return; }
  if (${cyclic ? `left + ${together - 1} >= W` : `left < 0 || left + ${together + 2} >= N`}) {
    ${
    each(together, (m) =>
      `d${m} = select(vec4<f32>(FAR), d${m}, insideImage(left + ${m}));
    near${m} = d${m} < threshold;`).join("\n    ")
  }
    if (!any(${near})) { return; }
  }
  // Weights are relative to the threshold, which follows what would overflow; what is then beyond it is
  // too little to count.
  let least = ${each(together, (m) => `d${m}`).reduce((a, d) => `min(${a}, ${d})`)};
  let leaps = (threshold - least) * params.bits > vec4<f32>(LIMIT);
  if (any(leaps)) {
    let next = select(threshold, least + params.window / params.bits, leaps);
    let bits = max((next - threshold) * params.bits, vec4<f32>(-125.0));
    let keep = select(pow2Four(bits * ONE), vec4<f32>(), threshold >= vec4<f32>(FAR));
    for (var plane = 1; plane < ${planes}; plane++) {
      let old = readCell(base, plane, cell);
      writeCell(base, plane, cell, select(old, keep * old, leaps));
    }
    threshold = next;
    writeCell(base, 0, cell, threshold);
    ${each(together, (m) => `near${m} = d${m} < threshold;`).join("\n    ")}
  }
  let one = params.bits * ONE;
  ${each(together, (m) => `var t${m} = (threshold - d${m}) * one;`).join("\n  ")}
  ${
    wary
      ? each(together, (m) =>
        `for (var i = 0; i < 4; i++) {
    if (near${m}[i] && abs(d${m}[i]) > params.exactFrom) {
      let px = columnOf(strip, i);
      let qy = ${cyclic ? "wrapped(row - R, H)" : "row - R"};
      let qx = ${cyclic ? `wrapped(left + ${m} + i + R, W)` : `left + ${m} + i + R`};
      let sy = wrapped(qy - center, H);
      let sx = wrapped(qx - px, W);
      let exact = exactBitsBelow(threshold[i], exactDistance(b, image, qy, qx, sy, sx));
      t${m}[i] = clamp(exact, -LIMIT, LIMIT) * ONE;
    }
  }`).join("\n  ")
      : ""
  }
  ${
    each(together, (m) => `let w${m} = select(vec4<f32>(), pow2Four(t${m}), near${m});`)
      .join("\n  ")
  }
  writeCell(base, 1, cell, readCell(base, 1, cell) + ${
    // One at a time where there is one.
    together === 1 ? "w0" : `(${each(together, (m) => `w${m}`).join(" + ")})`});
  let y = image + ${cyclic ? "wrapped(row - R, H)" : "(row - R)"} * W;
  let z = b * QUERY + (C + 1) * QUERY_PLANE + center * QUERY_ROW + strip + ${r >> 2};
  ${
    lists.map((c) => {
      const { statements, columns: ys } = readColumns({
        row: "y",
        column: `left + ${r - r % vector}`,
        skip: r % vector,
        count: together + 3,
        vector,
        channel: c,
        wraps: cyclic,
      });
      const lines = each(together, (m) =>
        `sum = fma(w${m}, vec4<f32>(${ys.slice(m, m + 4).join(", ")}) - pivot, sum);`);
      return `{
    ${statements}
    ${pivotOf(r, c)}
    var sum = readCell(base, ${2 + c}, cell);
    ${lines.join("\n    ")}
    writeCell(base, ${2 + c}, cell, sum);
  }`;
    }).join("\n  ")
  }
}
`;
}

/** The pivot at a strip's pixels: R columns after those where their windows begin. */
function pivotOf(r: number, channel: number): string {
  const plane = `z + ${channel} * QUERY_PLANE`;
  if (r % 4 === 0) return `let pivot = query[${plane}];`;
  const parts = ["x", "y", "z", "w"].flatMap((i) => [`z0.${i}`, `z1.${i}`]);
  const after = Array.from({ length: 4 }, (_, i) => {
    const at = r % 4 + i;
    return parts[2 * (at % 4) + (at >> 2)];
  });
  return `let z0 = query[${plane}];
    let z1 = query[${plane} + 1];
    let pivot = vec4<f32>(${after.join(", ")});`;
}
