/**
 * The container of a page's data: blocks by name, each deflated, so that a page unpacks what it shows first and
 * nothing more. The container is a safetensors file whose tensors are the deflated blocks.
 */
import { deflateSync } from "fflate";
import { DataFormatError } from "../../core/errors.ts";
import { parseSafetensors, writeSafetensors } from "../../formats/safetensors.ts";
import type { StoredTensor } from "../../formats/stored_tensor.ts";

const FORMAT = "els-explorer";
const VERSION = "1";

/** What a block holds: arrays by name, and texts. */
export interface Block {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly texts: Readonly<Record<string, string>>;
}

/** Deflated blocks by name, in the order in which a page wants them. */
export type Blocks = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/** Deflates; the same bytes on every machine. */
export function deflated(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return deflateSync(bytes, { level: 9 });
}

/** Inflates what {@linkcode deflated} gave, by the runtime's own means. */
export async function inflated(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Packs one block. */
export function packBlock({ tensors, texts }: Block): Uint8Array<ArrayBuffer> {
  return deflated(writeSafetensors(tensors, { metadata: texts }));
}

/**
 * Unpacks one block.
 *
 * @throws DataFormatError if it is damaged.
 */
export async function unpackBlock(bytes: Uint8Array<ArrayBuffer>, name: string): Promise<Block> {
  const source = `block ${name} of the page's data`;
  let whole: Uint8Array<ArrayBuffer>;
  try {
    whole = await inflated(bytes);
  } catch (error) {
    throw new DataFormatError(source, `it cannot be inflated: ${(error as Error).message}`);
  }
  const { tensors, metadata } = parseSafetensors(whole, source);
  return { tensors, texts: metadata };
}

/** Writes blocks as one file with a checksum. */
export function writeBlocks(blocks: Blocks): Uint8Array<ArrayBuffer> {
  const tensors = new Map<string, StoredTensor>(
    [...blocks].map(([name, data]) => [name, { dtype: "U8", shape: [data.length], data }]),
  );
  const order = JSON.stringify([...blocks.keys()]);
  return writeSafetensors(tensors, {
    metadata: { format: FORMAT, version: VERSION, order },
    checksum: true,
  });
}

/**
 * Reads what {@linkcode writeBlocks} wrote.
 *
 * @throws DataFormatError if it is damaged or another file.
 */
export function readBlocks(bytes: Uint8Array, source: string): Blocks {
  const { tensors, metadata } = parseSafetensors(bytes, source, { checksum: "required" });
  if (metadata.format !== FORMAT || metadata.version !== VERSION) {
    throw new DataFormatError(
      source,
      `its format is ${metadata.format} ${metadata.version}, expected ${FORMAT} ${VERSION}`,
    );
  }
  const order = JSON.parse(metadata.order ?? "[]") as string[];
  return new Map(
    order.map((name) => {
      const tensor = tensors.get(name);
      if (tensor?.dtype === "U8") return [name, tensor.data as Uint8Array<ArrayBuffer>];
      throw new DataFormatError(source, `it lacks the block ${name}`);
    }),
  );
}

/** Arrays of the kinds that blocks hold. */
interface Arrays {
  readonly U8: Uint8Array;
  readonly I32: Int32Array;
  readonly F32: Float32Array;
}

/**
 * An array of a block.
 *
 * @throws DataFormatError if there is none of this kind.
 */
export function arrayOf<D extends keyof Arrays>(
  { tensors }: Block,
  name: string,
  dtype: D,
): Arrays[D] {
  const tensor = tensors.get(name);
  if (tensor?.dtype === dtype) return tensor.data as Arrays[D];
  throw new DataFormatError("the page's data", `there is no ${name} of ${dtype}`);
}
