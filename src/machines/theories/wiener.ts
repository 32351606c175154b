import { gaussianSource } from "../filtered/gaussian_source.ts";
import { covarianceBytes } from "../filtered/source_statistics.ts";
import type { Theory } from "../filters.ts";

/** The Wiener filter: the posterior mean if images were Gaussian. */
export const wiener: Theory<"Wiener"> = {
  name: "Wiener",
  description: "Wiener filter: the linear denoiser of the images' mean and covariance",
  precision: { kind: "ones" },
  response: { kind: "ones" },
  source: gaussianSource,
  bytes: ({ count, imageShape: [height, width, channels] }) =>
    covarianceBytes({ count, coordinates: height * width * channels }),
  parameters: ["rank", "covariance"],
};
