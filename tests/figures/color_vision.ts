/** How colors look to other eyes and on gray print, and how far apart they then are. */
// @ts-types="culori-types"
import { type Color, converter, differenceCiede2000, type Lab65, type Rgb } from "culori";

const toLinear = converter("lrgb");
const toLab = converter("lab65");
const toRgb = converter("rgb");

/**
 * Matrices on linear RGB for a full loss of one kind of cone (Machado, Oliveira & Fernandes 2009, "A
 * physiologically-based model for simulation of color vision deficiency", table 1, severity 1).
 */
const losses = {
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.011820, 0.042940, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.303900],
  ],
} as const;

function withoutCone(color: string, matrix: readonly (readonly number[])[]): Rgb {
  const { r, g, b } = toLinear(color)!;
  const [red, green, blue] = matrix.map((row) =>
    Math.min(1, Math.max(0, row[0]! * r + row[1]! * g + row[2]! * b))
  );
  return toRgb({ mode: "lrgb", r: red!, g: green!, b: blue! });
}

/** Every way to see that is simulated, by name. */
export const eyes: Readonly<Record<string, (color: string) => Color>> = {
  "full color": (color) => toRgb(color)!,
  protanopia: (color) => withoutCone(color, losses.protanopia),
  deuteranopia: (color) => withoutCone(color, losses.deuteranopia),
  tritanopia: (color) => withoutCone(color, losses.tritanopia),
  // What is left on a gray printer is CIE lightness.
  "gray print": (color): Lab65 => ({ mode: "lab65", l: toLab(color)!.l, a: 0, b: 0 }),
};

/**
 * CIEDE2000 from which two lines count as told apart by their color alone. About 1 is the least that can
 * be seen, side by side, on large patches; thin marks apart from each other need several times as much
 * (Szafir 2018, "Modeling Color Difference for Visualization Design").
 */
export const clearlyApart = 10;

const difference = differenceCiede2000();

/** The ways to see in which two colors are not told apart. */
export function confusedBy(a: string, b: string): string[] {
  return Object.entries(eyes)
    .filter(([, see]) => difference(see(a), see(b)) < clearlyApart)
    .map(([name]) => name);
}

/** Lightness of a color to some eye, 0 to 100. */
export function lightness(color: string, see: (color: string) => Color): number {
  return toLab(see(color))!.l;
}
