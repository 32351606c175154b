/** The images of a run, sample by sample, in one safetensors file that survives an interruption. */
import { ArgumentError, DataFormatError } from "../core/errors.ts";
import { type ImageBatch, imageBatch, type ImageShape } from "../core/image_batch.ts";
import { crc32 } from "../formats/crc32.ts";
import {
  parseSafetensors,
  type StoredTensor,
  tensorOffsets,
  writeSafetensors,
} from "../formats/safetensors.ts";
import { writeFileAtomic } from "./atomic_write.ts";
import { requireDeno } from "./require_deno.ts";

/**
 * Options of {@linkcode ImageStore.open}.
 *
 * @category Runs
 */
export interface ImageStoreOptions {
  /** Names of the images that each sample has. */
  readonly names: readonly string[];
  /** Number of samples. */
  readonly samples: number;
  /** Height, width, channels. */
  readonly imageShape: ImageShape;
  /** What is known from the start, such as the noise. */
  readonly known?: ReadonlyMap<string, StoredTensor>;
  /** Free text by key. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Tensor with the CRC-32 of each sample's images; 0: not there yet. */
const CHECKSUMS = "crc32";

/**
 * A safetensors file of float32 images `[samples, H, W, C]` by name, into which samples are written in
 * place, in any order. Samples that were not written are zeros, and so is their checksum in the tensor
 * `crc32`: one that an interruption cut short does not fit it, and is not {@linkcode done}. The finished
 * file is the same bytes however often the work was interrupted.
 *
 * @example
 * ```ts
 * import { ImageStore } from "@els/toolkit/training";
 * import { assertEquals } from "@std/assert";
 *
 * const path = `${await Deno.makeTempDir()}/images.safetensors`;
 * const options = { names: ["x0"], samples: 2, imageShape: [1, 2, 1] } as const;
 * {
 *   using images = await ImageStore.open(path, options);
 *   images.write(1, { x0: [0.5, -1] });
 * }
 * // Later: sample 1 is there, sample 0 is still to be made.
 * using images = await ImageStore.open(path, options);
 * assertEquals(images.done, [1]);
 * assertEquals([...images.read(1).x0!], [0.5, -1]);
 * ```
 *
 * @category Runs
 */
export class ImageStore implements Disposable {
  readonly #file: Deno.FsFile;
  /** What the file holds. */
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #offsets: ReadonlyMap<string, number>;
  readonly #options: ImageStoreOptions;

  private constructor(
    file: Deno.FsFile,
    { bytes, options }: { bytes: Uint8Array<ArrayBuffer>; options: ImageStoreOptions },
  ) {
    this.#file = file;
    this.#bytes = bytes;
    this.#offsets = tensorOffsets(bytes);
    this.#options = options;
  }

  /**
   * Opens a file, or begins one where there is none that holds what the options say.
   *
   * @throws RangeError if a name is taken by something else.
   */
  static async open(path: string, options: ImageStoreOptions): Promise<ImageStore> {
    requireDeno(`keep images in ${path}`);
    const { names, known = new Map<string, StoredTensor>() } = options;
    const taken = names.find((name) => name === CHECKSUMS || known.has(name));
    if (taken !== undefined) {
      throw new ArgumentError(
        `Cannot keep images called ${JSON.stringify(taken)}: the name is taken`,
      );
    }
    const empty = emptyFile(options);
    const there = await Deno.readFile(path).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    });
    const bytes = there !== undefined && isAlike(there, empty, known) ? there : empty;
    if (bytes === empty) await writeFileAtomic(path, empty);
    return new ImageStore(await Deno.open(path, { read: true, write: true }), { bytes, options });
  }

  /** Samples whose images are there, whole. */
  get done(): number[] {
    const all = Array.from({ length: this.#options.samples }, (_, sample) => sample);
    return all.filter((sample) => {
      const said = this.#view(CHECKSUMS, { at: sample, size: 1 }).getUint32(0, true);
      return said !== 0 && said === this.#checksumOf(sample);
    });
  }

  /** Writes the images of a sample, each of H W C values, by name. */
  write(sample: number, images: Readonly<Record<string, ArrayLike<number>>>): void {
    const { names, samples } = this.#options;
    const size = this.#size;
    if (!Number.isInteger(sample) || sample < 0 || sample >= samples) {
      throw new ArgumentError(`Cannot keep sample ${sample}: expected 0 to ${samples - 1}`);
    }
    const batches = names.map((name) => {
      const values = images[name];
      if (values?.length !== size) {
        throw new ArgumentError(
          `Cannot keep the image ${name} of sample ${sample}: found ${
            values?.length ?? "no"
          } values, expected ${size}`,
        );
      }
      return Float32Array.from(values);
    });
    names.forEach((name, i) => {
      const { buffer } = batches[i]!;
      this.#put(name, { at: sample * size, bytes: new Uint8Array(buffer) });
    });
    // Last, since it says that the others are there.
    const checksum = Uint32Array.of(this.#checksumOf(sample));
    this.#put(CHECKSUMS, { at: sample, bytes: new Uint8Array(checksum.buffer) });
  }

  /** The images of a sample by name. */
  read(sample: number): Record<string, Float32Array> {
    const size = this.#size;
    return Object.fromEntries(this.#options.names.map((name) => {
      const { byteOffset } = this.#view(name, { at: sample * size, size });
      return [name, new Float32Array(this.#bytes.slice(byteOffset, byteOffset + 4 * size).buffer)];
    }));
  }

  /** All images of a name, `[samples, H, W, C]`. */
  all(name: string): ImageBatch {
    const { samples, imageShape } = this.#options;
    const { byteOffset, byteLength } = this.#view(name, { at: 0, size: samples * this.#size });
    const data = new Float32Array(this.#bytes.slice(byteOffset, byteOffset + byteLength).buffer);
    return imageBatch(data, [samples, ...imageShape]);
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file.close();
  }

  get #size(): number {
    return this.#options.imageShape.reduce((a, b) => a * b);
  }

  /** Four-byte values of a tensor, from value `at` on. */
  #view(name: string, { at, size }: { at: number; size: number }): DataView {
    return new DataView(this.#bytes.buffer, this.#offsets.get(name)! + 4 * at, 4 * size);
  }

  #checksumOf(sample: number): number {
    const size = this.#size;
    return this.#options.names.reduce((crc, name) => {
      const { byteOffset } = this.#view(name, { at: sample * size, size });
      return crc32(this.#bytes.subarray(byteOffset, byteOffset + 4 * size), crc);
    }, 0);
  }

  #put(name: string, { at, bytes }: { at: number; bytes: Uint8Array }): void {
    const offset = this.#offsets.get(name)! + 4 * at;
    this.#bytes.set(bytes, offset);
    this.#file.seekSync(offset, Deno.SeekMode.Start);
    for (let rest = bytes; rest.length > 0;) rest = rest.subarray(this.#file.writeSync(rest));
  }
}

/** A file without any sample. */
function emptyFile(
  { names, samples, imageShape, known, metadata }: ImageStoreOptions,
): Uint8Array<ArrayBuffer> {
  const shape = [samples, ...imageShape];
  const length = shape.reduce((a, b) => a * b);
  return writeSafetensors(
    new Map<string, StoredTensor>([
      ...known ?? [],
      ...names.map((name) =>
        [name, { dtype: "F32", shape, data: new Float32Array(length) }] as const
      ),
      [CHECKSUMS, { dtype: "I32", shape: [samples], data: new Int32Array(samples) }],
    ]),
    metadata ? { metadata } : {},
  );
}

/** Whether a file has the tensors of another by name, type and shape, and the known ones by value. */
function isAlike(
  file: Uint8Array,
  other: Uint8Array,
  known: ReadonlyMap<string, StoredTensor>,
): boolean {
  try {
    const [found, expected] = [file, other].map((bytes) => parseSafetensors(bytes).tensors) as [
      Map<string, StoredTensor>,
      Map<string, StoredTensor>,
    ];
    const told = (tensors: Map<string, StoredTensor>) =>
      [...tensors].map(([name, { dtype, shape }]) => [name, dtype, ...shape].join()).join(";");
    return told(found) === told(expected) && [...known].every(([name, { data }]) => {
      const values = found.get(name)!.data;
      return data.every((value: number | bigint, i: number) => value === values[i]);
    });
  } catch (error) {
    // Damaged, or something else: it is begun anew.
    if (error instanceof DataFormatError) return false;
    throw error;
  }
}
