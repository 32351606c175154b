import { CheckpointMismatchError } from "../../core/errors.ts";
import { quoted } from "../../core/quoted.ts";
import type { ArchitectureBase, Network } from "../network.ts";

/**
 * A whole number that an architecture has of its own.
 *
 * @category Networks
 */
export interface IntegerField {
  /** What values it takes. */
  readonly type: "integer";
  /** What it is, in a few words. */
  readonly about: string;
  /** Smallest value. */
  readonly min: number;
  /** Largest value; a million where none is said. */
  readonly max?: number;
  /** Only odd numbers are allowed. */
  readonly odd?: true;
  /** Value where nothing else is said. */
  readonly default: number;
}

/**
 * A list of whole numbers that an architecture has of its own.
 *
 * @category Networks
 */
export interface IntegersField {
  /** What values it takes. */
  readonly type: "integers";
  /** What it is, in a few words. */
  readonly about: string;
  /** Smallest value. */
  readonly min: number;
  /** The list may be empty. */
  readonly empty?: true;
  /** Value where nothing else is said. */
  readonly default: readonly number[];
}

/**
 * A word, one of a few, that an architecture has of its own.
 *
 * @category Networks
 */
export interface ChoiceField<W extends string = string> {
  /** What values it takes. */
  readonly type: "choice";
  /** What it is, in a few words. */
  readonly about: string;
  /** The words. */
  readonly choices: readonly W[];
  /** Value where nothing else is said. */
  readonly default: W;
}

/**
 * A number that an architecture has of its own.
 *
 * @category Networks
 */
export interface NumberField {
  /** What values it takes. */
  readonly type: "number";
  /** What it is, in a few words. */
  readonly about: string;
  /** Smallest value. */
  readonly min: number;
  /** Largest value. */
  readonly max: number;
  /** Value where nothing else is said. */
  readonly default: number;
}

/**
 * Something that an architecture does or does not.
 *
 * @category Networks
 */
export interface BooleanField {
  /** What values it takes. */
  readonly type: "boolean";
  /** What it is, in a few words. */
  readonly about: string;
  /** Value where nothing else is said. */
  readonly default: boolean;
}

/**
 * A list of numbers that an architecture has of its own, such as a random draw that is never trained. Files
 * say it; no flag does.
 *
 * @category Networks
 */
export interface NumbersField {
  /** What values it takes. */
  readonly type: "numbers";
  /** What it is, in a few words. */
  readonly about: string;
  /** Value where nothing else is said. */
  readonly default: readonly number[];
}

/**
 * A field of an architecture: the checks of its description and the flags of the command line follow.
 *
 * @category Networks
 */
export type ArchitectureField =
  | IntegerField
  | IntegersField
  | NumbersField
  | ChoiceField
  | NumberField
  | BooleanField;

/**
 * The kind of field that holds values of a type.
 *
 * @category Networks
 */
export type FieldOf<V> = [V] extends [boolean] ? BooleanField
  : [V] extends [number] ? IntegerField | NumberField
  : [V] extends [readonly number[]] ? IntegersField | NumbersField
  : [V] extends [string] ? ChoiceField<V>
  : never;

/**
 * Names of the fields that an architecture has besides the common ones.
 *
 * @category Networks
 */
export type OwnField<A extends ArchitectureBase> = Exclude<
  keyof A & string,
  keyof ArchitectureBase
>;

/**
 * An architecture as it describes itself: one file each, and an entry in `architecture.ts`.
 *
 * @category Networks
 */
export interface ArchitectureDefinition<A extends ArchitectureBase> {
  /** Name in descriptions of networks and on the command line. */
  readonly kind: A["kind"];
  /** Name for people. */
  readonly title: string;
  /** What it is, in one line. */
  readonly about: string;
  /** Its own fields, in the order of descriptions. */
  readonly fields: { readonly [K in OwnField<A>]: FieldOf<A[K]> };
  /**
   * Builds the network.
   *
   * @throws RangeError if a size is out of range.
   */
  create(architecture: A): Network<A>;
}

/** No size of a network is larger: what has to be built for it would fill any memory. */
export const largestSize = 1e6;
/** No list in a description is longer. */
const longestList = 64;
/** No list of numbers is. */
const longestNumbers = 65_536;

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

  /** An integer from `min` to `max`. */
  integer(name: string, { min, max = largestSize }: { min: number; max?: number }): number {
    const found = this.#fields[name];
    return isInteger(found, { min, max })
      ? found
      : this.#refuse(name, `an integer from ${min} to ${max}`);
  }

  /** A list of integers from `min`, as many as `count` where that is given. */
  integers(
    name: string,
    { min, count, empty }: Pick<IntegersField, "min" | "empty"> & {
      readonly count?: number;
    },
  ): number[] {
    const found = this.#fields[name];
    const right = Array.isArray(found) && found.length <= longestList &&
      found.every((n) => isInteger(n, { min, max: largestSize })) && (empty || found.length > 0) &&
      (count === undefined || found.length === count);
    const what = count === undefined ? "integers" : `${count} integers`;
    return right
      ? found as number[]
      : this.#refuse(name, `a list of ${what} from ${min} to ${largestSize}`);
  }

  /** A number from `min` to `max`. */
  number(name: string, { min, max }: { readonly min: number; readonly max: number }): number {
    const found = this.#fields[name];
    return typeof found === "number" && found >= min && found <= max
      ? found
      : this.#refuse(name, `a number from ${min} to ${max}`);
  }

  /** Yes or no. */
  boolean(name: string): boolean {
    const found = this.#fields[name];
    return typeof found === "boolean" ? found : this.#refuse(name, "true or false");
  }

  /** A field of an architecture's own. */
  own(name: string, field: ArchitectureField): unknown {
    if (field.type === "integer") return this.integer(name, field);
    if (field.type === "integers") return this.integers(name, field);
    if (field.type === "number") return this.number(name, field);
    if (field.type === "boolean") return this.boolean(name);
    if (field.type === "numbers") return this.#numbers(name);
    return this.choice(name, field.choices);
  }

  /** A list of any numbers. */
  #numbers(name: string): number[] {
    const found = this.#fields[name];
    const right = Array.isArray(found) && found.length <= longestNumbers &&
      found.every((value) => Number.isFinite(value));
    return right ? found as number[] : this.#refuse(name, "a list of numbers");
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
        name in this.#fields ? quoted(this.#fields[name]) : "missing"
      }, expected ${expected}`,
    );
  }
}

function isInteger(
  value: unknown,
  { min, max }: { readonly min: number; readonly max: number },
): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= min && value <= max;
}
