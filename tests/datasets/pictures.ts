/** Pictures as files, with the pixels that Pillow decodes from them: 12.3, of the others 9.4. */
import { parseSafetensors } from "../../src/formats/safetensors.ts";

async function read(file: string) {
  const path = new URL(`../fixtures/${file}`, import.meta.url);
  return parseSafetensors(await Deno.readFile(path)).tensors;
}

const usual = await read("pictures.safetensors");
const others = await read("pictures_others.safetensors");
const tensors = new Map([...usual, ...others]);

const namesOf = (some: ReadonlyMap<string, unknown>): readonly string[] =>
  [...some.keys()].filter((name) => name.endsWith("/pixels"))
    .map((name) => name.replace("/pixels", ""));

/** Names of JPEGs and PNGs of every kind that there are pixels of. */
export const pictureNames: readonly string[] = namesOf(usual);

/** Names of WebPs, BMPs, JPEGs in inks, and JPEGs that libjpeg warns of. */
export const otherNames: readonly string[] = namesOf(others);

/** Bytes and shape of one tensor, such as "jpeg_420/file". */
export function picture(name: string): {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly shape: readonly number[];
} {
  const { data, shape } = tensors.get(name)!;
  return { bytes: new Uint8Array(data as Uint8Array), shape };
}
