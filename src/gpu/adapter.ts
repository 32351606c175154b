/** Finds the GPU of this machine. @module */

/**
 * What Deno's search for GPUs finds in the environment, unless the user says otherwise.
 *
 * - Only these programming interfaces are asked. Where no Vulkan driver is installed Deno would take
 *   Mesa's software OpenGL, which needs many minutes to compile one of our shaders.
 * - Without a folder for sockets, as in a container, Vulkan's drivers complain on stderr. None is needed.
 */
const settings = {
  DENO_WEBGPU_BACKEND: "vulkan,metal,dx12",
  XDG_RUNTIME_DIR: "/nonexistent",
} as const;

/**
 * Deno reads the settings at the first request for an adapter. One that the user made, even an empty
 * one, stays; elsewhere than in Deno, or without permission, nothing happens.
 */
function prepareSearch(): void {
  if (typeof Deno === "undefined") return;
  for (const [variable, value] of Object.entries(settings)) {
    const { state } = Deno.permissions.querySync({ name: "env", variable });
    if (state === "granted" && Deno.env.get(variable) === undefined) Deno.env.set(variable, value);
  }
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
  prepareSearch();
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
