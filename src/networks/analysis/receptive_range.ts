/**
 * One stage of a network, as far as it decides which inputs an output depends on: a 3 x 3 convolution;
 * a maximum or mean over pairs; a 3 x 3 convolution with stride 2 that starts at the even pixels; pixels
 * doubled.
 */
export type RangeStage = "conv" | "pool" | "stride" | "upsample";

/**
 * Width of the widest range of inputs behind one output: followed back from each of the outputs that
 * differ in their place among the squares of pooling.
 *
 * @param stages From the image to the output.
 */
export function receptiveRange(stages: readonly RangeStage[]): number {
  const cell = 2 ** stages.filter((stage) => stage === "upsample").length;
  let widest = 0;
  for (let place = 0; place < cell; place++) {
    let [first, last] = [place, place];
    for (const stage of stages.toReversed()) {
      if (stage === "conv") [first, last] = [first - 1, last + 1];
      if (stage === "pool") [first, last] = [2 * first, 2 * last + 1];
      if (stage === "stride") [first, last] = [2 * first, 2 * last + 2];
      if (stage === "upsample") [first, last] = [Math.floor(first / 2), Math.floor(last / 2)];
    }
    widest = Math.max(widest, last - first + 1);
  }
  return widest;
}
