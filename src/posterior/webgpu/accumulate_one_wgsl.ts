import { repeat, wgsl } from "../../gpu/wgsl.ts";
import type { PatchProgramOptions } from "./patch_wgsl.ts";

/** State and sums of single candidates, for programs in which threads have any pixels. */
export function accumulateOneWgsl(
  { height, width, channels, segment, exact, stateInside }:
    & Omit<PatchProgramOptions, "workgroupMemory">
    & { readonly stateInside: boolean },
): string {
  const { owns } = segment;
  const inner = (v: string, size: string) => `(${v} >= R && ${v} < ${size} - R)`;
  const conditions = [];
  if (owns === "inner-query" || owns === "edge-query") {
    // A pixel belongs to exactly one segment: interior in an axis that slides, at an edge in one
    // that stays.
    conditions.push(segment.y === "padded" ? `!${inner("py", "H")}` : inner("py", "H"));
    conditions.push(segment.x === "padded" ? `!${inner("px", "W")}` : inner("px", "W"));
  }
  const place = (plane: string) => stateInside ? `${plane} * P + p` : `base + ${plane} * P + p`;
  const cell = (plane: string | number) =>
    `${stateInside ? "state" : "partial"}[${place(String(plane))}]`;
  const accumulateChannel = (c: number) =>
    wgsl`
      {
        let y = images[image + ${c} * P + qy * W + qx];
        let difference = y - query[b * QUERY + (C + ${1 + c}) * QUERY_PLANE + py * QUERY_ROW + px];
        ${cell(2 + c)} = fma(w, difference, ${cell(2 + c)} * keep);
      }
    `;
  const takeExactly = exact && wgsl`
    if (abs(d) > params.exactFrom) {
      t = exactBitsBelow(threshold, exactDistance(b, image, qy, qx, sy, sx));
    }
  `;
  const resumeState = stateInside && wgsl`
    else {
      for (var c = 0; c < 2 + C; c++) { state[c * P + p] = partial[base + c * P + p]; }
    }
  `;
  const sendState = stateInside &&
    "for (var i = thread; i < (2 + C) * P; i += T) { partial[base + i] = state[i]; }";
  return wgsl`
    ${stateInside && `var<workgroup> state: array<f32, ${height * width * (2 + channels)}>;`}

    // One candidate within the threshold: q at (qy, qx) of an image, p = (py, px) = q - s, at distance d
    // relative to the pivot.
    fn add(
      d: f32, limit: f32, b: i32, base: i32, image: i32,
      qy: i32, qx: i32, py: i32, px: i32, sy: i32, sx: i32,
    ) {
      let p = py * W + px;
      var threshold = limit;
      var t = (threshold - d) * params.bits;
      var keep = 1.0;
      if (t > LIMIT) {
        let next = d + params.cutoff / params.bits;
        keep = select(pow2((next - threshold) * params.bits), 0.0, threshold >= FAR);
        threshold = next;
        ${cell(0)} = next;
        t = (threshold - d) * params.bits;
      }
      ${takeExactly}
      let w = pow2(clamp(t, -LIMIT, LIMIT));
      ${cell(1)} = ${cell(1)} * keep + w;
      ${repeat(channels, accumulateChannel)}
    }

    fn owned(py: i32, px: i32) -> bool { return ${conditions.join(" && ") || "true"}; }

    // Only this thread looks at p until the next barrier, since a shift is one to one.
    fn accumulate(d: f32, b: i32, base: i32, image: i32, qy: i32, qx: i32, sy: i32, sx: i32) {
      let py = select(qy - sy, qy - sy + H, qy < sy);
      let px = select(qx - sx, qx - sx + W, qx < sx);
      if (!owned(py, px)) { return; }
      let p = py * W + px;
      let threshold = ${cell(0)};
      if (d < threshold) { add(d, threshold, b, base, image, qy, qx, py, px, sy, sx); }
    }

    fn loadState(b: i32, base: i32, thread: i32) {
      for (var p = thread; p < P; p += T) {
        if (params.resume == 0u) {
          ${cell(0)} = running[(b * i32(params.scales) + i32(params.scale)) * P + p].x;
          for (var c = 1; c < 2 + C; c++) { ${cell("c")} = 0.0; }
        }
        ${resumeState}
      }
    }

    fn storeState(b: i32, base: i32, thread: i32) {
      ${sendState}
    }
  `;
}
