/** Decoders of pictures in WebAssembly, as Emscripten builds them; made anew whenever one has failed. */
import { ToolkitError } from "../core/errors.ts";
import { readRegularFile } from "../core/file_system.ts";

/** A decoded picture: red, green, blue and alpha of each pixel. */
export interface RgbaPicture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

/** What a decoder makes of a file. */
export interface CodecResult {
  /** Absent if it gave none. */
  readonly picture: RgbaPicture | undefined;
  /** What it wrote about it, a line each. */
  readonly said: readonly string[];
}

/** What is used of a decoder. */
interface CodecModule {
  readonly HEAPU8: Uint8Array;
  decode(bytes: Uint8Array, ...more: readonly unknown[]): RgbaPicture | null;
}

/** What Emscripten's loader takes. */
interface ModuleOptions {
  print(text: string): void;
  printErr(text: string): void;
  instantiateWasm?(
    imports: WebAssembly.Imports,
    receive: (instance: WebAssembly.Instance) => void,
  ): WebAssembly.Exports;
}

/** A decoder's parts. */
export interface CodecParts {
  /** Emscripten's loader. */
  readonly load: unknown;
  /** Where its package lies, with a slash: Deno's name for it, and that of Node and bundlers. */
  readonly packages: readonly string[];
  /** The WebAssembly in it. */
  readonly wasm: string;
  /** What its function takes beside the file. */
  readonly more: readonly unknown[];
  /** What it decodes, such as "JPEG". */
  readonly format: string;
}

/** Memory above which a decoder is not kept: WebAssembly never gives any back. */
const maxKeptBytes = 2 ** 26;

/** Compiles the WebAssembly; undefined where it lies nowhere that can be told. */
async function compile({ packages, wasm }: CodecParts): Promise<WebAssembly.Module | undefined> {
  for (const name of packages) {
    try {
      const address = import.meta.resolve(`${name}${wasm}`);
      if (!/^(file|https?):/.test(address)) continue;
      const bytes = address.startsWith("file:")
        ? await readRegularFile(new URL(address))
        : await (await fetch(address)).arrayBuffer();
      return await WebAssembly.compile(bytes);
    } catch {
      // The loader that comes with it may find it all the same.
    }
  }
  return undefined;
}

/** Decoders make objects of this class, which Node does not have. */
function provideImageData(): void {
  const scope = globalThis as { ImageData?: unknown };
  scope.ImageData ??= class ImageData {
    constructor(
      readonly data: Uint8ClampedArray,
      readonly width: number,
      readonly height: number,
    ) {}
  };
}

/**
 * Makes a function that decodes one picture.
 *
 * Some libraries leave by exit() when a file is damaged, which unwinds nothing: stack and memory of that
 * call are lost, and after a hundred such the decoder refuses everything. So one that has failed, or has
 * grown large, is thrown away.
 *
 * @throws ToolkitError when it is called, if the decoder cannot be loaded.
 */
export async function createWasmCodec(
  parts: CodecParts,
): Promise<(bytes: Uint8Array) => CodecResult> {
  let said: string[] = [];
  const hear = (text: string) => void said.push(text.trim());
  const create = parts.load as (options: ModuleOptions) => Promise<CodecModule>;
  const compiled = await compile(parts);
  const options: ModuleOptions = { print: hear, printErr: hear };
  provideImageData();

  /** With the compiled WebAssembly at hand the loader does all its work before it returns. */
  const createAtOnce = (module: WebAssembly.Module): CodecModule => {
    const decoder = {
      ...options,
      instantiateWasm(imports: WebAssembly.Imports, receive: (it: WebAssembly.Instance) => void) {
        const instance = new WebAssembly.Instance(module, imports);
        receive(instance);
        return instance.exports;
      },
    };
    void create(decoder);
    return decoder as unknown as CodecModule;
  };
  let spare: CodecModule | Error | undefined;
  const renew = async () => {
    spare = await create({ ...options }).catch((error: Error) => error);
  };
  if (compiled === undefined) await renew();

  let decoder: CodecModule | undefined;
  return (bytes) => {
    decoder ??= compiled === undefined ? usable(spare, parts) : createAtOnce(compiled);
    said = [];
    let picture: RgbaPicture | null = null;
    let failed = false;
    try {
      picture = decoder.decode(bytes, ...parts.more);
    } catch (error) {
      failed = true;
      // By exit(1), after saying why.
      if (said.length === 0) hear(error instanceof Error ? error.message : `${error}`);
    }
    if (failed || picture === null || decoder.HEAPU8.length > maxKeptBytes) {
      decoder = undefined;
      // Until the next one is there the old one goes on: it bears some dozens of failures.
      if (compiled === undefined) void renew();
    }
    if (picture === null) return { picture: undefined, said };
    // An ImageData does not spread.
    const { width, height, data } = picture;
    return { picture: { width, height, data }, said };
  };
}

function usable(decoder: CodecModule | Error | undefined, { packages, format }: CodecParts) {
  if (decoder !== undefined && !(decoder instanceof Error)) return decoder;
  throw new ToolkitError(`Cannot decode a ${format}: its decoder is missing`, {
    cause: decoder,
    remedy: () =>
      `keep ${packages.at(-1)!.replace(/\/$/, "")} out of the bundle, or convert the image to PNG`,
  });
}
