/** Passes over tensors beside the products: bound by memory, each value read and written once. */
import { type GpuProgram, groupNumber } from "./gpu_program.ts";

/** Invocations of a workgroup, in all of them. */
export const PASS_SIZE = 256;

/** A program's text around what each invocation does with its number `i`. */
export const eachValue = (body: string) => `
${groupNumber}
@compute @workgroup_size(${PASS_SIZE})
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) t: u32,
) {
  let i = groupNumber(group, groups) * ${PASS_SIZE}u + t;
  ${body}
}`;

/** Arrays y, dy, out: dy where the rectified y is positive, else 0; `count` values. */
export const gate: GpuProgram = {
  code: eachValue("if (i < uniforms.count) { out[i] = select(0.0, dy[i], y[i] > 0.0); }"),
  tensors: [
    { name: "y", element: "f32" },
    { name: "dy", element: "f32" },
    { name: "out", element: "f32", write: true },
  ],
  uniforms: [{ name: "count", type: "u32" }],
};

/** Arrays filter `[k, k, Ci, Co]`, out `[k, k, Co, Ci]`: turned by half a turn and transposed. */
export function turnedFilter(
  { size, inputs, outputs }: Record<"size" | "inputs" | "outputs", number>,
): GpuProgram {
  const [taps, each] = [size * size, inputs * outputs];
  return {
    code: eachValue(`
  if (i >= ${taps * each}u) { return; }
  let tap = ${taps - 1}u - i / ${each}u;
  let o = i % ${each}u / ${inputs}u;
  let c = i % ${inputs}u;
  out[i] = filters[tap * ${each}u + c * ${outputs}u + o];`),
    tensors: [{ name: "filters", element: "f32" }, { name: "out", element: "f32", write: true }],
    uniforms: [],
  };
}
