/**
 * How betas rise from step to step.
 *
 * @category Noise schedules
 */
export type BetaSchedule = "linear" | "scaled_linear" | "squaredcos_cap_v2" | "sigmoid";

/** The names, the default first. */
export const betaSchedules: readonly BetaSchedule[] = [
  "linear",
  "scaled_linear",
  "squaredcos_cap_v2",
  "sigmoid",
];

/** What decides betas. */
export interface BetasOptions {
  readonly betaSchedule: BetaSchedule;
  /** How many. */
  readonly timesteps: number;
  /** The first; without effect on `squaredcos_cap_v2`, as is the last. */
  readonly betaStart?: number;
  /** The last. */
  readonly betaEnd?: number;
}

/** Betas of `squaredcos_cap_v2` are at most this. */
const largestBeta = 0.999;

/** Equal steps in float32, from both ends to the middle, as PyTorch makes them. */
function spaced(start: number, end: number, count: number): Float32Array {
  const [from, to] = [Math.fround(start), Math.fround(end)];
  const step = count > 1 ? Math.fround(Math.fround(to - from) / (count - 1)) : 0;
  return Float32Array.from(
    { length: count },
    (_, i) =>
      i < count / 2
        ? Math.fround(from + Math.fround(step * i))
        : Math.fround(to - Math.fround(step * (count - 1 - i))),
  );
}

/**
 * Betas as diffusers' schedulers have them: `linear` in beta (Ho et al., arXiv 2006.11239),
 * `scaled_linear` in its square root, `sigmoid` along a sigmoid from -6 to 6, and `squaredcos_cap_v2`
 * such that alphaBar is `cos^2((t + 0.008) / 1.008 pi / 2)` (Nichol & Dhariwal, arXiv 2102.09672), each
 * at most 0.999.
 *
 * @returns One float32 for each timestep.
 */
export function betasOf(
  { betaSchedule, timesteps, betaStart = 0.0001, betaEnd = 0.02 }: BetasOptions,
): Float32Array {
  if (betaSchedule === "linear") return spaced(betaStart, betaEnd, timesteps);
  if (betaSchedule === "scaled_linear") {
    return spaced(Math.sqrt(betaStart), Math.sqrt(betaEnd), timesteps).map((root) => root ** 2);
  }
  if (betaSchedule === "sigmoid") {
    return spaced(-6, 6, timesteps).map((x) =>
      Math.fround(Math.fround(1 / (1 + Math.exp(-x))) * (betaEnd - betaStart)) + betaStart
    );
  }
  const alphaBar = (u: number) => Math.cos((u + 0.008) / 1.008 * Math.PI / 2) ** 2;
  return Float32Array.from(
    { length: timesteps },
    (_, i) => Math.min(1 - alphaBar((i + 1) / timesteps) / alphaBar(i / timesteps), largestBeta),
  );
}
