/** Where shards leave their files, and the words of the commands that make and merge them. */
import { join } from "@std/path";
import { readShard, shardFileName } from "../../src/runs/shard_file.ts";
import { shellWord } from "./shell_word.ts";
import type { JobPlan } from "./job_plan.ts";

/** Folder of the shards' files in the folder of a job. */
export function shardFolder(folder: string): string {
  return join(folder, "shards");
}

/** Words that a shard's command line ends with, for a shell in which `$shard` is its number. */
export function shardWords({ shards }: Pick<JobPlan, "shards">, folder: string): string {
  return `--shard "$shard/${shards}" --shard-folder ${shellWord(shardFolder(folder))}`;
}

/** The command that merges. */
export function mergeWords({ merging }: Pick<JobPlan, "merging">, folder: string): string[] {
  return ["merge", shardFolder(folder), ...merging];
}

/** A shard whose file is there and whole. */
export interface DoneShard {
  readonly shard: number;
  readonly path: string;
}

/** Shards by what became of their files. */
export interface ShardFiles {
  readonly done: ReadonlyMap<number, DoneShard>;
  /** Files that cannot be read, with what is wrong with them. */
  readonly damaged: ReadonlyMap<number, string>;
}

/** Looks at the files of all shards. */
export async function shardFiles(
  { shards }: Pick<JobPlan, "shards">,
  folder: string,
): Promise<ShardFiles> {
  const done = new Map<number, DoneShard>();
  const damaged = new Map<number, string>();
  for (let shard = 1; shard <= shards; shard++) {
    const path = join(shardFolder(folder), shardFileName({ index: shard, count: shards }));
    try {
      if (await readShard(path) !== undefined) done.set(shard, { shard, path });
    } catch (error) {
      damaged.set(shard, (error as Error).message);
    }
  }
  return { done, damaged };
}
