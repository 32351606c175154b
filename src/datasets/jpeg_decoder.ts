/** MozJPEG's decoder, made anew whenever it has failed. */
import { ToolkitError } from "../core/errors.ts";
import { readRegularFile } from "../core/file_system.ts";

/** A decoded picture: red, green, blue and alpha of each pixel. */
export interface JpegPicture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

/** What is used of the WebAssembly build of MozJPEG. */
interface JpegModule {
  readonly HEAPU8: Uint8Array;
  decode(bytes: Uint8Array, preserveOrientation: boolean): JpegPicture | null;
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

/** Memory above which a decoder is not kept: WebAssembly never gives any back. */
const maxKeptBytes = 2 ** 26;

/** Where the WebAssembly lies: Deno's name for it, and that of Node and bundlers. */
const names = ["npm:@jsquash/jpeg@1.6.0/", "@jsquash/jpeg/"];

/** Compiles the WebAssembly, once for all decoders; undefined where it lies nowhere that can be told. */
async function compile(): Promise<WebAssembly.Module | undefined> {
  for (const name of names) {
    try {
      const address = import.meta.resolve(`${name}codec/dec/mozjpeg_dec.wasm`);
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

/**
 * Makes a function that decodes one JPEG.
 *
 * The library leaves by exit() when a file is damaged, which unwinds nothing: stack and memory of that
 * call are lost, and after a hundred such the decoder refuses everything. So one that has failed, or has
 * grown large, is thrown away.
 *
 * @returns A picture, or what libjpeg complained of.
 * @throws ToolkitError when it is called, if the decoder cannot be loaded.
 */
export async function createJpegDecoder(): Promise<
  (bytes: Uint8Array) => JpegPicture | readonly string[]
> {
  let complaints: string[] = [];
  const complain = (text: string) => void complaints.push(text);
  const { default: createModule } = await import("@jsquash/jpeg/codec/dec/mozjpeg_dec.js");
  const create = createModule as unknown as (options: ModuleOptions) => Promise<JpegModule>;
  const compiled = await compile();
  const options: ModuleOptions = { print: complain, printErr: complain };

  /** With the compiled WebAssembly at hand the loader does all its work before it returns. */
  const createAtOnce = (module: WebAssembly.Module): JpegModule => {
    const decoder = {
      ...options,
      instantiateWasm(imports: WebAssembly.Imports, receive: (it: WebAssembly.Instance) => void) {
        const instance = new WebAssembly.Instance(module, imports);
        receive(instance);
        return instance.exports;
      },
    };
    void create(decoder);
    return decoder as unknown as JpegModule;
  };
  let spare: JpegModule | Error | undefined;
  const renew = async () => {
    spare = await create({ ...options }).catch((error: Error) => error);
  };
  if (compiled === undefined) await renew();

  let decoder: JpegModule | undefined;
  return (bytes) => {
    decoder ??= compiled === undefined ? usable(spare) : createAtOnce(compiled);
    complaints = [];
    let picture: JpegPicture | null = null;
    try {
      picture = decoder.decode(bytes, false);
    } catch (error) {
      // The library leaves by exit(1) after saying why.
      if (complaints.length === 0) complain(error instanceof Error ? error.message : `${error}`);
    }
    if (complaints.length > 0 || picture === null || decoder.HEAPU8.length > maxKeptBytes) {
      decoder = undefined;
      // Until the next one is there the old one goes on: it bears some dozens of failures.
      if (compiled === undefined) void renew();
    }
    if (complaints.length > 0) return complaints;
    return picture ?? ["no image"];
  };
}

function usable(decoder: JpegModule | Error | undefined): JpegModule {
  if (decoder !== undefined && !(decoder instanceof Error)) return decoder;
  throw new ToolkitError("Cannot decode a JPEG: its decoder is missing", {
    cause: decoder,
    remedy: () => "keep @jsquash/jpeg out of the bundle, or convert the image to PNG",
  });
}
