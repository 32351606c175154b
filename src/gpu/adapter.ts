/** Finds the GPU of this machine. @module */

/** The programming interfaces of GPUs that are asked unless the user names others. */
const nativeInterfaces = "vulkan,metal,dx12";
const setting = "DENO_WEBGPU_BACKEND";

/**
 * Keeps Deno from taking OpenGL for WebGPU. Where no Vulkan driver is installed it would find
 * Mesa's software OpenGL, which needs many minutes to compile one of our shaders.
 *
 * Deno reads the setting at the first request for an adapter. One that the user made, even an empty
 * one, stays; elsewhere than in Deno, or without permission, nothing happens.
 */
function preferNativeInterfaces(): void {
  if (typeof Deno === "undefined") return;
  const { state } = Deno.permissions.querySync({ name: "env", variable: setting });
  if (state !== "granted" || Deno.env.get(setting) !== undefined) return;
  Deno.env.set(setting, nativeInterfaces);
}

/** What is told of a GPU. */
export interface AdapterInfo {
  readonly vendor?: string;
  readonly description?: string;
  readonly device?: string;
  /** Whether it is computed in software. */
  readonly isFallbackAdapter?: boolean;
}

/** The fastest GPU of this machine, or a software one, or none. */
export async function findAdapter(): Promise<GPUAdapter | undefined> {
  preferNativeInterfaces();
  const gpu: GPU | undefined = globalThis.navigator?.gpu;
  const options = { powerPreference: "high-performance" } as const;
  return await gpu?.requestAdapter(options).catch(() => null) ?? undefined;
}

/** Names a GPU for messages and provenance. */
export function adapterName({ description, device, vendor }: AdapterInfo): string {
  return description || device || vendor || "unnamed adapter";
}

/** Whether a GPU is software: right, but slower than the wasm backend. */
export function isSoftware({ isFallbackAdapter }: AdapterInfo): boolean {
  return isFallbackAdapter ?? false;
}
