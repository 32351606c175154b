import { stationarySource } from "../filtered/stationary_source.ts";
import type { Theory } from "../filters.ts";

/** The Wiener filter of a stationary Gaussian: linear and translation-equivariant, the companion of ELS. */
export const wienerStationary: Theory<"Wiener_stationary"> = {
  name: "Wiener_stationary",
  description: "stationary Wiener filter: the linear denoiser that is the same at every pixel",
  precision: { kind: "ones" },
  response: { kind: "ones" },
  source: stationarySource,
};
