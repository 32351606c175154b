/** SVHN's MAT-files: X, images `[row, column, channel, image]` in MATLAB's order, and y, digits from 1 to 10. */
import { DataFormatError } from "../core/errors.ts";
import { quoted } from "../core/quoted.ts";
import { parseMat, type ParseMatOptions } from "../formats/mat.ts";
import { mnistClassNames } from "./mnist.ts";
import type { OpenDataset } from "./source.ts";

/**
 * Reads one of the files with cropped digits.
 *
 * @returns Images `[N, 32, 32, 3]` of the classes 0 to 9: the file calls the digit 0 "10".
 * @throws ReadLimitError if the images need more memory than allowed.
 * @throws DataFormatError if it is no such file.
 */
export function openSvhn(bytes: Uint8Array, options: ParseMatOptions): OpenDataset {
  const { source } = options;
  const file = parseMat(bytes, options);
  const x = file.read("X");
  const [height = 0, width = 0, channels = 0, count = 1] = x.shape;
  const values = height * width * channels;
  const { bytes: planes } = x;
  if (planes === undefined || channels !== 3 || values === 0 || x.shape.length > 4 || count === 0) {
    throw new DataFormatError(
      source,
      `its X has the extents ${quoted(x.shape)}${planes === undefined ? " and no bytes" : ""}, ` +
        "expected bytes [32, 32, 3, images], as the cropped digits of SVHN have them",
    );
  }
  const y = file.read("y");
  const total = y.shape.reduce((product, extent) => product * extent, 1);
  if (total !== count) {
    throw new DataFormatError(source, `${total} labels, expected one for each of ${count} images`);
  }
  const labels = Uint8Array.from({ length: count }, (_, i) => {
    const digit = y.at(i);
    if (Number.isInteger(digit) && digit >= 1 && digit <= 10) return digit % 10;
    throw new DataFormatError(source, `label ${digit} of image ${i}, expected 1 to 10`);
  });
  return {
    labels,
    classNames: mnistClassNames,
    read(indices) {
      const pixels = new Uint8Array(indices.length * values);
      let at = 0;
      for (const index of indices) {
        const start = index * values;
        for (let row = 0; row < height; row++) {
          for (let column = 0; column < width; column++) {
            for (let channel = 0; channel < channels; channel++) {
              pixels[at++] = planes[start + row + height * (column + width * channel)]!;
            }
          }
        }
      }
      return Promise.resolve({
        pixels,
        shape: [indices.length, height, width, channels] as const,
      });
    },
  };
}
