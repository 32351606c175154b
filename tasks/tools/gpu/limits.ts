/** What the kernels need of an adapter: what WebGPU promises of every one. */
export const neededLimits = [
  ["maxBufferSize", 268_435_456],
  ["maxStorageBufferBindingSize", 134_217_728],
  ["maxStorageBuffersPerShaderStage", 8],
  ["maxComputeWorkgroupStorageSize", 16_384],
  ["maxComputeInvocationsPerWorkgroup", 256],
  ["maxComputeWorkgroupSizeX", 256],
  ["maxComputeWorkgroupsPerDimension", 65_535],
] as const;

/** The limits that are too small, in words; empty if an adapter will do. */
export function missingLimits(limits: Readonly<Record<string, number | undefined>>): string[] {
  return neededLimits
    .filter(([name, minimum]) => !((limits[name] ?? 0) >= minimum))
    .map(([name, minimum]) => `${name} ${limits[name] ?? "unknown"} where ${minimum} is needed`);
}

/** Limits in a few words. */
export function limitsText(limits: Readonly<Record<string, number | undefined>>): string {
  const size = (name: string, unit: number) => Math.floor((limits[name] ?? 0) / unit);
  return `buffers of ${size("maxBufferSize", 2 ** 20)} MiB, ` +
    `${size("maxStorageBufferBindingSize", 2 ** 20)} MiB of one bound; workgroups of ` +
    `${limits.maxComputeInvocationsPerWorkgroup ?? 0} with ` +
    `${size("maxComputeWorkgroupStorageSize", 2 ** 10)} KiB`;
}
