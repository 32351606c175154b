/** A worker of a bundled program. */
import { servePosterior } from "@els/toolkit/machines";

await servePosterior();
