import { CheckpointMismatchError } from "../../core/errors.ts";
import type { ArchitectureBase, Network } from "../network.ts";

/** An architecture as it describes itself: one file each, and an entry in `architecture.ts`. */
export interface ArchitectureDefinition<A extends ArchitectureBase> {
  /** Name in descriptions of networks and on the command line. */
  readonly kind: A["kind"];
  /** Names of its own fields. */
  readonly sizes: readonly Exclude<keyof A & string, keyof ArchitectureBase>[];
  /**
   * Reads the fields of its own from a description.
   *
   * @param common The fields that all kinds have.
   * @throws CheckpointMismatchError if a field is missing or of the wrong type.
   */
  parse(common: Omit<ArchitectureBase, "kind">, fields: DescriptionFields): A;
  /**
   * Builds the network.
   *
   * @throws RangeError if a size is out of range.
   */
  create(architecture: A): Network<A>;
}

/** Reads fields of a network's description; every complaint names the file and the field. */
export class DescriptionFields {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #source: string;

  /**
   * Reads from an object.
   *
   * @param source Name of the file, for messages.
   */
  constructor(fields: Readonly<Record<string, unknown>>, source: string) {
    this.#fields = fields;
    this.#source = source;
  }

  /** An integer from `min`. */
  integer(name: string, min: number): number {
    const found = this.#fields[name];
    return isInteger(found, min) ? found : this.#refuse(name, `an integer from ${min}`);
  }

  /** A list of integers from `min`, as many as `count` where that is given. */
  integers(
    name: string,
    { min, count, empty = false }: {
      readonly min: number;
      readonly count?: number;
      readonly empty?: boolean;
    },
  ): number[] {
    const found = this.#fields[name];
    const right = Array.isArray(found) && found.every((n) => isInteger(n, min)) &&
      (empty || found.length > 0) && (count === undefined || found.length === count);
    const what = count === undefined ? "integers" : `${count} integers`;
    return right ? found as number[] : this.#refuse(name, `a list of ${what} from ${min}`);
  }

  /** One of some words. */
  choice<const W extends string>(name: string, words: readonly W[]): W {
    const found = this.#fields[name] as W;
    if (words.includes(found)) return found;
    return this.#refuse(name, words.map((word) => JSON.stringify(word)).join(" or "));
  }

  #refuse(name: string, expected: string): never {
    throw new CheckpointMismatchError(
      `${this.#source}: the network's ${name} is ${
        JSON.stringify(this.#fields[name]) ?? "missing"
      }, expected ${expected}`,
    );
  }
}

function isInteger(value: unknown, min: number): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= min;
}
