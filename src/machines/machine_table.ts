/**
 * The machines as one table: those of Kamb & Ganguli, arXiv 2412.20292, section 3, and those that others
 * have proposed.
 */
import { ArgumentError } from "../core/errors.ts";
import type { ImageShape } from "../core/image_batch.ts";
import { rowOf } from "../core/row_of.ts";
import type { PatchRule } from "../posterior/patch_posterior.ts";
import { hasScale, largestScale } from "../posterior/request.ts";
import type { FilteredMachineDefinition } from "./filters.ts";
import type { MachineParameters } from "./machine_parameters.ts";
import { pcaLocality } from "./theories/pca_locality.ts";
import { pspcFlex } from "./theories/pspc_flex.ts";
import { pspcSquare } from "./theories/pspc_square.ts";
import { scfdm } from "./theories/scfdm.ts";
import { wiener } from "./theories/wiener.ts";
import { wienerStationary } from "./theories/wiener_stationary.ts";

/**
 * A machine of patches: which training patches may match the patch around a query pixel. The softmax over
 * them is the same for all (see `PatchPosterior`).
 *
 * As precision, response and source (see {@linkcode FilteredMachineDefinition}): the box of k x k around a
 * pixel, or the whole image; that pixel, or the whole image; shifts of the training images, which of them the
 * rule says, and how query and training images are padded.
 *
 * @category Machines
 */
export interface PatchMachineDefinition {
  /** Name in tables, as in the paper. */
  readonly name: string;
  /** Which patches may match, and how query and training images are padded. */
  readonly rule: PatchRule;
  /** What the machine is, in a few words. */
  readonly description: string;
}

/**
 * What makes a machine: a rule for patches, computed by a `PatchPosterior`, or precision, response and source.
 *
 * @category Machines
 */
export type MachineDefinition = PatchMachineDefinition | FilteredMachineDefinition;

/** Whether a machine is one of patches. */
export function isPatchMachine(
  definition: MachineDefinition,
): definition is PatchMachineDefinition {
  return "rule" in definition;
}

/**
 * Names of the machines of patches, those of the paper.
 *
 * @category Machines
 */
export type PatchMachineName = "IS" | "ES" | "LS" | "ELS" | "ELS_wrapped" | "bbELS";

/**
 * Names of the machines that others proposed.
 *
 * @category Machines
 */
export type TheoryName =
  | "Wiener"
  | "Wiener_stationary"
  | "PCA_locality"
  | "PSPC_square"
  | "PSPC_flex"
  | "SCFDM";

/** The machines of the paper, which are ruled by patches. */
const patchMachineTable = [
  {
    name: "IS",
    rule: "whole",
    description: "ideal score: whole images at their own place",
  },
  {
    name: "ES",
    rule: "shifts",
    description: "equivariant score: every cyclic shift of every image",
  },
  {
    name: "LS",
    rule: "same-position",
    description: "local score: k x k windows at the same position",
  },
  {
    name: "ELS",
    rule: "interior",
    description: "equivariant local score: windows anywhere inside the images, circular query",
  },
  {
    name: "ELS_wrapped",
    rule: "wrapped",
    description: "equivariant local score: windows anywhere, wrapping, circular query",
  },
  {
    name: "bbELS",
    rule: "same-border-distance",
    description:
      "boundary-broken equivariant local score: windows at the same distance from the borders, zero padding",
  },
] as const satisfies readonly (PatchMachineDefinition & { readonly name: PatchMachineName })[];

/**
 * The machines, in the order of the theory.
 *
 * | machine | candidates for pixel p | outside the image |
 * |---|---|---|
 * | IS, ideal | the whole image n at its own place; it memorizes | - |
 * | ES, equivariant | every cyclic shift of every image | cyclic |
 * | LS, local | (n, p): the patch of every image at the same position | zeros on both sides |
 * | ELS, equivariant local | every (n, q) whose patch lies inside the image | cyclic query |
 * | ELS_wrapped | every (n, q), patches wrap around: the theory on the torus | cyclic on both sides |
 * | bbELS, boundary-broken | (n, q), q as far from each border as p; from (k - 1) / 2 on is interior | zeros on both sides |
 *
 * ELS predicts networks with circular padding. bbELS predicts zero-padded ones and is what the paper's
 * table calls ELS; with k of the image's size and more it is LS.
 *
 * The rows after them are what others proposed: the Wiener filter, one that is the same at every pixel, and
 * machines that compare and answer other sets of coordinates.
 *
 * @category Machines
 */
export const machineTable: readonly (
  | (PatchMachineDefinition & { readonly name: PatchMachineName })
  | (FilteredMachineDefinition & { readonly name: TheoryName })
)[] = [
  ...patchMachineTable,
  wiener,
  wienerStationary,
  pcaLocality,
  pspcSquare,
  pspcFlex,
  scfdm,
];

/**
 * Name of a machine that this package has.
 *
 * @category Machines
 */
export type MachineName = PatchMachineName | TheoryName;

/**
 * Names of the machines, in the order of the theory.
 *
 * @category Machines
 */
export const machineNames: readonly MachineName[] = machineTable.map(({ name }) => name);

/**
 * Every machine by its name.
 *
 * @category Machines
 */
export const machineDefinitions: Readonly<
  & Record<PatchMachineName, PatchMachineDefinition>
  & Record<Exclude<MachineName, PatchMachineName>, FilteredMachineDefinition>
> = Object.fromEntries(machineTable.map((row) => [row.name, row])) as
  & Record<PatchMachineName, PatchMachineDefinition>
  & Record<Exclude<MachineName, PatchMachineName>, FilteredMachineDefinition>;

/**
 * Names of the machines of patches, in the order of the theory.
 *
 * @category Machines
 */
export const patchMachineNames: readonly PatchMachineName[] = machineTable.flatMap((row) =>
  "rule" in row ? [row.name] : []
);

/**
 * The definition of a machine's name; one of your own stands for itself.
 *
 * @throws RangeError that lists the names.
 */
export function machineDefinition(machine: MachineName | MachineDefinition): MachineDefinition {
  return rowOf<MachineDefinition>(machine, { table: machineTable, what: "machine" });
}

/**
 * Reads a machine's name, whatever its case; `-` and `_` are the same.
 *
 * @example
 * ```ts
 * import { parseMachineName } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseMachineName("bbels"), "bbELS");
 * ```
 *
 * @throws RangeError that lists the names.
 * @category Machines
 */
export function parseMachineName(text: string): MachineName {
  const canonical = (name: string) => name.trim().toLowerCase().replaceAll("-", "_");
  const name = machineNames.find((each) => canonical(each) === canonical(text));
  if (name === undefined) {
    throw new ArgumentError(
      `Cannot use machine "${text}": expected one of ${machineNames.join(", ")}`,
    );
  }
  return name;
}

/**
 * The machine that predicts networks of a padding: borders are visible to zero padding only.
 *
 * @example
 * ```ts
 * import { machineForPadding } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([machineForPadding("zeros"), machineForPadding("circular")], ["bbELS", "ELS"]);
 * ```
 *
 * @category Machines
 */
export function machineForPadding(padding: "zeros" | "circular"): MachineName {
  return padding === "zeros" ? "bbELS" : "ELS";
}

/**
 * Whether a machine has a scale k, such as the size of the patches that it compares; IS and ES compare whole
 * images.
 *
 * @example
 * ```ts
 * import { machineHasScale } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([machineHasScale("ELS"), machineHasScale("IS")], [true, false]);
 * ```
 *
 * @category Machines
 */
export function machineHasScale(machine: MachineName | MachineDefinition): boolean {
  const definition = machineDefinition(machine);
  return isPatchMachine(definition)
    ? hasScale(definition.rule)
    : definition.largestScale !== undefined;
}

/**
 * The largest patch size that a machine can use on images of a shape.
 *
 * @example
 * ```ts
 * import { largestPatchSize } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * // The patch of a training image must lie inside it.
 * assertEquals(largestPatchSize("ELS", [32, 32, 1]), 31);
 * ```
 *
 * @param imageShape Height, width, channels.
 * @returns An odd number; 1 for machines without a scale.
 * @category Machines
 */
export function largestPatchSize(
  machine: MachineName | MachineDefinition,
  imageShape: ImageShape,
): number {
  const definition = machineDefinition(machine);
  return isPatchMachine(definition)
    ? largestScale(definition.rule, imageShape)
    : definition.largestScale?.(imageShape) ?? 1;
}

/**
 * Names of the parameters that a machine takes, beside `flips`, which all take.
 *
 * @example
 * ```ts
 * import { machineParameterNames } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(machineParameterNames("Wiener"), ["rank", "covariance"]);
 * ```
 *
 * @category Machines
 */
export function machineParameterNames(
  machine: MachineName | MachineDefinition,
): readonly (keyof MachineParameters)[] {
  const definition = machineDefinition(machine);
  return isPatchMachine(definition) ? [] : definition.parameters ?? [];
}
