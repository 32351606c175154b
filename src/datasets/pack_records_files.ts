/** Writing a long file of records so that it can be stopped at any time, by a power cut too. */
import type { Hash } from "node:crypto";
import { streamFile } from "./open_files.ts";
import type { ImportProgress } from "./source.ts";

/** Options of {@linkcode packRecords}. */
export interface PackRecordsOptions {
  /** The file to write; until it is whole it is called `target.part`, with `target.mark` beside it. */
  readonly target: string;
  /** Bytes of a record. */
  readonly recordBytes: number;
  /** Makes the records from `start` to before `end`. */
  readonly read: (start: number, end: number) => Promise<Uint8Array>;
  /** Stops it; what has been written is gone on with the next time. */
  readonly abort?: AbortSignal | undefined;
  /** Hears how many records are written. */
  readonly onProgress?: ImportProgress | undefined;
}

const atOnce = 256;
/** Rounds after which what is written is known to be on the disk. */
const roundsPerMark = 16;

/**
 * Writes `count` records. It goes on after those of an interrupted call that a mark vouches for: their
 * number and SHA-256, written when they were on the disk. What came later may be anything after a power
 * cut, zeros most often, and is made anew.
 */
export async function packRecords(count: number, options: PackRecordsOptions): Promise<void> {
  const { target, recordBytes, read, abort, onProgress } = options;
  const [temporary, mark] = [`${target}.part`, `${target}.mark`];
  // Imported when needed: a browser has no such module.
  const { createHash } = await import("node:crypto");
  const vouched = await readMark(
    { temporary, mark, recordBytes, count },
    () => createHash("sha256"),
  );
  const { hash } = vouched;
  let { done } = vouched;
  const out = await Deno.open(temporary, { create: true, write: true });
  try {
    await out.truncate(done * recordBytes);
    await out.seek(0, Deno.SeekMode.End);
    const vouch = async () => {
      await out.sync();
      await Deno.writeTextFile(`${mark}.new`, `${done} ${hash.copy().digest("hex")}\n`);
      await Deno.rename(`${mark}.new`, mark);
    };
    for (let round = 1; done < count; round++) {
      onProgress?.(done, count);
      if (abort?.aborted) {
        await vouch();
        abort.throwIfAborted();
      }
      const end = Math.min(done + atOnce, count);
      const records = await read(done, end);
      for (let at = 0; at < records.length;) at += await out.write(records.subarray(at));
      hash.update(records);
      done = end;
      if (round % roundsPerMark === 0) await vouch();
    }
    onProgress?.(done, count);
    await out.sync();
  } finally {
    out.close();
  }
  await Deno.rename(temporary, target);
  await Deno.remove(mark).catch(() => {});
}

/** How many records are here for sure, and the hash of them so far. */
async function readMark(
  { temporary, mark, recordBytes, count }: {
    readonly temporary: string;
    readonly mark: string;
    readonly recordBytes: number;
    readonly count: number;
  },
  createHash: () => Hash,
): Promise<{ done: number; hash: Hash }> {
  const none = { done: 0, hash: createHash() };
  const text = await Deno.readTextFile(mark).catch(() => "");
  const [, number, expected] = text.match(/^(\d{1,9}) ([0-9a-f]{64})\n$/) ?? [];
  const done = Number(number ?? 0);
  const bytes = done * recordBytes;
  const size = await Deno.stat(temporary).then(({ size }) => size, () => 0);
  if (done === 0 || done > count || size < bytes) return none;
  const hash = createHash();
  let left = bytes;
  for await (const chunk of await streamFile(temporary)) {
    hash.update(chunk.subarray(0, left));
    left -= Math.min(left, chunk.length);
    if (left === 0) break;
  }
  return hash.copy().digest("hex") === expected ? { done, hash } : none;
}
