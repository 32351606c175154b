/** Gzip, undone piece by piece: what unpacks to more than is allowed is never unpacked further. */
import { DataFormatError } from "../core/errors.ts";
import { checkLimit } from "./read_limits.ts";

/** Where packed bytes come from, and how far they may be unpacked. */
export interface GunzipOptions {
  /** Path, or a name for the bytes, for error messages. */
  readonly source: string;
  /** Most bytes that they may unpack to. */
  readonly maxBytes: number;
}

/** A piece of this size unpacks to 16 MiB at most. */
const pieceBytes = 2 ** 14;

/** Whether bytes begin as gzip does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Undoes gzip. The stream fails with a DataFormatError if the bytes are truncated or damaged, or go on
 * after the end, and with a ReadLimitError as soon as they unpack to more than `maxBytes`.
 */
export function gunzipStream(
  packed: ReadableStream<Uint8Array<ArrayBuffer>>,
  { source, maxBytes: allowed }: GunzipOptions,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = packed
    .pipeThrough(
      new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
        transform(chunk, controller) {
          for (let at = 0; at < chunk.length; at += pieceBytes) {
            controller.enqueue(chunk.subarray(at, at + pieceBytes));
          }
        },
      }),
    )
    .pipeThrough(new DecompressionStream("gzip"))
    .getReader();
  let unpacked = 0;
  return new ReadableStream({
    async pull(controller) {
      let result: ReadableStreamReadResult<Uint8Array<ArrayBuffer>>;
      try {
        result = await reader.read();
      } catch (error) {
        if (error instanceof DataFormatError) throw error;
        throw new DataFormatError(
          source,
          `the gzip stream is truncated or damaged: ${
            error instanceof Error ? error.message : error
          }`,
        );
      }
      if (result.done) return controller.close();
      unpacked += result.value.length;
      try {
        checkLimit("maxBytes", unpacked, { source, what: "the unpacked file", allowed });
      } catch (error) {
        // Nothing more is unpacked, and nobody waits for how that ends.
        reader.cancel().catch(() => {});
        throw error;
      }
      controller.enqueue(result.value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

/**
 * Undoes gzip where the bytes begin with gzip's magic number, and gives others back as they are.
 *
 * @throws ReadLimitError if they unpack to more than `maxBytes`.
 * @throws DataFormatError if the compressed bytes are truncated or damaged.
 */
export async function gunzipIfNeeded(
  bytes: Uint8Array,
  options: GunzipOptions,
): Promise<Uint8Array> {
  if (!isGzip(bytes)) return bytes;
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      controller.enqueue(bytes as Uint8Array<ArrayBuffer>);
      controller.close();
    },
  });
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = gunzipStream(stream, options).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    length += value.length;
  }
  return concatenated(parts, length);
}

/** Pieces of `length` bytes in all, as one. */
export function concatenated(parts: readonly Uint8Array[], length: number): Uint8Array {
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
