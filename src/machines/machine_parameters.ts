/** Parameters of machines beside their scale, and how a line of text says them. */
import { ArgumentError } from "../core/errors.ts";

/**
 * Parameters of machines beside their scale. Each machine takes some of them, and refuses others.
 *
 * @category Machines
 */
export interface MachineParameters {
  /** Mirror images, left to right, are further training images, numbered after all others; any machine. */
  readonly flips?: boolean | undefined;
  /** Wiener: components that are kept, the largest first; all when absent. */
  readonly rank?: number | undefined;
  /** Wiener, PCA_locality: what the covariance is divided by, N - 1 (`sample`, default) or N (`population`). */
  readonly covariance?: "sample" | "population" | undefined;
  /**
   * PCA_locality: a coordinate is compared where the Wiener filter, relative to its diagonal, is at least tau
   * times its largest such value. Default 0.005 for gray images (published for MNIST, FashionMNIST), 0.05
   * for color (CIFAR-10; 0.02 for CelebA-HQ, AFHQ).
   */
  readonly tau?: number | undefined;
  /** PCA_locality: relative to the diagonal of the answered coordinate (`row`, default), or of the compared. */
  readonly maskOrientation?: "row" | "column" | undefined;
  /** PCA_locality: mean of the answers of batches of so many images; absent: one softmax over all. */
  readonly batchMeans?: number | undefined;
  /** PSPC_flex: share of the gradient map, in (0, 1]; by default that published for the noise level. */
  readonly theta?: number | undefined;
  /** PSPC_flex: mean absolute input gradients of a network, by the offset from the output pixel, by time. */
  readonly gradientMaps?: readonly GradientMap[] | undefined;
  /** SCFDM: standard deviation of the perturbations. Default 1 for gray images, 0.1 for color. */
  readonly delta?: number | undefined;
  /** SCFDM: number of perturbations M. Default 10. */
  readonly perturbations?: number | undefined;
  /** SCFDM: seed of the perturbations. Default 0. */
  readonly seed?: number | undefined;
  /** SCFDM: other perturbations at each time (`fresh`, default), or the same at all (`fixed`). */
  readonly noise?: "fresh" | "fixed" | undefined;
}

/**
 * Mean absolute input gradient around an output pixel, at one time, as `measureReceptiveField` measures it.
 *
 * @category Machines
 */
export interface GradientMap {
  /** Time in [0, 1]. */
  readonly t: number;
  /** Row by row `[2 radius + 1, 2 radius + 1]`, the output pixel in the middle. */
  readonly map: ArrayLike<number>;
}

interface NumberKind {
  readonly from: number;
  readonly to?: number;
  readonly integer?: true;
}

/** What may be given for each; `null`: nothing that a line of text can say. */
const kinds: Readonly<
  Record<keyof MachineParameters, readonly string[] | NumberKind | "boolean" | null>
> = {
  flips: "boolean",
  rank: { from: 1, integer: true },
  covariance: ["sample", "population"],
  tau: { from: 0, to: 1 },
  maskOrientation: ["row", "column"],
  batchMeans: { from: 1, integer: true },
  theta: { from: 0, to: 1 },
  gradientMaps: null,
  delta: { from: 0 },
  perturbations: { from: 1, integer: true },
  seed: { from: 0, integer: true },
  noise: ["fresh", "fixed"],
};

const parameterNames = Object.keys(kinds) as (keyof MachineParameters)[];

function expected(name: keyof MachineParameters): string {
  const kind = kinds[name];
  if (kind === "boolean") return "true or false";
  if (kind === null) return "a list";
  if ("from" in kind) {
    const what = kind.integer ? "an integer" : "a number";
    return kind.to === undefined
      ? `${what} from ${kind.from}`
      : `${what} from ${kind.from} to ${kind.to}`;
  }
  return kind.join(" or ");
}

function isValid(name: keyof MachineParameters, value: unknown): boolean {
  const kind = kinds[name];
  if (kind === "boolean") return typeof value === "boolean";
  if (kind === null) return Array.isArray(value) && value.length > 0;
  if (!("from" in kind)) return kind.some((choice) => choice === value);
  return typeof value === "number" && value >= kind.from && value <= (kind.to ?? Infinity) &&
    value < Infinity && (!kind.integer || Number.isSafeInteger(value));
}

/**
 * Checks the parameters of a machine.
 *
 * @throws RangeError that names one that it does not take, or that has a value it cannot have.
 */
export function checkParameters(
  parameters: MachineParameters,
  { machine, takes }: {
    readonly machine: string;
    readonly takes: readonly (keyof MachineParameters)[];
  },
): void {
  const allowed = ["flips", ...takes];
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) continue;
    if (!allowed.includes(name)) {
      throw new ArgumentError(
        `Cannot make the machine ${machine} with ${name}: expected ${allowed.join(", ")}`,
      );
    }
    const known = name as keyof MachineParameters;
    if (!isValid(known, value)) {
      throw new ArgumentError(
        `Cannot make the machine ${machine}: ${name} is ${
          Array.isArray(value) ? "an empty list" : value
        }, expected ${expected(known)}`,
      );
    }
  }
}

/**
 * Reads parameters from a line of text.
 *
 * @param text Such as `tau=0.02,maskOrientation=column`.
 *
 * @example
 * ```ts
 * import { parseMachineParameters } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseMachineParameters("rank=50,flips=true"), { rank: 50, flips: true });
 * ```
 *
 * @throws RangeError that lists the names, or says what a value is to be.
 * @category Machines
 */
export function parseMachineParameters(text: string): MachineParameters {
  const found: Record<string, unknown> = {};
  for (const part of text.split(",")) {
    const [given = "", value = "", ...rest] = part.split("=").map((word) => word.trim());
    const name = parameterNames.find((each) => each.toLowerCase() === given.toLowerCase());
    if (name === undefined || kinds[name] === null || rest.length > 0) {
      throw new ArgumentError(
        `Cannot use the parameter ${JSON.stringify(part.trim())}: expected NAME=VALUE with one of ${
          parameterNames.filter((each) => kinds[each] !== null).join(", ")
        }`,
      );
    }
    const kind = kinds[name]!;
    const read = kind === "boolean"
      ? value === "true" ? true : value === "false" ? false : value
      : "from" in kind && value !== ""
      ? Number(value)
      : value;
    if (!isValid(name, read)) {
      throw new ArgumentError(
        `Cannot use the parameter ${name}=${value}: expected ${expected(name)}`,
      );
    }
    found[name] = read;
  }
  return found;
}

/** Of parameters for several machines, those that a machine takes. */
export function parametersOf(
  takes: readonly (keyof MachineParameters)[],
  parameters: MachineParameters,
): MachineParameters {
  return Object.fromEntries(
    Object.entries(parameters).filter(([name]) =>
      name === "flips" || (takes as readonly string[]).includes(name)
    ),
  );
}
