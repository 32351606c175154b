/** The images of a run, sample by sample, in one safetensors file that survives an interruption. */
import { ArgumentError } from "../core/errors.ts";
import { type ImageBatch, imageBatch, type ImageShape } from "../core/image_batch.ts";
import { crc32 } from "../formats/crc32.ts";
import { type StoredTensor, tensorOffsets, writeSafetensors } from "../formats/safetensors.ts";
import { writeFileAtomic } from "./atomic_write.ts";
import { readIfThere } from "./kept_file.ts";
import { requireDeno } from "./require_deno.ts";
import { salvage } from "./salvage_images.ts";
import { StoreFile } from "./store_file.ts";

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
  /** The file is known to be whole, and stays as it is where it holds the images that are asked for. */
  readonly whole?: boolean;
}

/**
 * Images of a sample by name, each of H W C values.
 *
 * @category Runs
 */
export type SampleImages = Readonly<Record<string, ArrayLike<number>>>;

/** Tensor with the CRC-32 of each sample's images; 0: not there yet. */
const CHECKSUMS = "crc32";

/**
 * A safetensors file of float32 images `[samples, H, W, C]` by name, into which samples are written in
 * place, in any order. Samples that were not written are zeros, and so is their checksum in the tensor
 * `crc32`: one that an interruption cut short does not fit it, and is not {@linkcode done}. Of a damaged
 * file the samples that fit stay. The finished file is the same bytes however often the work was
 * interrupted.
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
  #damage: string | undefined;
  readonly #file: StoreFile;
  /** What the file holds. */
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #offsets: ReadonlyMap<string, number>;
  readonly #options: ImageStoreOptions;

  private constructor(
    file: StoreFile,
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
    const there = await readIfThere(path);
    const { bytes, problem } = salvage(there, { empty, known, whole: options.whole ?? false });
    if (bytes !== there) await writeFileAtomic(path, bytes);
    const store = new ImageStore(await StoreFile.open(path), { bytes, options });
    const wrong = problem ?? store.#brokenSamples();
    if (wrong !== undefined) {
      const left = store.done.length;
      store.#damage = `${path}: ${wrong}; ${left} of its ${options.samples} samples are whole, ` +
        "the others are made again";
    }
    return store;
  }

  /** Samples whose images are there, whole. */
  get done(): number[] {
    return this.#written.filter((sample) => this.#said(sample) === this.#checksumOf(sample));
  }

  /** Names of the images that each sample has. */
  get names(): readonly string[] {
    return this.#options.names;
  }

  /** Number of samples, made and still to be made. */
  get samples(): number {
    return this.#options.samples;
  }

  /** Values of an image, H W C. */
  get valuesPerImage(): number {
    return this.#size;
  }

  /** What was wrong with the file, and what came of it; undefined if nothing was. */
  get damage(): string | undefined {
    return this.#damage;
  }

  /** Writes the images of a sample; they are on the disk when this returns. */
  write(sample: number, images: SampleImages): void {
    this.writeBatch(new Map([[sample, images]]));
  }

  /**
   * Writes the images of samples that were made together, which are on the disk when this returns. After
   * an interruption either all of them are {@linkcode done} or none.
   */
  writeBatch(batch: ReadonlyMap<number, SampleImages>): void {
    const { names, samples } = this.#options;
    const size = this.#size;
    const puts = [...batch].flatMap(([sample, images]) => {
      if (!Number.isInteger(sample) || sample < 0 || sample >= samples) {
        throw new ArgumentError(`Cannot keep sample ${sample}: expected 0 to ${samples - 1}`);
      }
      return names.map((name) => {
        const values = images[name];
        if (values?.length !== size) {
          throw new ArgumentError(
            `Cannot keep the image ${name} of sample ${sample}: found ${
              values?.length ?? "no"
            } values, expected ${size}`,
          );
        }
        const { buffer } = Float32Array.from(values);
        return { name, at: sample * size, bytes: new Uint8Array(buffer) };
      });
    });
    if (puts.length === 0) return;
    for (const { name, at, bytes } of puts) this.#put(name, { at, bytes });
    this.#file.sync();
    // Last and in one writing, since it says that the others are there.
    const numbers = [...batch.keys()];
    const [first, last] = [Math.min(...numbers), Math.max(...numbers)];
    const view = this.#view(CHECKSUMS, { at: first, size: last - first + 1 });
    const checksums = new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice();
    for (const sample of numbers) {
      new DataView(checksums.buffer)
        .setUint32(4 * (sample - first), this.#checksumOf(sample), true);
    }
    this.#put(CHECKSUMS, { at: first, bytes: checksums });
    this.#file.sync();
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
    this.#file[Symbol.dispose]();
  }

  get #size(): number {
    return this.#options.imageShape.reduce((a, b) => a * b);
  }

  /** Four-byte values of a tensor, from value `at` on. */
  #view(name: string, { at, size }: { at: number; size: number }): DataView {
    return new DataView(this.#bytes.buffer, this.#offsets.get(name)! + 4 * at, 4 * size);
  }

  /** Samples that were written, whole or not. */
  get #written(): number[] {
    const all = Array.from({ length: this.#options.samples }, (_, sample) => sample);
    return all.filter((sample) => this.#said(sample) !== 0);
  }

  /** Checksum that a sample was written with; 0 if it was not. */
  #said(sample: number): number {
    return this.#view(CHECKSUMS, { at: sample, size: 1 }).getUint32(0, true);
  }

  #brokenSamples(): string | undefined {
    const broken = this.#written.length - this.done.length;
    return broken === 0 ? undefined : `${broken} samples do not fit their checksums`;
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
    this.#file.writeAt(offset, bytes);
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
