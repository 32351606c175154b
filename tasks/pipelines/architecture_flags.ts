import type { ImageDataset } from "../../src/datasets/dataset.ts";
import {
  type Architecture,
  architectureDefaults,
  architectureDefinitions,
  architectureFields,
  architectureKinds,
  type ArchitectureSizes,
} from "../../src/networks/architectures/architecture.ts";
import type { ArchitectureField } from "../../src/networks/architectures/architecture_definition.ts";
import { CommandError } from "../cli/command.ts";
import {
  type ChoiceFlag,
  dashed,
  type Flag,
  grouped,
  type IntegerFlag,
  type IntegersFlag,
} from "../cli/flags.ts";
import type { TrainingPreset } from "./presets.ts";

type SizeFlag<V> = [V] extends [number] ? IntegerFlag
  : [V] extends [readonly number[]] ? IntegersFlag
  : [V] extends [string] ? ChoiceFlag & { readonly choices: readonly V[] }
  : never;

/** The flag of a field; an empty list is written 0. */
function flagOf(name: string, field: ArchitectureField): Flag {
  const owners = architectureDefinitions.filter(({ kind }) => name in architectureFields(kind));
  const none = field.type === "integers" && field.empty ? "; 0: none" : "";
  const help = `${owners.map(({ title }) => title).join(", ")}: ${field.about}${none}`;
  if (field.type === "choice") return { type: "choice", choices: field.choices, help };
  if (field.type === "integer") {
    const { min, max, odd } = field;
    return { type: "integer", min, ...max && { max }, ...odd && { odd }, help };
  }
  if (field.type === "boolean") return { type: "boolean", open: true, help };
  if (field.type === "number") return { type: "number", min: field.min, max: field.max, help };
  if (field.type === "numbers") throw new TypeError(`--${dashed(name)}: no flag gives numbers`);
  const min = field.empty ? 0 : field.min;
  return { type: "integers", min, placeholder: field.default.join(","), help };
}

const allSizes = Object.keys(architectureDefaults) as (keyof ArchitectureSizes)[];

const sizeFlags = Object.fromEntries(allSizes.map((name) => {
  const kind = architectureKinds.find((kind) => name in architectureFields(kind))!;
  return [name, flagOf(name, architectureFields(kind)[name]!)];
})) as unknown as { readonly [K in keyof ArchitectureSizes]: SizeFlag<ArchitectureSizes[K]> };

/** Flags that decide a network; which sizes apply depends on its architecture. */
export const architectureFlags = grouped("Network", {
  architecture: { type: "choice", choices: architectureKinds, help: "What network" },
  padding: { type: "choice", choices: ["zeros", "circular"], help: "Padding of convolutions" },
  conditional: { type: "boolean", open: true, help: "Tell the network the class" },
  ...sizeFlags,
  levels: {
    type: "integer",
    min: 1,
    max: 12,
    help: "UNets: so many levels, each with twice the channels of the one above",
  },
});

type GivenFlags =
  & { readonly levels?: number | undefined }
  & { readonly [K in keyof ArchitectureSizes]?: ArchitectureSizes[K] | undefined };

/**
 * The configuration with the sizes that its architecture has, and no others.
 *
 * @param given The flags as they were given.
 * @throws CommandError if a size was given that the architecture does not have.
 */
export function resolveSizes(config: TrainingPreset, given: GivenFlags): Partial<TrainingPreset> {
  const fields = architectureFields(config.architecture);
  const sizes = Object.keys(fields);
  for (const size of [...allSizes, "levels"] as const) {
    if (given[size] !== undefined && !sizes.includes(size === "levels" ? "channels" : size)) {
      const flags = sizes.map((name) => `--${dashed(name)}`).join(", ");
      throw new CommandError(
        `--${
          dashed(size)
        } does not apply to --architecture ${config.architecture}, which has ${flags}`,
      );
    }
  }
  const resolved: Partial<Record<keyof TrainingPreset, unknown>> = { ...config };
  for (const size of allSizes) if (!sizes.includes(size)) delete resolved[size];
  if (given.levels !== undefined) {
    if (given.channels !== undefined && given.channels.length !== given.levels) {
      throw new CommandError(
        `--levels is ${given.levels}, but --channels has ${given.channels.length} levels: give one`,
      );
    }
    resolved.channels = given.channels ??
      Array.from({ length: given.levels }, (_, level) => config.channels[0]! * 2 ** level);
  }
  for (const size of allSizes) {
    const [field, list] = [fields[size], given[size]];
    if (field?.type === "integers" && field.empty && Array.isArray(list)) {
      resolved[size] = list.filter((value) => value > 0);
    }
  }
  return resolved as Partial<TrainingPreset>;
}

/** The network that a configuration asks for, for images of a data set. */
export function architectureOf(config: Partial<TrainingPreset>, data: ImageDataset): Architecture {
  if (config.conditional && data.classNames.length === 0) {
    throw new CommandError(`--conditional needs classes, the data set ${data.name} has none`);
  }
  const { architecture: kind, padding } = config;
  const sizes = Object.keys(architectureFields(kind!)).map((size) =>
    [size, config[size as keyof ArchitectureSizes]] as const
  );
  // Flags have the types of the fields; createNetwork checks the values.
  return {
    kind,
    imageShape: data.images.shape.slice(1),
    ...Object.fromEntries(sizes),
    padding,
    classes: config.conditional ? data.classNames.length : 0,
  } as unknown as Architecture;
}
