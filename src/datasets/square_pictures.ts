/** Pictures of any size and color as squares of one size, all gray or all in color. */
import { DataFormatError } from "../core/errors.ts";
import { centerCrop, withChannels } from "./adjust.ts";
import type { PictureTally } from "./picture_tally.ts";
import { type ByteImages, resizeBilinear } from "./resize.ts";

/** Images that are each whole, but not alike: none can be left out for it. */
export class MixedColorsError extends DataFormatError {}

/**
 * Makes what takes the centered square of a picture, resized; `tally` counts what pictures there were.
 *
 * @param options.channels 1 or 3; absent: all must be as the first one is.
 * @returns A function that throws a {@linkcode MixedColorsError} for a picture that is not.
 */
export function squarePictures(
  { size, channels, tally }: {
    readonly size: number;
    readonly channels: 1 | 3 | undefined;
    readonly tally: PictureTally;
  },
): (image: ByteImages, source: string) => ByteImages {
  let wanted = channels;
  return (image, source) => {
    const [, h, w, c] = image.shape;
    // Without other word all are as the first one that is read.
    wanted ??= c as 1 | 3;
    if (channels === undefined && c !== wanted) {
      const kind = (count: number) => count === 1 ? "gray" : "color";
      throw new MixedColorsError(
        source,
        `this image is ${kind(c)}, the first one is ${kind(wanted)}`,
        {
          remedy: (say) =>
            `make them alike with ${say.option("channels", 1)} or ${say.option("channels", 3)}`,
        },
      );
    }
    tally.add(image.shape);
    const side = Math.min(h, w);
    const square = centerCrop(image, { height: side, width: side });
    return resizeBilinear(withChannels(square, wanted), { height: size, width: size });
  };
}
