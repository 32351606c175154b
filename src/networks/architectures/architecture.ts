import { ArgumentError, CheckpointMismatchError } from "../../core/errors.ts";
import { quoted } from "../../core/quoted.ts";
import {
  type ArchitectureDefinition,
  type ArchitectureField,
  DescriptionFields,
  largestSize,
} from "./architecture_definition.ts";
import { attentionUnetDefinition } from "./attention_unet.ts";
import { diffusersUnetDefinition } from "./diffusers_unet.ts";
import type { ArchitectureBase, Network } from "../network.ts";
import { parseMetadata } from "../weights/parse_metadata.ts";
import { resnetDefinition } from "./resnet.ts";
import { songUnetDefinition } from "./song_unet.ts";
import { unetDefinition } from "./unet.ts";

/**
 * The architectures that are trained here: an entry, and everything else derives from it.
 *
 * @category Networks
 */
export const architectureDefinitions = [
  resnetDefinition,
  unetDefinition,
  attentionUnetDefinition,
] as const;

/**
 * The architectures of other programs' networks, which are read and used, but not trained: an entry here.
 *
 * @category Networks
 */
export const foreignArchitectureDefinitions = [
  diffusersUnetDefinition,
  songUnetDefinition,
] as const;

/**
 * The architectures that can be trained.
 *
 * @category Networks
 */
export type TrainableArchitecture = Parameters<
  (typeof architectureDefinitions)[number]["create"]
>[0];

/**
 * The architectures that can be built.
 *
 * @category Networks
 */
export type Architecture =
  | TrainableArchitecture
  | Parameters<(typeof foreignArchitectureDefinitions)[number]["create"]>[0];

/**
 * Names of the architectures that can be trained.
 *
 * @category Networks
 */
export const architectureKinds: readonly TrainableArchitecture["kind"][] = architectureDefinitions
  .map((
    { kind },
  ) => kind);

const allDefinitions = [...architectureDefinitions, ...foreignArchitectureDefinitions] as const;
const allKinds = allDefinitions.map(({ kind }) => kind);

/**
 * The fields that trainable architectures have of their own, each architecture some of them.
 *
 * @category Networks
 */
export type ArchitectureSizes = {
  readonly [
    K in Exclude<
      TrainableArchitecture extends infer A ? A extends TrainableArchitecture ? keyof A : never
        : never,
      keyof ArchitectureBase
    >
  ]: Extract<TrainableArchitecture, Readonly<Record<K, unknown>>>[K];
};

/** The definition of a kind; its own type of description is forgotten. */
function definitionOf(kind: unknown): ArchitectureDefinition<Architecture> | undefined {
  const found = allDefinitions.find((definition) => definition.kind === kind);
  return found as unknown as ArchitectureDefinition<Architecture> | undefined;
}

/**
 * The fields that descriptions of a kind have besides the common ones, by name.
 *
 * @example
 * ```ts
 * import { architectureFields } from "@els/toolkit/networks";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Object.keys(architectureFields("resnet")), ["width", "layers", "kernelSize"]);
 * ```
 *
 * @category Networks
 */
export function architectureFields(
  kind: Architecture["kind"],
): Readonly<Record<string, ArchitectureField>> {
  return definitionOf(kind)?.fields ?? {};
}

/**
 * Every trainable architecture's own fields at their defaults; one that several have is that of the first.
 *
 * @category Networks
 */
export const architectureDefaults: ArchitectureSizes = architectureDefinitions.reduce<
  Record<string, unknown>
>((defaults, { fields }) => {
  for (const [name, field] of Object.entries<ArchitectureField>(fields)) {
    defaults[name] ??= field.default;
  }
  return defaults;
}, {}) as unknown as ArchitectureSizes;

/**
 * Builds a network from its description.
 *
 * @example
 * ```ts
 * import { createNetwork, parameterCount } from "@els/toolkit/networks";
 * import { assertEquals } from "@std/assert";
 *
 * const network = createNetwork({
 *   kind: "resnet",
 *   imageShape: [32, 32, 1],
 *   padding: "zeros",
 *   classes: 0,
 *   width: 48,
 *   layers: 6,
 *   kernelSize: 3,
 * });
 * assertEquals(network.receptiveField, 17);
 * console.log(`${parameterCount(network.parameters)} parameters`);
 * ```
 *
 * @throws RangeError if the kind is unknown or a size is out of range.
 * @category Networks
 */
export function createNetwork(architecture: Architecture): Network<Architecture> {
  const definition = definitionOf(architecture.kind);
  if (definition === undefined) {
    throw new ArgumentError(
      `Cannot build a network of kind ${JSON.stringify(architecture.kind)}: the known ones are ${
        allKinds.join(", ")
      }`,
    );
  }
  for (const [name, field] of Object.entries(architectureFields(architecture.kind))) {
    const value: unknown = architecture[name as keyof Architecture];
    const { max = largestSize } = field.type === "integer" ? field : {};
    if (field.type === "integer" && typeof value === "number" && value > max) {
      throw new ArgumentError(`Cannot build a network whose ${name} is ${value}: at most ${max}`);
    }
  }
  return definition.create(architecture);
}

/**
 * Reads the description of a network from JSON, as weights carry it.
 *
 * @example
 * ```ts
 * import { createNetwork, parseArchitecture } from "@els/toolkit/networks";
 * import { assertEquals } from "@std/assert";
 *
 * const { architecture } = createNetwork({
 *   kind: "resnet",
 *   imageShape: [8, 8, 1],
 *   padding: "circular",
 *   classes: 10,
 *   width: 8,
 *   layers: 2,
 *   kernelSize: 3,
 * });
 * assertEquals(parseArchitecture(JSON.stringify(architecture), "mine"), architecture);
 * ```
 *
 * @param source Name of the file, for messages.
 * @throws CheckpointMismatchError if it is not JSON, a field is missing, of the wrong type or out of
 * range, or names an unknown kind.
 * @category Networks
 */
export function parseArchitecture(text: string, source: string): Architecture {
  const value = parseMetadata(text, "the description of the network", source);
  const object = (typeof value === "object" && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  const definition = definitionOf(object.kind);
  if (definition === undefined) {
    throw new CheckpointMismatchError(
      `${source}: the network is of kind ${quoted(object.kind)}, this version knows ${
        allKinds.join(", ")
      }; pass one of your own to readWeights as \`network\``,
    );
  }
  const fields = new DescriptionFields(object, source);
  const common: Omit<ArchitectureBase, "kind"> = {
    imageShape: fields.integers("imageShape", { min: 1, count: 3 }) as [number, number, number],
    padding: fields.choice("padding", ["zeros", "circular"]),
    classes: fields.integer("classes", { min: 0 }),
  };
  const own = Object.entries(architectureFields(definition.kind));
  const { imageShape, ...rest } = common;
  const architecture = {
    kind: definition.kind,
    imageShape,
    ...Object.fromEntries(own.map(([name, field]) => [name, fields.own(name, field)])),
    ...rest,
  } as Architecture;
  try {
    definition.create(architecture);
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    throw new CheckpointMismatchError(`${source}: ${error.message}`, { cause: error });
  }
  return architecture;
}
