import * as tf from "@tensorflow/tfjs";
import { DeviceUnavailableError } from "../core/errors.ts";
import { adapterName, findAdapter, isSoftware } from "../gpu/adapter.ts";
import { guardWasmMemory, withoutComplaints } from "./tensor_memory.ts";
import { shareClones } from "./wasm_identity.ts";
import { type GuardedBackend, guardWebgpu } from "./webgpu_guard.ts";

/**
 * What a user may ask for.
 *
 * @category Networks
 */
export type BackendChoice = "auto" | "webgpu" | "wasm" | "cpu";

/**
 * The backend in use.
 *
 * @category Networks
 */
export interface BackendInfo {
  /** Name of the tfjs backend. */
  readonly name: "webgpu" | "wasm" | "cpu";
  /** Name of the GPU adapter, where there is one. */
  readonly adapter?: string;
  /** Whether that is a software adapter: right, but slower than wasm. */
  readonly software?: boolean;
  /** The GPU's device, for kernels that share it with TensorFlow.js. */
  readonly device?: GPUDevice;
  /** Why this one, in a few words. */
  readonly reason: string;
}

/**
 * Options of {@linkcode startBackend}.
 *
 * @category Networks
 */
export interface StartBackendOptions {
  /**
   * Folder of TensorFlow.js's WebAssembly files (`dist` of its package `tfjs-backend-wasm`), as a URL or
   * path that ends with "/": for a page or a bundle, which does not lie beside them.
   */
  readonly wasmFolder?: string | undefined;
}

/**
 * Chooses and starts a backend of TensorFlow.js for the networks. `auto` takes a real GPU where there
 * is one, else wasm; software GPUs are taken only by name.
 *
 * On webgpu, tensors above the device's limits are refused, and after an error or the loss of the
 * device every reading of a tensor rejects with a {@linkcode DeviceUnavailableError}.
 *
 * @example
 * ```ts
 * import { startBackend } from "@els/toolkit";
 * import { assertEquals } from "@std/assert";
 *
 * const { name, reason } = await startBackend("cpu");
 * assertEquals([name, reason], ["cpu", "as asked"]);
 * ```
 *
 * @throws DeviceUnavailableError if the backend that was asked for cannot start.
 * @category Networks
 */
export async function startBackend(
  choice: BackendChoice = "auto",
  options: StartBackendOptions = {},
): Promise<BackendInfo> {
  tf.enableProdMode(); // no advertisement for another package on the terminal
  const found = choice === "wasm" || choice === "cpu" ? undefined : await findAdapter();
  const adapter = found && { name: adapterName(found.info), software: isSoftware(found.info) };
  if (choice === "webgpu" && !adapter) {
    throw new DeviceUnavailableError(
      "Cannot use the backend webgpu: no GPU adapter was found",
      { remedy: (say) => `${say.option("backend", "wasm")} runs on the CPU` },
    );
  }
  const real = adapter && !adapter.software;
  const name = choice === "auto" ? (real ? "webgpu" : "wasm") : choice;
  if (name === "wasm") await loadWasm(options);
  if (name === "webgpu") await import("@tensorflow/tfjs-backend-webgpu");
  const { result: started, complaint } = await withoutComplaints(() =>
    tf.setBackend(name).catch(() => false)
  );
  if (!started) {
    throw new DeviceUnavailableError(
      `Cannot start the ${name} backend of TensorFlow.js${complaint ? ` (${complaint})` : ""}`,
      { remedy: (say) => `try another with ${say.option("backend")}` },
    );
  }
  await tf.ready();
  if (name === "wasm") guardWasmMemory(tf.backend());
  const reason = choice !== "auto"
    ? "as asked"
    : real
    ? "a GPU was found"
    : adapter
    ? `the only GPU adapter is software (${adapter.name})`
    : "no GPU adapter was found";
  if (name !== "webgpu" || !found || !adapter) return running = { name, reason };
  const backend = tf.backend() as unknown as GuardedBackend;
  if (!guarded.has(backend)) guardWebgpu(backend, found.info);
  guarded.add(backend);
  return running = {
    name,
    reason,
    adapter: adapter.name,
    software: adapter.software,
    device: backend.device,
  };
}

async function loadWasm({ wasmFolder }: StartBackendOptions): Promise<void> {
  const { setWasmPaths } = await import("@tensorflow/tfjs-backend-wasm");
  // Its threads, which it has in isolated pages only, need shared memory, which our kernels do not take.
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  // The paths can be set only before the backend starts.
  if (wasmFolder !== undefined && tf.findBackend("wasm") === null) setWasmPaths(wasmFolder);
  shareClones();
}

const guarded = new WeakSet<GuardedBackend>();

let running: BackendInfo | undefined;

/** The backend that {@linkcode startBackend} started last, as long as TensorFlow.js still uses it. */
export function runningBackend(): BackendInfo | undefined {
  return running?.name === tf.getBackend() ? running : undefined;
}
