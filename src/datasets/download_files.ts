/** Fetching published files over HTTP: resumable, verified, there whole or not at all. */
import { DataFormatError, type Remedy, ToolkitError } from "../core/errors.ts";
import { kindOf, streamFile } from "./open_files.ts";
import type { OfficialFile } from "./source.ts";

/** A file to fetch. */
export interface FetchedFile extends OfficialFile {
  /** What to do where it cannot be fetched; default: get it another way and name it with `from`. */
  readonly remedy?: Remedy;
}

/** A file cannot be fetched; the message is one line that says why and what to do. */
export class DownloadError extends ToolkitError {
  /** Name of the class. */
  override readonly name = "DownloadError";
}

/** Options of {@linkcode download}. */
export interface DownloadOptions {
  /** Where to fetch it from. */
  readonly url: string;
  /** Where to put it; the folder must exist. */
  readonly path: string;
  /** Stops it; what has come so far is kept for the next time. */
  readonly abort?: AbortSignal | undefined;
  /** Called with the bytes that are here. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
  /** Called with one line about what happens besides. */
  readonly onNote?: ((text: string) => void) | undefined;
  /** Failures in a row, without a byte between them, after which it gives up. Default 5. */
  readonly attempts?: number;
  /** Broken connections in all after which it gives up, however much each brought. Default 200. */
  readonly maxBroken?: number;
  /** Milliseconds without a byte after which a connection counts as broken. Default 30,000. */
  readonly stallMs?: number;
  /** Milliseconds before the second attempt, doubled each time. Default 1,000. */
  readonly pauseMs?: number;
}

/**
 * Fetches a file to `path` and verifies size and checksum. What an earlier call left in `path.part` is
 * gone on with (HTTP range); the file gets its name when it is whole and right.
 *
 * @returns "kept" if the right file was there already, else "fetched".
 * @throws DownloadError if the server does not have the file, has another one, sends to another host, or
 * cannot be reached, or another process is fetching it.
 * @throws DataFormatError if what was fetched has another checksum; it is removed.
 */
export async function download(
  file: FetchedFile,
  options: DownloadOptions,
): Promise<"kept" | "fetched"> {
  const { path, abort, onNote } = options;
  abort?.throwIfAborted();
  if (await kindOf(path) === "file") {
    if (await problemWith(file, path, abort) === undefined) return "kept";
    onNote?.(`${path} is not the published file: fetching it again`);
  }
  const partial = `${path}.part`;
  const part = await Deno.open(partial, { create: true, read: true, write: true });
  try {
    await fetchInto(part, file, options);
    await Deno.rename(partial, path);
  } finally {
    part.close();
  }
  return "fetched";
}

/** Fetches what is missing of a file until it is whole and right. */
async function fetchInto(
  part: Deno.FsFile,
  file: FetchedFile,
  options: DownloadOptions,
): Promise<void> {
  const { url, path, abort, onProgress, onNote } = options;
  const { attempts = 5, maxBroken = 200, stallMs = 30_000, pauseMs = 1000 } = options;
  const partial = `${path}.part`;
  if (!await part.tryLock(true)) {
    throw new DownloadError(`Cannot fetch ${url}: another process is fetching ${path}`);
  }
  const { size, isFile } = await part.stat();
  if (!isFile) throw new DataFormatError(partial, "expected a regular file; remove what is there");
  let have = size;
  let resumed = have > 0;
  if (resumed) onNote?.(`Going on after ${have.toLocaleString("en")} bytes of ${file.name}`);
  const restart = async () => {
    await part.truncate(0);
    have = 0;
    resumed = false;
  };
  if (have > file.bytes) await restart();

  for (let failures = 0, broken = 0;;) {
    const before = have;
    try {
      if (have < file.bytes) {
        const { body, from } = await request(url, { file, have, abort, stallMs });
        if (from === 0 && have > 0) await restart();
        await part.seek(have, Deno.SeekMode.Start);
        for await (const chunk of body) {
          if (have + chunk.length > file.bytes) {
            await restart();
            throw new DownloadError(tooLong(url, file));
          }
          await writeAll(part, chunk);
          have += chunk.length;
          onProgress?.(have);
        }
        if (have < file.bytes) throw new Broken(`the connection ended after ${have} bytes`);
      }
      await part.sync();
      const problem = await problemWith(file, partial, abort);
      if (problem === undefined) break;
      if (!resumed) {
        await Deno.remove(partial);
        throw new DataFormatError(url, `${problem}, and was removed`, {
          remedy: (say) => `try again, or ${byHand(file)(say)}`,
        });
      }
      onNote?.(`${file.name}: ${problem}; fetching it from the beginning`);
      await restart();
    } catch (error) {
      abort?.throwIfAborted();
      if (!(error instanceof Broken)) {
        if (have === 0) await Deno.remove(partial).catch(() => {});
        throw error;
      }
      if (error.restart) await restart();
      failures = have > before ? 1 : failures + 1;
      // A server that sends a byte at a time would else be asked for ever.
      if (failures >= attempts || ++broken >= maxBroken) {
        if (have === 0) await Deno.remove(partial).catch(() => {});
        throw new DownloadError(
          `Cannot fetch ${url}: ${error.message}; ` +
            (have > 0 ? "the same command goes on from there" : "check the connection"),
        );
      }
      onNote?.(`${file.name}: ${error.message}; trying again`);
      await pause(pauseMs * 2 ** (failures - 1), abort);
    }
  }
}

/** Something that may go better next time. */
class Broken extends Error {
  /** Whether what is here has to be thrown away first. */
  readonly restart: boolean;
  constructor(message: string, { restart = false }: { readonly restart?: boolean } = {}) {
    super(message);
    this.restart = restart;
  }
}

const tooLong = (url: string, { bytes }: FetchedFile) =>
  `Cannot fetch ${url}: the server has another file, longer than the ${bytes} bytes expected`;

/** Asks for the bytes from `have` on; `from` is where the answer begins, 0 or `have`. */
async function request(
  url: string,
  { file, have, abort, stallMs }: {
    readonly file: FetchedFile;
    readonly have: number;
    readonly abort: AbortSignal | undefined;
    readonly stallMs: number;
  },
): Promise<{ body: AsyncIterable<Uint8Array>; from: number }> {
  const watch = new Watchdog(stallMs, abort);
  try {
    const response = await watch.race(follow(url, file, {
      // Compressed on the way, sizes and ranges would mean something else.
      headers: { "accept-encoding": "identity", ...have > 0 && { range: `bytes=${have}-` } },
      signal: watch.signal,
    }));
    const { status, headers, body } = response;
    const give = async (error: Error): Promise<never> => {
      await body?.cancel().catch(() => {});
      throw error;
    };
    const said = `the server answers ${status}${
      response.statusText ? ` ${response.statusText}` : ""
    }`;
    if (status === 416) await give(new Broken(said, { restart: true }));
    if (status >= 500 || status === 408 || status === 429) await give(new Broken(said));
    if (status !== 200 && status !== 206) {
      await give(
        new DownloadError(`Cannot fetch ${url}: ${said}`, { remedy: byHand(file) }),
      );
    }
    if (status === 206) {
      const range = headers.get("content-range") ?? "none";
      const [, start, total] = range.match(/^bytes (\d+)-\d+\/(\d+|\*)$/) ?? [];
      if (Number(start) !== have) {
        await give(new Broken(`the server sent the range ${range}`, { restart: true }));
      }
      if (total !== "*" && Number(total) !== file.bytes) {
        await give(otherSize(url, { found: total!, file }));
      }
    } else {
      const length = headers.get("content-length");
      if (length !== null && Number(length) !== file.bytes) {
        await give(otherSize(url, { found: length, file }));
      }
    }
    return { body: watched(body, watch), from: status === 206 ? have : 0 };
  } catch (error) {
    watch.end();
    throw watch.explain(error);
  }
}

/** Redirections that are followed, one after the other. */
const maxRedirects = 5;

/** Fetches; redirections are followed as long as they stay where the caller wants to go. */
async function follow(url: string, file: FetchedFile, init: RequestInit): Promise<Response> {
  let target = new URL(url);
  for (let hops = 0;; hops++) {
    const response = await fetch(target, { ...init, redirect: "manual" });
    const location = response.headers.get("location");
    if (![301, 302, 303, 307, 308].includes(response.status) || location === null) return response;
    await response.body?.cancel().catch(() => {});
    const next = URL.canParse(location, target) ? new URL(location, target) : undefined;
    if (hops === maxRedirects || next === undefined) {
      throw new DownloadError(`Cannot fetch ${url}: the server sends around in circles`, {
        remedy: byHand(file),
      });
    }
    // From http to https on the same host is what servers do; every other host is the caller's choice.
    const upgraded = next.protocol === "https:" && target.protocol === "http:" &&
      next.hostname === target.hostname && next.port === "" && target.port === "";
    if (next.origin !== target.origin && !upgraded) {
      throw new DownloadError(`Cannot fetch ${url}: the server sends to another, ${next.origin}`, {
        remedy: file.remedy ??
          ((say) =>
            `if you trust that one, name the folder there with ${
              say.option("mirror", new URL(".", next).href)
            }`),
      });
    }
    target = next;
  }
}

const otherSize = (url: string, { found, file }: { found: string; file: FetchedFile }) =>
  new DownloadError(
    `Cannot fetch ${url}: the server has another file of ${found} bytes, expected ${file.bytes}`,
    { remedy: byHand(file) },
  );

const byHand = ({ name, remedy }: FetchedFile): Remedy =>
  remedy ?? ((say) => `fetch ${name} by another way and name it with ${say.option("from")}`);

async function* watched(
  body: ReadableStream<Uint8Array> | null,
  watch: Watchdog,
): AsyncGenerator<Uint8Array> {
  const reader = (body ?? new Blob([]).stream()).getReader();
  try {
    for (;;) {
      const { done, value } = await watch.race(reader.read());
      if (done) break;
      watch.feed();
      yield value;
    }
  } catch (error) {
    throw watch.explain(error);
  } finally {
    watch.end();
    await reader.cancel().catch(() => {});
  }
}

/**
 * Stops a request that sends nothing for a while, or that nobody wants any more. A signal that depends on
 * others (`AbortSignal.any`) is lost to Deno's garbage collector, and a request with it goes on to its end:
 * so this one has its own, and what is waited for is let go by a promise.
 */
class Watchdog {
  readonly #controller = new AbortController();
  readonly #ms: number;
  readonly #abort: AbortSignal | undefined;
  readonly #stopped: Promise<never>;
  readonly #onAbort: () => void;
  readonly #onStall: () => void;
  #stalled = false;
  #timer: ReturnType<typeof setTimeout>;

  constructor(ms: number, abort: AbortSignal | undefined) {
    this.#ms = ms;
    this.#abort = abort;
    let stop = (_: unknown) => {};
    this.#stopped = new Promise((_, reject) => stop = reject);
    // It may stop while nothing is waited for.
    this.#stopped.catch(() => {});
    this.#onAbort = () => {
      stop(abort!.reason);
      this.#controller.abort(abort!.reason);
    };
    this.#onStall = () => {
      this.#stalled = true;
      stop(new Broken(`nothing came for ${ms / 1000} s`));
      this.#controller.abort();
    };
    this.#timer = setTimeout(this.#onStall, ms);
    abort?.addEventListener("abort", this.#onAbort, { once: true });
    if (abort?.aborted) this.#onAbort();
  }

  /** For the request. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** What is waited for, unless this stops first. */
  race<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#stopped]);
  }

  /** The error to throw for one that the network gave: broken connections are TypeErrors there. */
  explain(error: unknown): unknown {
    if (this.#stalled) return new Broken(`nothing came for ${this.#ms / 1000} s`);
    if (!(error instanceof TypeError)) return error;
    const { message } = error.cause instanceof Error ? error.cause : error;
    return new Broken(message.replace(/^error sending request for url \(.*?\): /, ""));
  }

  feed(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#onStall, this.#ms);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#abort?.removeEventListener("abort", this.#onAbort);
  }
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}

function pause(ms: number, abort: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(abort!.reason);
    };
    const timer = setTimeout(() => {
      abort?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    abort?.addEventListener("abort", stop, { once: true });
  });
}

/**
 * What is wrong with a file, by its published size and checksum; undefined if it is right.
 *
 * @param abort Stops the reading of a large file.
 */
export async function problemWith(
  { bytes, checksum: { algorithm, hex } }: FetchedFile,
  path: string,
  abort?: AbortSignal,
): Promise<string | undefined> {
  const { size } = await Deno.stat(path);
  if (size !== bytes) {
    return `${size < bytes ? "truncated: " : ""}${size} bytes, expected ${bytes}`;
  }
  // Imported when needed: a browser has no such module.
  const { createHash } = await import("node:crypto");
  const hash = createHash(algorithm);
  for await (const chunk of await streamFile(path)) {
    abort?.throwIfAborted();
    hash.update(chunk);
  }
  const found = hash.digest("hex");
  const name = algorithm === "md5" ? "MD5" : "SHA-256";
  return found === hex ? undefined : `its ${name} is ${found}, expected ${hex}`;
}
