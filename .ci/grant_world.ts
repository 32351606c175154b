/** What the permissions of a command line depend on, as it is on this machine. */

import { basename, dirname, join } from "node:path";
import type { GrantWorld } from "./grants.ts";

/** More than any header of weights of ours; a damaged file may claim anything. */
const mostHeaderBytes = 1 << 20;

/** The header of a safetensors file; undefined where there is none. */
async function weightsHeader(path: string): Promise<unknown> {
  try {
    if (!(await Deno.lstat(path)).isFile) return undefined;
    using file = await Deno.open(path, { read: true });
    const start = new Uint8Array(8);
    if (await file.read(start) !== 8) return undefined;
    const bytes = Number(new DataView(start.buffer).getBigUint64(0, true));
    if (bytes > mostHeaderBytes) return undefined;
    const text = new Uint8Array(bytes);
    for (let at = 0; at < bytes;) {
      const count = await file.read(text.subarray(at));
      if (count === null) return undefined;
      at += count;
    }
    return JSON.parse(new TextDecoder().decode(text));
  } catch {
    return undefined; // none yet, or damaged: for the verb to say
  }
}

/** What weights remember of `--from`. */
async function rememberedBy(path: string): Promise<string | undefined> {
  const header = await weightsHeader(path) as
    | { readonly __metadata__?: Readonly<Record<string, unknown>> }
    | undefined;
  const found = header?.__metadata__?.["training"];
  if (typeof found !== "string") return undefined;
  try {
    const from = (JSON.parse(found) as { readonly from?: unknown } | null)?.from;
    return typeof from === "string" ? from : undefined;
  } catch {
    return undefined;
  }
}

async function rememberedPlaces(runs: string): Promise<string[]> {
  const places = new Set<string>();
  try {
    for await (const { name, isDirectory } of Deno.readDir(runs)) {
      if (!isDirectory || !/^\d{5,}-train\b/.test(name)) continue;
      const from = await rememberedBy(join(runs, name, "weights.safetensors"));
      if (from !== undefined) places.add(from);
    }
  } catch {
    // No runs yet.
  }
  return [...places];
}

/** Hosts of the addresses in the zoo's index; what ships has paths. */
async function zooHosts(root: string): Promise<string[]> {
  const text = await Deno.readTextFile(join(root, "data", "zoo", "index.json")).catch(() => "");
  const addresses = [...text.matchAll(/"address": *"(https:\/\/[^"]+)"/g)];
  return [...new Set(addresses.map(([, address]) => new URL(address!).host))];
}

const exists = (path: string) => Deno.lstat(path).then(() => true, () => false);

/** Links are followed as far as the path exists; the rest is as it is written. */
async function realPath(path: string): Promise<string> {
  try {
    return await Deno.realPath(path);
  } catch {
    const above = dirname(path);
    return above === path ? path : join(await realPath(above), basename(path));
  }
}

/** The world around a clone, for paths relative to the working directory. */
export function grantWorld(
  { root, npmCache }: Pick<GrantWorld, "root" | "npmCache">,
): GrantWorld {
  return {
    ...{ root, npmCache, cwd: Deno.cwd(), rememberedPlaces, realPath, exists },
    zooHosts: () => zooHosts(root),
  };
}
