/** What a test runs in Deno without any permission, in a bundle; prints one line of JSON. */
import * as workflow from "@els/toolkit";
import { wasmPosterior } from "@els/toolkit/machines";
import { generate } from "./generate.ts";

const posterior = wasmPosterior();
const threads = await posterior.start();
const image = [...await generate(posterior)];
await posterior.dispose();
console.log(JSON.stringify({ names: Object.keys(workflow).length, threads, image }));
