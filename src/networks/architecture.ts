import { CheckpointMismatchError } from "../array/errors.ts";
import type { Architecture, Network } from "./network.ts";
import { resnet } from "./resnet.ts";

/** Names of the architectures that {@linkcode createNetwork} builds. */
export const architectureKinds: readonly string[] = ["resnet"];

/**
 * Builds a network from its description.
 *
 * @throws RangeError if a size is out of range.
 */
export function createNetwork(architecture: Architecture): Network {
  return resnet(architecture);
}

/**
 * Reads the description of a network from JSON, as weights carry it.
 *
 * @param source Name of the file, for messages.
 * @throws CheckpointMismatchError if a field is missing, of the wrong type, or names an unknown kind.
 */
export function parseArchitecture(text: string, source: string): Architecture {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new CheckpointMismatchError(`${source}: the description of the network is not JSON`);
  }
  const fields = (typeof value === "object" && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  if (!architectureKinds.includes(String(fields.kind))) {
    throw new CheckpointMismatchError(
      `${source}: the network is of kind ${JSON.stringify(fields.kind)}, this version knows ${
        architectureKinds.join(", ")
      }`,
    );
  }
  const refuse = (name: string, expected: string): never => {
    throw new CheckpointMismatchError(
      `${source}: the network's ${name} is ${JSON.stringify(fields[name])}, expected ${expected}`,
    );
  };
  const integer = (name: string, least: number): number => {
    const found = fields[name];
    return typeof found === "number" && Number.isInteger(found) && found >= least
      ? found
      : refuse(name, `an integer from ${least}`);
  };
  const shape = fields.imageShape;
  if (
    !Array.isArray(shape) || shape.length !== 3 || !shape.every((n) => Number.isInteger(n) && n > 0)
  ) refuse("imageShape", "three positive integers");
  if (fields.padding !== "zeros" && fields.padding !== "circular") {
    refuse("padding", '"zeros" or "circular"');
  }
  return {
    kind: "resnet",
    imageShape: shape as [number, number, number],
    width: integer("width", 1),
    layers: integer("layers", 1),
    kernelSize: integer("kernelSize", 1),
    padding: fields.padding as "zeros" | "circular",
    classes: integer("classes", 0),
  };
}
