import type { MachineName } from "./scale_schedule.ts";
import type { PatchRule } from "../posterior/patch_posterior.ts";

/**
 * What makes a machine: which training patches may match the patch around a query pixel. The
 * softmax over them is the same for all (see `PatchPosterior`).
 */
export interface MachineDefinition {
  /** Name in tables, as in the paper. */
  readonly name: MachineName;
  /** Which patches may match, and how the query is padded. */
  readonly rule: PatchRule;
  /** What the machine is, in a few words. */
  readonly description: string;
}
