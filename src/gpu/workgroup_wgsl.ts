/** WGSL around what a workgroup does: its entry point, and sums over its invocations. @module */
import { wgsl } from "./wgsl.ts";

/**
 * The entry point for workgroups of `size` invocations: `t` is the number of an invocation, `number` that of
 * its workgroup, which {@linkcode spread} lays out in two dimensions where one does not hold them.
 */
export function entryPoint(size: number, body: string): string {
  return wgsl`
    @compute @workgroup_size(${size})
    fn main(
      @builtin(workgroup_id) workgroup: vec3u,
      @builtin(num_workgroups) workgroups: vec3u,
      @builtin(local_invocation_index) t: u32,
    ) {
      let number = workgroup.x + workgroup.y * workgroups.x;
      ${body}
    }
  `;
}

/** Workgroups in two dimensions: at least `count` of them. */
export function spread(count: number, { limits }: GPUDevice): [x: number, y: number] {
  const rows = Math.ceil(count / limits.maxComputeWorkgroupsPerDimension);
  return [Math.ceil(count / rows), rows];
}

/**
 * Adds up `sum` over a workgroup of `size` invocations, a power of two, in a fixed order. It wants `t`, the
 * number of the invocation, and `sums`, as many floats of the workgroup; the total is in sums[0].
 */
export function workgroupSum(size: number): string {
  return wgsl`
    sums[t] = sum;
    workgroupBarrier();
    for (var half = ${size / 2}u; half > 0u; half /= 2u) {
      if (t < half) { sums[t] += sums[t + half]; }
      workgroupBarrier();
    }
  `;
}
