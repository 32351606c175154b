/// <reference lib="dom" />
/** What a page of the tests runs. */
import { mountExplorer } from "../../src/explorer/view/mount.ts";
import { tour } from "../../src/explorer/tour.ts";
import { type EngineData, threadEngine } from "./thread_engine.ts";

const data = JSON.parse(document.getElementById("data")!.textContent!) as EngineData;
const engine = threadEngine(data);

/** What tests ask the page. */
export const explorer = mountExplorer(document.body, engine, { tour });

/** When the page had its first picture, milliseconds after it was opened. */
export const firstView = performance.now();

Object.assign(globalThis, { explorer, engine, firstView });
