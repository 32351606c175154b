import { ArgumentError, CheckpointMismatchError } from "../../core/errors.ts";
import { type ArchitectureDefinition, DescriptionFields } from "./architecture_definition.ts";
import { type AttentionUnetArchitecture, attentionUnetDefinition } from "./attention_unet.ts";
import type { ArchitectureBase, Network } from "../network.ts";
import { type ResnetArchitecture, resnetDefinition } from "./resnet.ts";
import { type UnetArchitecture, unetDefinition } from "./unet.ts";

/**
 * The architectures that can be built.
 *
 * @category Networks
 */
export type Architecture = ResnetArchitecture | UnetArchitecture | AttentionUnetArchitecture;

const definitions: readonly [
  ArchitectureDefinition<ResnetArchitecture>,
  ArchitectureDefinition<UnetArchitecture>,
  ArchitectureDefinition<AttentionUnetArchitecture>,
] = [resnetDefinition, unetDefinition, attentionUnetDefinition];

/**
 * Names of the architectures that {@linkcode createNetwork} builds.
 *
 * @category Networks
 */
export const architectureKinds: readonly Architecture["kind"][] = definitions.map(({ kind }) =>
  kind
);

/** The definition of a kind; its own type of description is forgotten. */
function definitionOf(kind: unknown): ArchitectureDefinition<Architecture> | undefined {
  const found = definitions.find((definition) => definition.kind === kind);
  return found as ArchitectureDefinition<Architecture> | undefined;
}

/**
 * Names of the fields that descriptions of a kind have besides the common ones.
 *
 * @category Networks
 */
export function architectureSizes(kind: Architecture["kind"]): readonly string[] {
  return definitionOf(kind)?.sizes ?? [];
}

/**
 * Builds a network from its description.
 *
 * @throws RangeError if the kind is unknown or a size is out of range.
 * @category Networks
 */
export function createNetwork(architecture: Architecture): Network<Architecture> {
  const definition = definitionOf(architecture.kind);
  if (definition === undefined) {
    throw new ArgumentError(
      `Cannot build a network of kind ${JSON.stringify(architecture.kind)}: the known ones are ${
        architectureKinds.join(", ")
      }`,
    );
  }
  return definition.create(architecture);
}

/**
 * Reads the description of a network from JSON, as weights carry it.
 *
 * @param source Name of the file, for messages.
 * @throws CheckpointMismatchError if a field is missing, of the wrong type or out of range, or names
 * an unknown kind.
 * @category Networks
 */
export function parseArchitecture(text: string, source: string): Architecture {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new CheckpointMismatchError(`${source}: the description of the network is not JSON`);
  }
  const object = (typeof value === "object" && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  const definition = definitionOf(object.kind);
  if (definition === undefined) {
    throw new CheckpointMismatchError(
      `${source}: the network is of kind ${JSON.stringify(object.kind)}, this version knows ${
        architectureKinds.join(", ")
      }`,
    );
  }
  const fields = new DescriptionFields(object, source);
  const common: Omit<ArchitectureBase, "kind"> = {
    imageShape: fields.integers("imageShape", { min: 1, count: 3 }) as [number, number, number],
    padding: fields.choice("padding", ["zeros", "circular"]),
    classes: fields.integer("classes", 0),
  };
  const architecture = definition.parse(common, fields);
  try {
    definition.create(architecture);
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    throw new CheckpointMismatchError(`${source}: ${error.message}`);
  }
  return architecture;
}
