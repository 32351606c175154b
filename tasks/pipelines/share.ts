/**
 * The part of a command's samples that a process does: all of them; one share, whose numbers become a shard
 * file; or none, where shards hold them all and are merged.
 */
import { join } from "@std/path";
import type { ImageBatch } from "../../src/core/image_batch.ts";
import type { StoredTensor } from "../../src/formats/safetensors.ts";
import type { ImageStore } from "../../src/runs/image_store.ts";
import { sha256Json, toolkit } from "../../src/runs/provenance.ts";
import { openRun, type Run } from "../../src/runs/run_folder.ts";
import type { RunConfig } from "../../src/runs/run_record.ts";
import { configDifferences } from "../../src/runs/run_summary.ts";
import {
  readShard,
  type Shard,
  shardFileName,
  type ShardHeader,
  shardRange,
  writeShard,
} from "../../src/runs/shard_file.ts";
import { rangeText, shardName } from "../../src/runs/shard_set.ts";
import { CommandError, type VerbResult } from "../cli/command.ts";
import { commandLine } from "../cli/invocation.ts";
import type { ProgressReporter } from "../cli/progress.ts";
import { type MergedShards, shardFilePattern } from "./merged_shards.ts";
import { requestedShard } from "./shard_flag.ts";

/** What a command tells of who does what. */
export interface ShareContext {
  readonly flags: object & {
    readonly shard?: string | undefined;
    readonly shardFolder?: string | undefined;
  };
  /** Shards that hold all that the command would compute. */
  readonly merging?: MergedShards | undefined;
  readonly progress: ProgressReporter;
  readonly print: (text: string) => void;
}

/** What is split. */
export interface Splitting {
  /** Folder of the runs, in which shards have a folder. */
  readonly out: string;
  readonly command: string;
  readonly label: string;
  readonly over: ShardHeader["over"];
  /** Samples, or rows, in all. */
  readonly total: number;
  /** What merging needs to know beside the flags, such as the devices. */
  readonly about?: RunConfig;
  readonly fresh?: boolean;
}

/** Flags that are of one process alone: a merge has its own. */
const ownFlags: ReadonlySet<string> = new Set([
  ...["shard", "shardFolder", "out", "fresh", "workers", "quiet", "json", "help", "version"],
]);

/** The share of one process. */
export type Share =
  | { readonly role: "whole" }
  | { readonly role: "merge"; readonly merged: MergedShards }
  | ShardWork;

/** All of the work. */
export const wholeShare: Share = { role: "whole" };

/**
 * Whether a command does a share only, or merges: what cannot be split is refused by its verb.
 *
 * @throws UsageError if the flag is no share.
 */
export function isSplit({ flags, merging }: Pick<ShareContext, "flags" | "merging">): boolean {
  return merging !== undefined || requestedShard(flags.shard) !== undefined;
}

/**
 * Opens the run of a share. Of all of the work, and of merged shards, that is an ordinary run; a shard has
 * one of its own beside its file, until it is done.
 */
export async function openShare(
  config: RunConfig,
  splitting: Splitting,
  context: ShareContext,
): Promise<{ readonly run: Run; readonly share: Share }> {
  const { out: root, command, label, fresh = false } = splitting;
  const { merging, flags } = context;
  if (merging !== undefined) {
    const run = await openRun({ root, command, label, config: mergedConfig(config, merging) });
    return { run, share: { role: "merge", merged: merging } };
  }
  const requested = requestedShard(flags.shard);
  if (requested === undefined) {
    return { run: await openRun({ root, command, label, config, fresh }), share: wholeShare };
  }
  const { total, over } = splitting;
  if (requested.count > total) {
    throw new CommandError(
      `${requested.count} shares of ${total} ${over}: expected at most as many as there are; ` +
        `${requested.by} says ${shardName(requested)}`,
    );
  }
  const share = await ShardWork.open(config, { splitting, requested, context });
  return { run: share.run, share };
}

/** Lets others open the run; what a shard that is done kept on the way is removed. */
export async function closeShare(
  { run, share }: { readonly run: Run; readonly share: Share },
): Promise<void> {
  if (share.role === "shard") await share[Symbol.asyncDispose]();
  else run[Symbol.dispose]();
}

/** The configuration of the run that shards are of, which must be what the merging command comes to. */
function mergedConfig(config: RunConfig, { header: { identity } }: MergedShards): RunConfig {
  // Where things are finished is no matter of what they are.
  const devices = new Set(["backend", "posterior"]);
  const difference = configDifferences(config, identity).find(({ name }) => !devices.has(name));
  if (difference === undefined) return identity;
  const { name, a, b } = difference;
  const text = (value: unknown) => JSON.stringify(value ?? "not given").slice(0, 60);
  throw new CommandError(
    `Cannot merge: ${name} is ${text(a)} here, and ${
      text(b)
    } in the shards; name the network, the ` +
      "schedule and the data that they were made with",
  );
}

/** One shard at work, or found done. */
export class ShardWork implements AsyncDisposable {
  readonly role = "shard";
  /** Its items, `from` up to `to`. */
  readonly from: number;
  readonly to: number;
  /** Run in which its work is kept until it is done. */
  readonly run: Run;
  /** Path of the file. */
  readonly path: string;
  readonly #header: ShardHeader;
  readonly #folder: string;
  readonly #workFolder: string;
  readonly #context: ShareContext;
  #done: boolean;

  private constructor(parts: {
    readonly run: Run;
    readonly header: ShardHeader;
    readonly folder: string;
    readonly workFolder: string;
    readonly done: boolean;
    readonly context: ShareContext;
  }) {
    const { run, header, folder, workFolder, done, context } = parts;
    this.run = run;
    this.#header = header;
    ({ from: this.from, to: this.to } = header);
    this.#folder = folder;
    this.#workFolder = workFolder;
    this.#context = context;
    this.#done = done;
    this.path = join(folder, shardFileName(header));
  }

  /** Opens the shard's own run, and looks whether its file is there. */
  static async open(
    config: RunConfig,
    { splitting, requested, context }: {
      readonly splitting: Splitting;
      readonly requested: { readonly index: number; readonly count: number; readonly by: string };
      readonly context: ShareContext;
    },
  ): Promise<ShardWork> {
    const { out, command, label, over, total, about = {}, fresh = false } = splitting;
    const { index, count, by } = requested;
    // As it is read again.
    const identity = JSON.parse(JSON.stringify(config)) as RunConfig;
    const flags = Object.fromEntries(
      Object.entries(context.flags).filter(([name]) => !ownFlags.has(name)),
    );
    const header: ShardHeader = {
      ...{ kind: command, over, index, count, ...shardRange(total, { index, count }), total },
      ...{ identity, toolkit, about: { ...about, flags } },
    };
    const hash = await sha256Json({ command, over, count, total, identity, toolkit });
    const words = label.toLowerCase().split(/[^a-z0-9_]+/).filter((word) => word !== "");
    const folder = context.flags.shardFolder ??
      join(out, "shards", [command, ...words, hash.slice(0, 8)].join("-"));
    const name = shardFileName(header);
    const workFolder = join(folder, name.replace(/^shard-(.*)\.safetensors$/, "work-$1"));
    const done = !fresh && await isWhole(join(folder, name), { header, context });
    await Deno.mkdir(folder, { recursive: true });
    const run = await openRun({ root: workFolder, command, label, config: identity, fresh });
    context.progress.note(
      `Shard ${shardName(header)} by ${by}: ${rangeText(header)} of ${total}${
        done ? ", which is there already" : run.resumed ? ", goes on" : ""
      }`,
    );
    return new ShardWork({ run, header, folder, workFolder, done, context });
  }

  /** Whether its file is there, whole: there is nothing left to do. */
  get done(): boolean {
    return this.#done;
  }

  /** Writes the file; what was kept on the way goes when the session ends. */
  async finish(content: Pick<Shard, "tensors" | "values">): Promise<VerbResult> {
    await writeShard(this.path, { header: this.#header, ...content });
    this.#done = true;
    return await this.result();
  }

  /** Says where the file is, and whether the others are there. */
  async result(): Promise<VerbResult> {
    const { index, count, from, to, total } = this.#header;
    const { print } = this.#context;
    let there = 0;
    for await (const { name } of Deno.readDir(this.#folder)) {
      if (shardFilePattern.test(name)) there++;
    }
    print(`Shard:   ${this.path}`);
    print(
      there === count
        ? `All ${count} are there: ${commandLine(`merge ${this.#folder}`)}`
        : `${there} of ${count} are there, in ${this.#folder}`,
    );
    return {
      finished: true,
      shard: { index, count, from, to, total },
      files: { shard: this.path },
      there,
    };
  }

  /** Removes what was kept on the way, once the shard is done. The run is closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.run[Symbol.dispose]();
    if (this.#done) await Deno.remove(this.#workFolder, { recursive: true }).catch(() => {});
  }
}

/**
 * Whether a shard's file is there, whole, and of the same work; a damaged one is made again.
 *
 * @throws CommandError if it is there and of other work.
 */
async function isWhole(
  path: string,
  { header, context }: { readonly header: ShardHeader; readonly context: ShareContext },
): Promise<boolean> {
  let there: Shard | undefined;
  try {
    there = await readShard(path);
  } catch (error) {
    context.progress.note(`${(error as Error).message}; it is made again`);
  }
  if (there === undefined) return false;
  const { about: _, ...own } = header;
  const { about: __, ...found } = there.header;
  if (await sha256Json(own) === await sha256Json(found)) return true;
  throw new CommandError(
    `Cannot write ${path}: it is a shard of other work; remove it, or name another --shard-folder`,
  );
}

/** The protocol of a share: its samples, by their numbers among all, with their classes. */
export function sharedProtocol<
  P extends {
    readonly samples: number;
    readonly first?: number | undefined;
    readonly labels?: readonly number[] | undefined;
  },
>(protocol: P, share: Share): P {
  if (share.role !== "shard") return protocol;
  const { from, to } = share;
  return {
    ...protocol,
    ...{ samples: to - from, first: from },
    ...protocol.labels && { labels: protocol.labels.slice(from, to) },
  };
}

/** Puts the images of merged shards into a store, those that it has not; `prefix` is that of their arrays. */
export function takeImages(images: ImageStore, share: Share, { prefix = "" } = {}): void {
  if (share.role !== "merge") return;
  const done = new Set(images.done);
  images.writeBatch(
    new Map(share.merged.images(prefix, images.names).filter(([sample]) => !done.has(sample))),
  );
}

/** Images as an array of a shard. */
export function imageTensor({ data, shape }: ImageBatch): StoredTensor {
  return { dtype: "F32", shape: [...shape], data: data as Float32Array<ArrayBuffer> };
}

/** All images of a store, as arrays of a shard. */
export function storedTensors(images: ImageStore, { prefix = "" } = {}): Map<string, StoredTensor> {
  return new Map(images.names.map((name) => [`${prefix}${name}`, imageTensor(images.all(name))]));
}
