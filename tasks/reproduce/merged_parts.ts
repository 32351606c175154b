/** What shards of a reproduction have done, put where one that did all of it would have it. */
import { join } from "@std/path";
import type { MergedShards } from "../pipelines/merged_shards.ts";
import type { Ledger } from "./ledger.ts";
import type { ExperimentRecord } from "./run_experiment.ts";
import type { AblationRecord } from "./scale_ablation.ts";

/** The document of merged shards: beside the runs, since what ships is made by its own command. */
export function mergedDocument(runs: string, profile: string): string {
  return join(runs, `results-${profile}.md`);
}

/**
 * Keeps all records in the ledger.
 *
 * @returns Names of the experiments whose data set no shard could find.
 */
export async function keepMerged(merged: MergedShards, ledger: Ledger): Promise<Set<string>> {
  for (const record of merged.list<ExperimentRecord>("experiments")) {
    await ledger.keepExperiment(record);
  }
  for (const record of merged.list<AblationRecord>("ablations")) await ledger.keepAblation(record);
  return new Set(merged.list<string>("missing"));
}
