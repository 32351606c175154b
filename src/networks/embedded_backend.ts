/** TensorFlow.js's wasm backend of bytes that a program carries with it: nothing is fetched. */
import * as tf from "@tensorflow/tfjs";
import "@tensorflow/tfjs-backend-wasm";
import { DeviceUnavailableError } from "../core/errors.ts";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { guardWasmMemory, withoutComplaints } from "./tensor_memory.ts";
import { shareClones } from "./wasm_identity.ts";

/** What TensorFlow.js fetches things by. */
interface Fetching {
  readonly platform: { fetch(path: string, init?: RequestInit): Promise<Response> };
}

/**
 * Starts the wasm backend of TensorFlow.js from its WebAssembly file with SIMD.
 *
 * @throws DeviceUnavailableError if it cannot start, as in an engine without SIMD.
 */
export async function startEmbeddedBackend(wasm: Uint8Array<ArrayBuffer>): Promise<void> {
  tf.enableProdMode();
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  shareClones();
  const { platform } = tf.env() as unknown as Fetching;
  const fetchOf = platform.fetch;
  if (tf.findBackend("wasm") === null) setWasmPaths("embedded/", true);
  platform.fetch = () =>
    Promise.resolve(new Response(wasm, { headers: { "Content-Type": "application/wasm" } }));
  try {
    const { result, complaint } = await withoutComplaints(() =>
      tf.setBackend("wasm").catch(() => false)
    );
    if (!result) {
      throw new DeviceUnavailableError(
        `Cannot start the wasm backend of TensorFlow.js${complaint ? ` (${complaint})` : ""}`,
      );
    }
    await tf.ready();
  } finally {
    platform.fetch = fetchOf;
  }
  guardWasmMemory(tf.backend());
}
