import * as tf from "@tensorflow/tfjs";
import { DeviceUnavailableError } from "../array/errors.ts";

/** What a user may ask for. */
export type BackendChoice = "auto" | "webgpu" | "wasm" | "cpu";

/** The backend in use. */
export interface BackendInfo {
  /** Name of the tfjs backend. */
  readonly name: "webgpu" | "wasm" | "cpu";
  /** Name of the GPU adapter, where there is one. */
  readonly adapter?: string;
  /** Why this one, in a few words. */
  readonly reason: string;
}

/** The parts of WebGPU that are needed to look before choosing. */
interface Gpu {
  requestAdapter(): Promise<
    {
      readonly info?: {
        readonly vendor: string;
        readonly description: string;
        readonly isFallbackAdapter?: boolean;
      };
      readonly isFallbackAdapter?: boolean;
    } | null
  >;
}

async function findAdapter(): Promise<{ name: string; fallback: boolean } | undefined> {
  const { gpu } = globalThis.navigator as { gpu?: Gpu };
  const adapter = await gpu?.requestAdapter().catch(() => null);
  if (!adapter) return undefined;
  const info = adapter.info;
  return {
    name: info?.description || info?.vendor || "unnamed adapter",
    fallback: info?.isFallbackAdapter ?? adapter.isFallbackAdapter ?? false,
  };
}

/**
 * Chooses and starts a backend of TensorFlow.js for the networks. `auto` takes a real GPU where there
 * is one, else wasm; software GPUs are taken only by name.
 *
 * @throws DeviceUnavailableError if the backend that was asked for cannot start.
 */
export async function startBackend(choice: BackendChoice = "auto"): Promise<BackendInfo> {
  tf.enableProdMode(); // no advertisement for another package on the terminal
  const adapter = choice === "wasm" || choice === "cpu" ? undefined : await findAdapter();
  if (choice === "webgpu" && !adapter) {
    throw new DeviceUnavailableError(
      "Cannot use --backend webgpu: no GPU adapter was found; --backend wasm runs on the CPU",
    );
  }
  const real = adapter && !adapter.fallback;
  const name = choice === "auto" ? (real ? "webgpu" : "wasm") : choice;
  if (name === "wasm") await import("@tensorflow/tfjs-backend-wasm");
  if (name === "webgpu") await import("@tensorflow/tfjs-backend-webgpu");
  const started = await tf.setBackend(name).catch(() => false);
  if (!started) {
    throw new DeviceUnavailableError(
      `Cannot start the ${name} backend of TensorFlow.js; try another with --backend`,
    );
  }
  await tf.ready();
  if (name === "webgpu") failOnGpuErrors();
  const reason = choice !== "auto"
    ? "as asked"
    : real
    ? "a GPU was found"
    : adapter
    ? `the only GPU adapter is software (${adapter.name})`
    : "no GPU adapter was found";
  return { name, reason, ...name === "webgpu" && adapter && { adapter: adapter.name } };
}

/** Without this a tensor above the device's binding limit yields zeros in silence. */
function failOnGpuErrors(): void {
  const { device } = tf.backend() as unknown as { device: EventTarget };
  device.addEventListener("uncapturederror", (event) => {
    const { error } = event as Event & { error?: { message: string } };
    event.preventDefault();
    throw new DeviceUnavailableError(
      `The GPU refused an operation: ${error?.message ?? "unknown"}`,
    );
  });
}
