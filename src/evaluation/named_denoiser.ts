import type { Denoiser } from "../denoisers/denoiser.ts";

/**
 * A machine under the name that tables show.
 *
 * @category Evaluation
 */
export interface NamedDenoiser {
  /** Name in tables, unique. */
  readonly name: string;
  /** The machine. */
  readonly denoiser: Denoiser;
}
