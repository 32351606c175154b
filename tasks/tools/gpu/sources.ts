/** Which sources a box has: a number of all that runs, and the commit where that is known. */
import { join } from "@std/path";
import { sha256Hex } from "../../../src/core/sha256.ts";
import { answerOf } from "./program.ts";

/** Files and folders that decide what a call does. */
const parts = ["mod.ts", "deno.json", "src", "tasks", "tests", "benchmarks"];

async function* filesIn(root: string, path: string): AsyncGenerator<string> {
  if (!(await Deno.stat(join(root, path))).isDirectory) return yield path;
  for await (const { name } of Deno.readDir(join(root, path))) {
    yield* filesIn(root, `${path}/${name}`);
  }
}

/** SHA-256 (hex) of the names and contents of the sources of a checkout. */
export async function sourcesSum(root: string): Promise<string> {
  const files: string[] = [];
  for (const part of parts) {
    for await (const file of filesIn(root, part)) files.push(file);
  }
  const lines: string[] = [];
  for (const file of files.sort()) {
    lines.push(`${await sha256Hex(await Deno.readFile(join(root, file)))} ${file}\n`);
  }
  return await sha256Hex(new TextEncoder().encode(lines.join("")));
}

/**
 * The commit of a checkout: git's, else that which pack.sh wrote down for the same sources.
 *
 * @param pack Text of `pack.txt`, where there is one.
 */
export async function commitOf(
  root: string,
  { sum, pack }: { readonly sum: string; readonly pack: string | undefined },
): Promise<string> {
  const git = async (...args: string[]) => {
    const answer = await answerOf(["git", "-C", root, ...args], { seconds: 30 });
    return answer?.code === 0 ? answer.out : undefined;
  };
  const commit = await git("rev-parse", "HEAD");
  if (commit !== undefined) {
    return commit + (await git("status", "--porcelain") ? " with changes" : "");
  }
  const [, packed] = pack?.match(/^sources (.*)$/m) ?? [];
  return packed === sum ? pack!.match(/^commit (.*)$/m)?.[1] ?? "unknown" : "unknown";
}

if (import.meta.main) console.log(`sources ${await sourcesSum(Deno.args[0] ?? ".")}`);
