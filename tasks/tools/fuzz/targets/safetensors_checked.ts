/** safetensors with the checksum that this package adds: nothing changed is accepted. */
import type { Random } from "../../../../src/core/random.ts";
import {
  parseSafetensors,
  type StoredTensor,
  writeSafetensors,
} from "../../../../src/formats/safetensors.ts";
import { oneIn } from "../bytes.ts";
import { pick } from "../mutate.ts";
import { type FuzzInput, type FuzzTarget, reads, refused } from "../target.ts";

function tensorsOf(random: Random): Map<string, StoredTensor> {
  const names = ["bias", "weight", "state.step"].slice(0, random.integer(4));
  return new Map(names.map((name, i) => {
    const data = random.normals(1 + random.integer(6));
    return [name, { dtype: i === 1 ? "F16" : "F32", shape: [data.length], data }];
  }));
}

const plain = (bytes: Uint8Array, source: string) => {
  // Who knows that there was a checksum asks for it: a changed byte may have changed its name.
  const { tensors, metadata } = parseSafetensors(bytes, source, { checksum: "required" });
  return { tensors: [...tensors], metadata };
};

function structured(random: Random): FuzzInput {
  const tensors = tensorsOf(random);
  const metadata = { about: "a file", step: String(random.integer(1000)) };
  const good = writeSafetensors(tensors, { metadata, checksum: true });
  if (oneIn(random, 4)) {
    return { bytes: good, note: "good", expected: reads(plain(good.slice(), "good")) };
  }
  const text = new TextDecoder("latin1").decode(good);
  const changed = (from: string, to: string) => {
    const at = text.indexOf(from);
    const bytes = good.slice();
    bytes.set(new TextEncoder().encode(to), at);
    return at < 0 ? bytes.fill(0, bytes.length - 1) : bytes;
  };
  // Replacements have as many bytes, so that nothing but the checksum can notice them.
  const wrong: Readonly<Record<string, () => Uint8Array<ArrayBuffer>>> = {
    "another name": () => changed("about", "above"),
    "another text": () => changed("a file", "a life"),
    "names exchanged": () => changed('"about":"a file"', '"a fil":"aboute"'),
    "the checksum's name": () => changed("els_crc32", "els_crc33"),
    "no checksum": () => writeSafetensors(tensors, { metadata }),
    "another value": () => {
      const bytes = good.slice();
      if (tensors.size === 0) return changed("about", "above");
      bytes[bytes.length - 1]! ^= 1 << random.integer(8);
      return bytes;
    },
  };
  const note = pick(random, Object.keys(wrong));
  return { bytes: wrong[note]!(), note, expected: refused };
}

/** See above. */
export const target: FuzzTarget = {
  about: "safetensors with a checksum",
  file: "state.safetensors",
  tokens: ['"els_crc32"', '"__metadata__"', '"dtype":"F16"', '"shape":[1]'],
  seeds: (random) =>
    [1, 2, 3].map(() =>
      writeSafetensors(tensorsOf(random), { metadata: { about: "a seed" }, checksum: true })
    ),
  isProtected: true,
  read: plain,
  structured,
};
