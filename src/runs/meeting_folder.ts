/** A folder that several processes, or machines, see, in which shards of training images meet. */
import { join } from "@std/path";
import type { MeetingPlace } from "../core/meeting_place.ts";
import { readShard, writeShard } from "./shard_file.ts";
import { toolkit } from "./provenance.ts";
import { removeStored } from "./store_file.ts";

const ending = ".safetensors";

/**
 * Makes a folder a place where shards of training images meet (see `meetingPosterior`). Each record is a shard
 * file, written whole or not at all, with checksums.
 *
 * @example
 * ```ts
 * import { meetingFolder } from "@els/toolkit/training";
 * import { assertEquals } from "@std/assert";
 *
 * const place = await meetingFolder(await Deno.makeTempDir());
 * assertEquals(await place.names(), []);
 * ```
 *
 * @param path The folder; made when missing.
 * @throws The system's error, such as `Deno.errors.PermissionDenied`.
 * @category Runs
 */
export async function meetingFolder(path: string): Promise<MeetingPlace> {
  await Deno.mkdir(path, { recursive: true });
  const fileOf = (name: string) => join(path, `${name}${ending}`);
  return {
    name: path,
    async write(name, { header, arrays }) {
      await writeShard(fileOf(name), {
        header: { kind: "meeting", over: "images", toolkit, ...header },
        tensors: new Map(
          Object.entries(arrays).map(([key, { shape, data }]) => [
            key,
            { dtype: "F64", shape, data },
          ]),
        ),
      });
    },
    async read(name) {
      const shard = await readShard(fileOf(name));
      if (shard === undefined) return undefined;
      const { index, count, from, to, total, identity, about = {} } = shard.header;
      const arrays = [...shard.tensors].flatMap(([key, { dtype, shape, data }]) =>
        dtype === "F64" ? [[key, { shape, data: Float64Array.from(data) }] as const] : []
      );
      return {
        header: { index, count, from, to, total, identity, about },
        arrays: Object.fromEntries(arrays),
      };
    },
    async names() {
      const names: string[] = [];
      for await (const { name, isFile } of Deno.readDir(path)) {
        if (isFile && name.endsWith(ending)) names.push(name.slice(0, -ending.length));
      }
      return names.sort();
    },
    async remove(name) {
      await removeStored(fileOf(name)).catch((error) => {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      });
    },
  };
}
