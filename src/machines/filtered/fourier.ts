/** Discrete Fourier transforms of the planes of an image, of any size. */

/** Complex numbers of a plane's spectrum, `[H, W / 2 + 1]`; the other half is their conjugates'. */
export interface Spectrum {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/** Transforms of planes of one size. */
export interface PlaneTransform {
  /** Columns of a spectrum: floor(W / 2) + 1. */
  readonly columns: number;
  /** `sum_p f(p) exp(-2 pi i (v row / H + u column / W))` of a real plane `[H, W]`. */
  forward(plane: Float64Array, out: Spectrum): void;
  /** The real plane of a spectrum. */
  inverse(spectrum: Spectrum, out: Float64Array): void;
}

/** Makes the transforms: sums by rows, then by columns, with tables of the roots of unity. */
export function planeTransform(height: number, width: number): PlaneTransform {
  const columns = Math.floor(width / 2) + 1;
  const roots = (size: number) => ({
    cos: Float64Array.from({ length: size }, (_, i) => Math.cos(2 * Math.PI * i / size)),
    sin: Float64Array.from({ length: size }, (_, i) => Math.sin(2 * Math.PI * i / size)),
  });
  const across = roots(width), down = roots(height);
  const rowsRe = new Float64Array(height * columns), rowsIm = new Float64Array(height * columns);
  /** Sums over rows of complex columns. */
  const alongColumns = (
    sign: 1 | -1,
    from: Spectrum,
    to: Spectrum,
  ) => {
    to.re.fill(0);
    to.im.fill(0);
    for (let v = 0; v < height; v++) {
      for (let row = 0; row < height; row++) {
        const at = (v * row) % height;
        const c = down.cos[at]!, s = sign * down.sin[at]!;
        const source = row * columns, target = v * columns;
        for (let u = 0; u < columns; u++) {
          const re = from.re[source + u]!, im = from.im[source + u]!;
          to.re[target + u] = to.re[target + u]! + re * c - im * s;
          to.im[target + u] = to.im[target + u]! + re * s + im * c;
        }
      }
    }
  };
  return {
    columns,
    forward: (plane, out) => {
      for (let row = 0; row < height; row++) {
        for (let u = 0; u < columns; u++) {
          let re = 0, im = 0, at = 0;
          for (let column = 0; column < width; column++) {
            const value = plane[row * width + column]!;
            re += value * across.cos[at]!;
            im -= value * across.sin[at]!;
            at += u;
            if (at >= width) at -= width;
          }
          rowsRe[row * columns + u] = re;
          rowsIm[row * columns + u] = im;
        }
      }
      alongColumns(-1, { re: rowsRe, im: rowsIm }, out);
    },
    inverse: (spectrum, out) => {
      alongColumns(1, spectrum, { re: rowsRe, im: rowsIm });
      for (let row = 0; row < height; row++) {
        for (let column = 0; column < width; column++) {
          let sum = 0;
          for (let u = 0; u < columns; u++) {
            const at = (u * column) % width;
            const term = rowsRe[row * columns + u]! * across.cos[at]! -
              rowsIm[row * columns + u]! * across.sin[at]!;
            // Columns 0 and W / 2 are their own conjugates.
            sum += u === 0 || 2 * u === width ? term : 2 * term;
          }
          out[row * width + column] = sum / (height * width);
        }
      }
    },
  };
}
