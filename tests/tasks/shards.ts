/** Commands whole, and in shards that are merged: what they leave must be the same bytes. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import type { Verb } from "../../tasks/cli/command.ts";
import { verb as merge } from "../../tasks/merge.ts";
import { runHere } from "./in_process.ts";

/** Files that name the run, or when it was made, and such that a test leaves out. */
const ofTheRun = /(^|[\\/])(\.lock|\.?config\.json(\.previous)?|\..*\.(previous|copy))$/;

/** Runs a command that must succeed. */
export async function succeed(verb: Verb, ...args: (string | number)[]) {
  const result = await runHere(verb, ...args);
  assertEquals(result.code, 0, result.err);
  return result;
}

/** Files of a folder by name. */
export async function filesOf(
  folder: string,
  leftOut: RegExp = /^$/,
): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (isFile && !ofTheRun.test(name) && !leftOut.test(name)) {
      files.set(name, await Deno.readFile(join(folder, name)));
    }
  }
  return new Map([...files].sort(([a], [b]) => a < b ? -1 : 1));
}

/** The only folder in a folder, beside those that begin with a dot. */
export async function onlyFolder(folder: string): Promise<string> {
  const names: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory && name !== "shards") names.push(name);
  }
  assertEquals(names.length, 1, names.join());
  return join(folder, names[0]!);
}

/** The folder of the shards of the one work in a folder of runs. */
export async function shardFolder(out: string): Promise<string> {
  return await onlyFolder(join(out, "shards"));
}

/** Runs a command whole and in shares, from the last to the first, and merges: both must leave the same files. */
export async function assertSameInShards(
  verb: Verb,
  args: readonly (string | number)[],
  { shards, leftOut, printed: same = true }: {
    readonly shards: number;
    /** Files that differ from run to run. */
    readonly leftOut?: RegExp;
    /** Whether what is printed must be the same, too. */
    readonly printed?: boolean;
  },
): Promise<{ readonly whole: string; readonly merged: string; readonly shards: string }> {
  const root = await Deno.makeTempDir();
  const [a, b] = [join(root, "whole"), join(root, "split")];
  const printed = await succeed(verb, ...args, "--out", a, "--shard", "none");
  for (let index = shards; index >= 1; index--) {
    await succeed(verb, ...args, "--out", b, "--shard", `${index}/${shards}`, "--workers", 1);
  }
  const folder = await shardFolder(b);
  const merged = await succeed(merge, folder, "--out", b);
  const [whole, joined] = [await onlyFolder(a), await onlyFolder(b)];
  const [expected, found] = [await filesOf(whole, leftOut), await filesOf(joined, leftOut)];
  assertEquals([...found.keys()], [...expected.keys()]);
  for (const [name, bytes] of expected) {
    const equal = found.get(name)!.length === bytes.length &&
      bytes.every((byte, i) => byte === found.get(name)![i]);
    assertEquals(equal, true, `${name} differs`);
  }
  if (same) assertEquals(merged.out.replaceAll(joined, whole), printed.out);
  return { whole, merged: joined, shards: folder };
}
