/** What a test runs in Node, in a bundle; prints one line of JSON. */
import process from "node:process";
import { Worker } from "node:worker_threads";
import { createProvenance, wasmPosterior, type WasmPosteriorOptions } from "@els/toolkit/machines";
import { loadDataset } from "@els/toolkit/datasets";
import { report, zooParameters } from "./entry_points_program.ts";
import { generate } from "./generate.ts";

const createWorker = () => new Worker(new URL("./node_posterior_program.js", import.meta.url));

/** An image by WebAssembly, and how many threads it took. */
async function wasm(options: WasmPosteriorOptions) {
  const posterior = wasmPosterior(options);
  const threads = await posterior.start();
  const image = [...await generate(posterior)];
  await posterior.dispose();
  return { threads, image };
}

/** A module of one relaxed instruction, valid where the engine has them. */
const relaxedSimd = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0],
  ...[10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15, 253, 128, 2, 11],
);

const [, , folder, zoo] = process.argv;
const result = {
  dataset: (await loadDataset("folder", { from: folder, size: 8 })).sha256,
  runtime: createProvenance({ seed: 0, config: {} }).runtime,
  relaxed: WebAssembly.validate(relaxedSimd),
  simd: await wasm({ workers: 0, build: "simd" }),
  threads: await wasm({ workers: 2, createWorker }),
  alone: await wasm({}),
  entryPoints: await report("cpu"),
  zoo: await zooParameters(zoo!),
};

/** What is printed. */
export type NodeReport = typeof result;

console.log(JSON.stringify(result));
