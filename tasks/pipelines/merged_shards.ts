/** All shards of one work, read from their files: what a merging command takes in place of computing it. */
import { join } from "@std/path";
import { ArgumentError, DataFormatError } from "../../src/core/errors.ts";
import type { StoredTensor } from "../../src/formats/safetensors.ts";
import { sha256Hex } from "../../src/core/sha256.ts";
import { readIfThere } from "../../src/runs/kept_file.ts";
import { parseShard, type Shard, type ShardHeader } from "../../src/runs/shard_file.ts";
import { type FoundShard, orderShards } from "../../src/runs/shard_set.ts";

/** Names of shard files. */
export const shardFilePattern = /^shard-\d{5,}-of-\d{5,}\.safetensors$/;

/** A shard with its file. */
type ReadShard = FoundShard & Required<Shard>;

/** The files of shards that words name: files as they are, of folders those that are named as shards. */
export async function shardPaths(words: readonly string[]): Promise<string[]> {
  const paths: string[] = [];
  for (const word of words) {
    if (!(await Deno.stat(word)).isDirectory) {
      paths.push(word);
      continue;
    }
    const names: string[] = [];
    for await (const { name } of Deno.readDir(word)) {
      if (shardFilePattern.test(name)) names.push(name);
    }
    if (names.length === 0) {
      throw new ArgumentError(
        `Cannot merge ${word}: it holds no shards, as commands with a share to do write them`,
      );
    }
    paths.push(...names.sort().map((name) => join(word, name)));
  }
  return [...new Set(paths)];
}

/** The whole of a work in shards, in their order. */
export class MergedShards {
  /** What all of them say; index, from and to are those of the first. */
  readonly header: ShardHeader;
  readonly #shards: readonly ReadShard[];

  private constructor(shards: readonly ReadShard[]) {
    this.#shards = shards;
    this.header = shards[0]!.header;
  }

  /**
   * Reads shards in any order.
   *
   * @throws DataFormatError or ArgumentError if they are not the whole of one work; see `orderShards`.
   */
  static async read(paths: readonly string[]): Promise<MergedShards> {
    const found: ReadShard[] = [];
    for (const source of paths) {
      const bytes = await readIfThere(source);
      if (bytes === undefined) throw new DataFormatError(source, "there is no such file");
      found.push({ source, sha256: await sha256Hex(bytes), ...parseShard(bytes, source) });
    }
    return new MergedShards(await orderShards(found));
  }

  /** How many there are. */
  get count(): number {
    return this.#shards.length;
  }

  /** Each shard: its items, arrays and values. */
  get each(): readonly (Required<Shard> & { readonly source: string })[] {
    return this.#shards;
  }

  /** Lists of a name of all shards, one behind the other. */
  list<T>(name: string): T[] {
    return this.#shards.flatMap(({ values }) => {
      const own = values[name];
      return Array.isArray(own) ? own as T[] : [];
    });
  }

  /** Values of an image of each item by name, item by item; names are of arrays `[items, ..]`. */
  *images(
    prefix: string,
    names: readonly string[],
  ): Generator<[number, Record<string, Float32Array>]> {
    for (const { source, header: { from, to }, tensors } of this.#shards) {
      const arrays = names.map((name) => {
        const tensor: StoredTensor | undefined = tensors.get(`${prefix}${name}`);
        if (tensor?.dtype !== "F32" || tensor.shape[0] !== to - from) {
          throw new DataFormatError(
            source,
            `it holds no ${prefix}${name} of ${to - from} samples`,
          );
        }
        return [name, tensor.data, tensor.data.length / (to - from)] as const;
      });
      for (let item = from; item < to; item++) {
        const at = item - from;
        yield [
          item,
          Object.fromEntries(
            arrays.map(([name, data, size]) => [name, data.subarray(at * size, (at + 1) * size)]),
          ),
        ];
      }
    }
  }
}
