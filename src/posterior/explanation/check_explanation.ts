import { ArgumentError } from "../../core/errors.ts";
import type { ExplanationRequest } from "../patch_posterior.ts";
import { checkRequest, hasScale } from "../request.ts";

/** Candidates of a pixel that an explanation can keep. */
export const mostCandidates = 64;

/**
 * Checks a request before any work.
 *
 * @throws RangeError that names what cannot be used.
 */
export function checkExplanation(request: ExplanationRequest): void {
  const { query, rule, scale, window, signal, sigma, logSum, pixels, top } = request;
  checkRequest({ query, rule, scales: [hasScale(rule) ? scale : 1], window, signal, sigma });
  if (!Number.isInteger(top) || top < 1 || top > mostCandidates) {
    throw new ArgumentError(
      `Cannot keep ${top} candidates of a pixel: expected an integer from 1 to ${mostCandidates}`,
    );
  }
  const [queries, height, width] = query.shape;
  const cells = queries * height * width;
  if (logSum.length !== cells) {
    throw new ArgumentError(
      `Cannot explain a posterior: logSum has ${logSum.length} values, expected ${cells}`,
    );
  }
  const outside = pixels.find((pixel) => pixel >= height * width);
  if (outside !== undefined) {
    throw new ArgumentError(`Cannot explain pixel ${outside} of images of ${height} x ${width}`);
  }
}
