/** What a test's page runs: functions for the test to call, on `globalThis.program`. */
import { createProvenance, wasmPosterior, webgpuPosterior } from "@els/toolkit/machines";
import { generate } from "./generate.ts";

const createWorker = () =>
  new Worker(new URL("./posterior_program.js", import.meta.url), { type: "module" });

/** An image by WebAssembly, and how many threads it took. */
async function wasm() {
  const posterior = wasmPosterior({ workers: 2, createWorker });
  const threads = await posterior.start();
  const image = [...await generate(posterior)];
  await posterior.dispose();
  return { threads, image };
}

/** An image by WebGPU; null where the browser has no adapter. */
async function webgpu() {
  if (!await globalThis.navigator.gpu?.requestAdapter()) return null;
  const posterior = await webgpuPosterior();
  const image = [...await generate(posterior)];
  await posterior.dispose();
  return image;
}

const { runtime } = createProvenance({ seed: 0, config: {} });

/** What the page offers. */
export const program = { wasm, webgpu, runtime };

Object.assign(globalThis, { program });
