/** The thread of a posterior worker. @module */
import { servePosterior } from "./serve_posterior.ts";

await servePosterior();
