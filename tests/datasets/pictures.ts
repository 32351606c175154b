/** Pictures as files, with the pixels that Pillow 12.3 decodes from them. */
import { parseSafetensors } from "../../src/formats/safetensors.ts";

const path = new URL("../fixtures/pictures.safetensors", import.meta.url);
const { tensors } = parseSafetensors(await Deno.readFile(path));

/** Names of the pictures that there are pixels of. */
export const pictureNames: readonly string[] = [...tensors.keys()]
  .filter((name) => name.endsWith("/pixels"))
  .map((name) => name.replace("/pixels", ""));

/** Bytes and shape of one tensor, such as "jpeg_420/file". */
export function picture(name: string): {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly shape: readonly number[];
} {
  const { data, shape } = tensors.get(name)!;
  return { bytes: new Uint8Array(data as Uint8Array), shape };
}
