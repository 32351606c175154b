/** What a test runs in Node, in a bundle: it forgets to dispose of threads, and must end all the same. */
import { Worker } from "node:worker_threads";
import { wasmPosterior } from "@els/toolkit/machines";
import { generate } from "./generate.ts";

const createWorker = () => new Worker(new URL("./node_posterior_program.js", import.meta.url));
const posterior = wasmPosterior({ workers: 2, createWorker });
const threads = await posterior.start();
await generate(posterior);
console.log(`${threads} threads`);
