/** Passes over tensors beside the products: bound by memory, each value read and written once. */
import type { GpuProgram } from "../../../gpu/program.ts";
import { wgsl } from "../../../gpu/wgsl.ts";
import { entryPoint } from "../../../gpu/workgroup_wgsl.ts";

/** Invocations of a workgroup, in all of them. */
export const PASS_SIZE = 256;

/** An entry point that does something for each value, whose number is `i`. */
export function perValue(body: string): string {
  return entryPoint(
    PASS_SIZE,
    wgsl`
      let i = number * ${PASS_SIZE}u + t;
      ${body}
    `,
  );
}

/** dy where the rectified y is positive, else 0; `count` values. */
export const gate = {
  code: perValue("if (i < params.count) { out[i] = select(0.0, dy[i], y[i] > 0.0); }"),
  arrays: [
    { name: "y", element: "f32" },
    { name: "dy", element: "f32" },
    { name: "out", element: "f32", write: true },
  ],
  params: { count: "u32" },
} as const satisfies GpuProgram;

/** A filter `[k, k, Ci, Co]` turned by half a turn and transposed, `[k, k, Co, Ci]`. */
export function turnedFilter(
  { size, inputs, outputs }: Record<"size" | "inputs" | "outputs", number>,
): GpuProgram<Record<never, never>> {
  const [taps, perTap] = [size * size, inputs * outputs];
  return {
    code: perValue(wgsl`
      if (i >= ${taps * perTap}u) { return; }
      let tap = ${taps - 1}u - i / ${perTap}u;
      let o = i % ${perTap}u / ${inputs}u;
      let c = i % ${inputs}u;
      out[i] = filters[tap * ${perTap}u + c * ${outputs}u + o];
    `),
    arrays: [
      { name: "filters", element: "f32", holds: "[k, k, Ci, Co]" },
      { name: "out", element: "f32", holds: "[k, k, Co, Ci]", write: true },
    ],
    params: {},
  };
}
