/**
 * A share of work that is split over processes or machines, as one file that says by itself what it is:
 * which share of what, over which samples (or images, or rows), and everything that decides its numbers.
 */
import { DataFormatError } from "../core/errors.ts";
import { quoted } from "../core/quoted.ts";
import { parseJson } from "../formats/parse_json.ts";
import { parseSafetensors, type StoredTensor, writeSafetensors } from "../formats/safetensors.ts";
import { writeFileAtomic } from "./atomic_write.ts";
import { isObject } from "./json_file.ts";
import { readIfThere } from "./kept_file.ts";
import type { RunConfig } from "./run_record.ts";

const FORMAT = "els-shard";
const VERSION = 1;

/** What work can be split over. */
export const shardedOver = ["samples", "images", "rows"] as const;

/** One of {@linkcode shardedOver}. */
export type ShardedOver = (typeof shardedOver)[number];

/** What a shard file says of itself. */
export interface ShardHeader {
  /** What was done, such as "calibrate" or "posterior". */
  readonly kind: string;
  /** What it is split over. */
  readonly over: ShardedOver;
  /** Number of the shard, from 1, and how many there are. */
  readonly index: number;
  readonly count: number;
  /** What it holds: items `from` up to `to`, which is not among them, of `total`. */
  readonly from: number;
  readonly to: number;
  readonly total: number;
  /**
   * Everything that decides the numbers, the same in all shards: checksums of network and data, seed,
   * sampler, schedule of scales, backend. Plain data.
   */
  readonly identity: RunConfig;
  /** Version of the toolkit that made it. */
  readonly toolkit: string;
  /** What merging needs beside, and what does not decide the numbers. Plain data. */
  readonly about?: RunConfig;
}

/** A shard: what it says of itself, and what it holds. */
export interface Shard {
  readonly header: ShardHeader;
  /** Arrays by name; those of items have them along their first axis. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Plain data by name. */
  readonly values?: Readonly<Record<string, unknown>>;
}

/** The items of one of so many shares, `from` up to `to`: as equal as can be, in their order. */
export function shardRange(
  total: number,
  { index, count }: Pick<ShardHeader, "index" | "count">,
): { readonly from: number; readonly to: number } {
  return {
    from: Math.floor((index - 1) * total / count),
    to: Math.floor(index * total / count),
  };
}

/** Name of the file of a shard, such as "shard-00002-of-00004.safetensors". */
export function shardFileName({ index, count }: Pick<ShardHeader, "index" | "count">): string {
  const digits = (n: number) => String(n).padStart(5, "0");
  return `shard-${digits(index)}-of-${digits(count)}.safetensors`;
}

/** The bytes of a shard file; the same shard gives the same bytes. */
export function shardBytes({ header, tensors, values = {} }: Shard): Uint8Array<ArrayBuffer> {
  return writeSafetensors(tensors, {
    checksum: true,
    metadata: {
      format: FORMAT,
      version: String(VERSION),
      header: JSON.stringify(header),
      values: JSON.stringify(values),
    },
  });
}

/** Writes a shard file, whole or not at all. */
export async function writeShard(path: string, shard: Shard): Promise<void> {
  await writeFileAtomic(path, shardBytes(shard));
}

/**
 * Reads a shard from the bytes of its file.
 *
 * @param source Path, or a name for the bytes, for error messages.
 * @throws DataFormatError if the bytes are damaged, no shard, or one of a later version of the format.
 */
export function parseShard(bytes: Uint8Array, source: string): Required<Shard> {
  const { tensors, metadata } = parseSafetensors(bytes, source, {
    ...{ maxText: bytes.length, checksum: "required", views: true },
  });
  const { format, version, header, values } = metadata;
  if (format !== FORMAT) {
    throw new DataFormatError(
      source,
      `it is no shard: its format is ${quoted(format ?? "unknown", 30)}, expected "${FORMAT}"`,
    );
  }
  if (version !== String(VERSION)) {
    throw new DataFormatError(
      source,
      `it is a shard of version ${quoted(version, 20)}, this release reads version ${VERSION}; ` +
        "merge with the release that made it",
    );
  }
  const json = (what: string, text: string | undefined) =>
    parseJson(text ?? "", { source, what, maxText: bytes.length, maxItems: bytes.length });
  return {
    header: checkHeader(json("its header", header), source),
    tensors,
    values: checkObject(json("its values", values), { source, what: "its values" }),
  };
}

/**
 * Reads a shard file.
 *
 * @returns Undefined if there is no such file.
 * @throws DataFormatError if it is damaged, no shard, or one of a later version of the format.
 */
export async function readShard(path: string): Promise<Required<Shard> | undefined> {
  const bytes = await readIfThere(path);
  return bytes && parseShard(bytes, path);
}

function checkObject(
  value: unknown,
  { source, what }: { readonly source: string; readonly what: string },
): Readonly<Record<string, unknown>> {
  if (!isObject(value)) throw new DataFormatError(source, `${what} is not a JSON object`);
  return value;
}

function checkHeader(value: unknown, source: string): ShardHeader {
  const header = checkObject(value, { source, what: "its header" });
  const fail = (field: string, expected: string): never => {
    const found = header[field] === undefined ? "missing" : quoted(header[field]);
    throw new DataFormatError(
      source,
      `in the header of the shard ${field} is ${found}, expected ${expected}`,
    );
  };
  const { kind, over, index, count, from, to, total, identity, toolkit, about } = header;
  if (typeof kind !== "string" || kind === "") fail("kind", "a word");
  if (!shardedOver.some((each) => each === over)) fail("over", `one of ${shardedOver.join(", ")}`);
  if (typeof toolkit !== "string") fail("toolkit", "a version");
  const isCount = (number: unknown): number is number =>
    Number.isSafeInteger(number) && (number as number) >= 0;
  if (!isCount(count) || count < 1) return fail("count", "a number of shards");
  if (!isCount(index) || index < 1 || index > count) return fail("index", `1 to ${count}`);
  if (!isCount(total)) return fail("total", "a number of items");
  if (!isCount(to) || to > total) return fail("to", `at most the ${total} that there are`);
  if (!isCount(from) || from > to) return fail("from", `at most ${to}, where it ends`);
  if (!isObject(identity)) fail("identity", "a JSON object");
  if (about !== undefined && !isObject(about)) fail("about", "a JSON object");
  return header as unknown as ShardHeader;
}
