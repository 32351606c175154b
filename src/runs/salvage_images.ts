/** What can be taken over of a file of images, whole or damaged. */
import { DataFormatError } from "../core/errors.ts";
import { parseSafetensors, type StoredTensor, tensorOffsets } from "../formats/safetensors.ts";

/** What a file is compared with. */
interface Expected {
  /** The file without any sample. */
  readonly empty: Uint8Array<ArrayBuffer>;
  /** Tensors that are known from the start. */
  readonly known: ReadonlyMap<string, StoredTensor>;
  /** The file is known to be whole. */
  readonly whole: boolean;
}

/** Bytes to go on with, and what is wrong with those that are there. */
interface Salvaged {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Undefined if nothing is. */
  readonly problem?: string;
}

/**
 * The file as it is, if it has the layout that is expected; else one of this layout with every value that
 * is left. Which samples are whole the checksums of the samples say.
 */
export function salvage(
  there: Uint8Array<ArrayBuffer> | undefined,
  { empty, known, whole }: Expected,
): Salvaged {
  if (there === undefined) return { bytes: empty };
  const layout = layoutOf(there);
  const expected = layoutOf(empty)!;
  if (layout !== undefined && layout.told !== expected.told) {
    return { bytes: empty, problem: "it holds other images than this run makes" };
  }
  // Without a header of its own the file is as long as it should be, or was: an offset tells what is what.
  const offsets = layout?.offsets ?? expected.offsets;
  const end = usedLength(there);
  let knownIsWhole = true;
  for (const name of known.keys()) {
    const wanted = part(empty, expected.offsets, name, empty.length);
    const found = part(there, offsets, name, end);
    if (found.some((byte, i) => byte !== wanted[i])) {
      return { bytes: empty, problem: `its ${name} is not that of this run` };
    }
    const all = part(there, offsets, name, there.length);
    knownIsWhole &&= all.length === wanted.length && all.every((byte, i) => byte === wanted[i]);
  }
  const { dataStart } = expected;
  const sameHeader = there.length === empty.length &&
    empty.subarray(0, dataStart).every((byte, i) => byte === there[i]);
  if (knownIsWhole && (sameHeader || (whole && layout !== undefined))) return { bytes: there };
  const bytes = empty.slice();
  for (const name of expected.offsets.keys()) {
    if (known.has(name)) continue;
    bytes.set(part(there, offsets, name, end), expected.offsets.get(name)!.begin);
  }
  // Another release may tell other things of the same images.
  if (layout !== undefined && knownIsWhole) return { bytes };
  const lost = empty.length - end;
  const problem = lost > 0 ? `the file ends ${lost} bytes too early` : "its header is damaged";
  return { bytes, problem };

  /** The bytes of a tensor as far as a file has them. */
  function part(
    file: Uint8Array,
    places: ReadonlyMap<string, { readonly begin: number; readonly length: number }>,
    name: string,
    end: number,
  ): Uint8Array {
    const { begin, length } = places.get(name)!;
    return file.subarray(begin, Math.max(begin, Math.min(begin + length, end)));
  }
}

/** Length without the zeros at the end, which a power cut may have left in place of what was written. */
function usedLength(bytes: Uint8Array): number {
  return bytes.findLastIndex((byte) => byte !== 0) + 1;
}

/** Names, types, shapes and places of a file's tensors; undefined if it is damaged. */
function layoutOf(bytes: Uint8Array) {
  try {
    const { tensors } = parseSafetensors(bytes);
    const places = tensorOffsets(bytes);
    const offsets = new Map(
      [...tensors].map(([name, { data }]) =>
        [name, { begin: places.get(name)!, length: data.byteLength }] as const
      ),
    );
    const told = [...tensors].map(([name, { dtype, shape }]) => [name, dtype, ...shape].join());
    const dataStart = Math.min(...places.values());
    return { offsets, told: told.join(";"), dataStart };
  } catch (error) {
    if (error instanceof DataFormatError) return undefined;
    throw error;
  }
}
