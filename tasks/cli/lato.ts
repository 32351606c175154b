/** The font of every figure and page: Lato, from the npm cache. */
import { Buffer } from "node:buffer";
import "@expo-google-fonts/lato/package.json" with { type: "json" };
// @ts-types="subset-font-types"
import subsetFont from "subset-font";
import { embedFont, type FontFace, fontNeeds } from "../../src/figures/embed_font.ts";

// Not by the name in deno.json: where this package comes from JSR it has no such mapping. Importing the
// font's manifest is what brings its files into the cache.
const read = (file: string) =>
  Deno.readFile(new URL(import.meta.resolve(`npm:@expo-google-fonts/lato@0.4.1/${file}`)));

/** Lato Regular, as TrueType. */
export const latoRegular = (): Promise<Uint8Array> => read("400Regular/Lato_400Regular.ttf");

/** Lato Bold, as TrueType. */
export const latoBold = (): Promise<Uint8Array> => read("700Bold/Lato_700Bold.ttf");

const notice =
  "Lato: Copyright (c) 2010-2014 by tyPoland Lukasz Dziedzic, with Reserved Font Name " +
  '"Lato"; SIL Open Font License, Version 1.1';

// Hints are for coarse screens, and half of the bytes. (The types do not know of leaving them out.)
const options = { targetFormat: "woff2" as const, noHinting: true };

/**
 * Embeds Lato in an SVG or a page, cut down to the characters that it shows: some 3 to 12 kB for each
 * weight.
 */
export async function embedLato(document: string): Promise<string> {
  const { characters, bold } = fontNeeds(document);
  const cut = async (weight: FontFace["weight"], font: Uint8Array): Promise<FontFace> => ({
    weight,
    bytes: await subsetFont(Buffer.from(font), characters, options),
  });
  const faces = [
    await cut(400, await latoRegular()),
    ...bold ? [await cut(700, await latoBold())] : [],
  ];
  return embedFont(document, { family: "Lato", faces, notice });
}
