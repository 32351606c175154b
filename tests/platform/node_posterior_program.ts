/** A thread of Node that computes posteriors. */
import { parentPort } from "node:worker_threads";
import { servePosterior } from "@els/toolkit/machines";

await servePosterior(parentPort!);
