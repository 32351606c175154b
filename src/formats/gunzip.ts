/** Gzip, undone piece by piece: what unpacks to more than is allowed is never unpacked further. */
import {
  Z_BUF_ERROR,
  Z_NO_FLUSH,
  Z_OK,
  Z_STREAM_END,
  zlibInflate,
  zlibInflateInit2,
  ZStream,
} from "pako";
import { DataFormatError } from "../core/errors.ts";
import { checkLimit } from "./read_limits.ts";
import { joinedBytes } from "./joined_bytes.ts";

/** Where packed bytes come from, and how far they may be unpacked. */
export interface GunzipOptions {
  /** Path, or a name for the bytes, for error messages. */
  readonly source: string;
  /** Most bytes that they may unpack to. */
  readonly maxBytes: number;
}

/** Bytes that are unpacked at once: more than is allowed is noticed after so many. */
const pieceBytes = 2 ** 16;
/** Tells zlib that gzip is expected, and nothing else: 15 bits of window, and 16 for gzip. */
const gzipWindow = 31;

/** Whether bytes begin as gzip does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Undoes gzip: one member after the other, as programs that compress in pieces write them, and zeros after
 * the last, as tapes and some servers add them. The stream fails with a DataFormatError if the bytes are
 * truncated or damaged, or go on with anything else after the end, and with a ReadLimitError as soon as
 * they unpack to more than `maxBytes`.
 */
export function gunzipStream(
  packed: ReadableStream<Uint8Array<ArrayBuffer>>,
  options: GunzipOptions,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = packed.getReader();
  const pieces = unpackedPieces(reader, options);
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await pieces.next();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        // Nothing more is unpacked, and nobody waits for how that ends.
        reader.cancel().catch(() => {});
        throw error;
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

/** What the members of a gzip stream hold, one after the other. */
async function* unpackedPieces(
  reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>,
  { source, maxBytes: allowed }: GunzipOptions,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  const fail = (problem: string): never => {
    throw new DataFormatError(source, problem);
  };
  let unpacked = 0;
  let [members, isPadded] = [0, false];
  let member: ZStream | undefined;
  for (;;) {
    const { done, value: chunk } = await reader.read();
    if (done) break;
    for (let at = 0; at < chunk.length;) {
      if (member === undefined && members > 0 && (isPadded || chunk[at] === 0)) {
        isPadded = true;
        if (chunk[at++] !== 0) fail("after the gzip stream and zeros, the file goes on");
        continue;
      }
      member ??= openMember();
      const { piece, read, isEnd, problem } = inflatePiece(member, chunk.subarray(at));
      at += read;
      unpacked += piece.length;
      checkLimit("maxBytes", unpacked, { source, what: "the unpacked file", allowed });
      if (piece.length > 0) yield piece;
      if (problem !== undefined) {
        fail(
          members > 0 && member.total_out === 0
            ? `after the gzip stream, the file goes on with what is no gzip: ${problem}`
            : `the gzip stream is truncated or damaged: ${problem}`,
        );
      }
      if (isEnd) {
        member = undefined;
        members++;
      }
    }
  }
  if (member !== undefined || members === 0) {
    fail("the gzip stream is truncated or damaged: it ends before its last byte");
  }
}

function openMember(): ZStream {
  const member = new ZStream();
  zlibInflateInit2(member, gzipWindow);
  return member;
}

/** Unpacks until a piece is full, or the bytes are used up, or the member ends; checksums are compared. */
function inflatePiece(member: ZStream, bytes: Uint8Array) {
  Object.assign(member, { input: bytes, next_in: 0, avail_in: bytes.length });
  const output = new Uint8Array(pieceBytes);
  Object.assign(member, { output, next_out: 0, avail_out: output.length });
  const status = zlibInflate(member, Z_NO_FLUSH);
  // Between bytes to read and room to write, zlib always goes on.
  const isFine = status === Z_OK || status === Z_STREAM_END || status === Z_BUF_ERROR;
  return {
    piece: output.subarray(0, member.next_out),
    read: member.next_in,
    isEnd: status === Z_STREAM_END,
    problem: isFine ? undefined : member.msg || `zlib's error ${status}`,
  };
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
  return joinedBytes(parts);
}
