/** Reading tar archives, plain or gzip, as a stream: nothing but the wanted files is ever held. */
import { DataFormatError } from "../core/errors.ts";
import { gunzipStream } from "../formats/gunzip.ts";
import { joinedBytes } from "../formats/joined_bytes.ts";
import { checkLimit, type ReadLimits } from "../formats/read_limits.ts";

/** A file of an archive. */
export interface TarFile {
  /** Path inside the archive. */
  readonly name: string;
  /** The whole file. */
  readonly bytes: Uint8Array;
}

/** What is passed over in an archive. */
export interface PassedOver {
  readonly name: string;
  readonly size: number;
  /** Whether it is a file, not a link. */
  readonly isFile: boolean;
}

/** Files of an archive, wanted or not. */
const usualFiles = 1_000_000;

/** Options of {@linkcode readTar}: at most `maxItems` files (a million). */
export interface ReadTarOptions extends Pick<ReadLimits, "maxItems"> {
  /** Path of the archive, for error messages. */
  readonly source: string;
  /** Most bytes that the archive may unpack to, in all. Each wanted file is held in memory as a whole. */
  readonly maxBytes: number;
  /** Which files are wanted, by path inside the archive and bytes; all when absent. */
  readonly wanted?: (name: string, size: number) => boolean;
  /** Is told of files that are not wanted, and of links. */
  readonly passedOver?: (member: PassedOver) => void;
}

const blockBytes = 512;

/**
 * The regular files of a tar archive that are wanted, in the archive's order. Gzip is undone where its
 * magic number is found. Links, folders and devices are passed over. Long names are known as GNU's tar and
 * POSIX (pax) write them.
 *
 * @throws ReadLimitError if it unpacks to more than `maxBytes`, or says so, or has more than `maxItems` files.
 * @throws DataFormatError if the archive is truncated or damaged.
 */
export async function* readTar(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  { source, wanted = () => true, passedOver, maxBytes, maxItems = usualFiles }: ReadTarOptions,
): AsyncGenerator<TarFile> {
  const plain = new ByteReader(stream, source);
  const head = await plain.peek(2);
  const reader = head[0] === 0x1f && head[1] === 0x8b
    ? new ByteReader(gunzipStream(plain.rest(), { source, maxBytes }), source)
    : plain;
  const limits = { source, what: "the archive" };
  let files = 0;
  let longName: string | undefined;
  try {
    for (;;) {
      const header = await reader.take(blockBytes);
      // A block of zeros ends an archive; what ends without one was cut off between two files.
      if (header === undefined) throw reader.truncated();
      if (header.every((byte) => byte === 0)) break;
      const { name: shortName, size, type } = parseHeader(header, { source, offset: reader.taken });
      // As declared: nothing is allocated, and nothing passed over, for a file that cannot be there.
      checkLimit("maxBytes", reader.taken + size, {
        ...limits,
        allowed: maxBytes,
        byteOffset: reader.taken - blockBytes,
      });
      checkLimit("maxItems", ++files, { ...limits, allowed: maxItems });
      const padding = -size & (blockBytes - 1);
      if (type === "name") {
        checkLimit("maxText", size, { source, what: "a long name", allowed: longestName });
        const bytes = await reader.take(size) ?? new Uint8Array(0);
        await reader.skip(padding);
        longName = header[156] === 0x4c ? untilZero(bytes) : paxPath(bytes) ?? longName;
        continue;
      }
      const name = longName ?? shortName;
      longName = undefined;
      const isFile = type === "file";
      if (isFile && wanted(name, size)) {
        const bytes = await reader.take(size);
        if (bytes === undefined) throw reader.truncated();
        await reader.skip(padding);
        yield { name, bytes };
      } else {
        if (isFile || type === "link") passedOver?.({ name, size, isFile });
        await reader.skip(size + padding);
      }
    }
    // To the very end: gzip's checksum comes last.
    await reader.drain();
  } finally {
    await reader.close();
  }
}

function parseHeader(
  header: Uint8Array,
  { source, offset }: { readonly source: string; readonly offset: number },
): { name: string; size: number; type: "file" | "link" | "name" | "other" } {
  const at = offset - blockBytes;
  const text = (from: number, length: number) => untilZero(header.subarray(from, from + length));
  const octal = (from: number, length: number) => {
    const digits = text(from, length).trim();
    return /^[0-7]{1,12}$/.test(digits) ? parseInt(digits, 8) : NaN;
  };
  // The checksum counts its own eight bytes as spaces.
  const sum = header.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 32 : byte), 0);
  const size = octal(124, 12);
  if (octal(148, 8) !== sum) {
    throw new DataFormatError(source, "a header's checksum is wrong: damaged, or no tar", at);
  }
  if (Number.isNaN(size)) {
    throw new DataFormatError(source, "a header states a size that is no octal number", at + 124);
  }
  const prefix = text(257, 5) === "ustar" ? text(345, 155) : "";
  const type = header[156]!;
  return {
    name: (prefix === "" ? "" : `${prefix}/`) + text(0, 100),
    size,
    type: type === 0 || type === 0x30
      ? "file"
      : type === 0x31 || type === 0x32
      ? "link"
      : type === 0x4c || type === 0x78
      ? "name"
      : "other",
  };
}

/** Bytes of a name, or of the records that hold one. */
const longestName = 2 ** 20;

/** Text that a zero byte ends. */
function untilZero(field: Uint8Array): string {
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
}

/** The path among the records of an extended header, "length key=value" each (POSIX, pax). */
function paxPath(bytes: Uint8Array): string | undefined {
  let path: string | undefined;
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at);
    const length = space < 0 ? NaN : Number(new TextDecoder().decode(bytes.subarray(at, space)));
    if (!Number.isInteger(length) || length <= space - at || at + length > bytes.length) break;
    const record = new TextDecoder().decode(bytes.subarray(space + 1, at + length - 1));
    if (record.startsWith("path=")) path = record.slice("path=".length);
    at += length;
  }
  return path;
}

/** Takes exact numbers of bytes from a stream of chunks. */
class ByteReader {
  readonly #chunks: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  readonly #source: string;
  #held: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  taken = 0;

  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>, source: string) {
    this.#chunks = stream.getReader();
    this.#source = source;
  }

  /** The next non-empty chunk; undefined at the end. */
  async #next(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    for (;;) {
      let result: ReadableStreamReadResult<Uint8Array<ArrayBuffer>>;
      try {
        result = await this.#chunks.read();
      } catch (error) {
        if (error instanceof DataFormatError) throw error;
        throw new DataFormatError(
          this.#source,
          `the archive cannot be read: ${error instanceof Error ? error.message : error}`,
        );
      }
      if (result.done) return undefined;
      if (result.value.length > 0) return result.value;
    }
  }

  /** Looks at up to `count` bytes without taking them. */
  async peek(count: number): Promise<Uint8Array> {
    while (this.#held.length < count) {
      const chunk = await this.#next();
      if (chunk === undefined) break;
      const joined = new Uint8Array(this.#held.length + chunk.length);
      joined.set(this.#held);
      joined.set(chunk, this.#held.length);
      this.#held = joined;
    }
    return this.#held.subarray(0, count);
  }

  /** Takes `count` bytes; undefined at the end of the stream. */
  async take(count: number): Promise<Uint8Array | undefined> {
    // No memory for bytes that are declared and never come.
    const parts: Uint8Array[] = [];
    const got = await this.#consume(count, (part) => parts.push(part));
    if (got === count) return joinedBytes(parts);
    if (got === 0) return undefined;
    throw this.truncated();
  }

  /** Passes over `count` bytes. */
  async skip(count: number): Promise<void> {
    if (await this.#consume(count, () => {}) < count) throw this.truncated();
  }

  /** Reads and forgets whatever is left. */
  async drain(): Promise<void> {
    while (await this.#next() !== undefined);
  }

  async #consume(count: number, use: (part: Uint8Array) => void): Promise<number> {
    let at = 0;
    while (at < count) {
      if (this.#held.length === 0) {
        const chunk = await this.#next();
        if (chunk === undefined) break;
        this.#held = chunk;
      }
      const part = this.#held.subarray(0, count - at);
      use(part);
      at += part.length;
      this.#held = this.#held.subarray(part.length);
    }
    this.taken += at;
    return at;
  }

  /** What has not been taken yet, as a stream. */
  rest(): ReadableStream<Uint8Array<ArrayBuffer>> {
    const pull = async (controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>) => {
      const chunk = this.#held.length > 0 ? this.#held : await this.#next();
      this.#held = new Uint8Array(0);
      if (chunk === undefined) controller.close();
      else controller.enqueue(chunk);
    };
    return new ReadableStream({ pull, cancel: () => this.close() });
  }

  async close(): Promise<void> {
    await this.#chunks.cancel().catch(() => {});
  }

  truncated(): DataFormatError {
    return new DataFormatError(
      this.#source,
      "the archive is truncated: it ends before its last block",
      this.taken,
    );
  }
}
