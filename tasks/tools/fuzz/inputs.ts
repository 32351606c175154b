/** The inputs of a target, each by its number: the same seed and number give the same bytes. */
import { Random } from "../../../src/core/random.ts";
import { mutate, pick } from "./mutate.ts";
import { type FuzzInput, type FuzzMode, type FuzzTarget, readsOrRefused } from "./target.ts";

/** A good file, with what it holds. */
interface GoodFile {
  readonly bytes: Uint8Array;
  readonly value: unknown;
}

/** Makes the inputs of one target. */
export class Inputs {
  readonly #target: FuzzTarget;
  readonly #seed: number;
  readonly #good: readonly GoodFile[];
  readonly #others: readonly Uint8Array[];

  private constructor(
    target: FuzzTarget,
    seed: number,
    good: readonly GoodFile[],
    corpus: readonly Uint8Array[],
  ) {
    this.#target = target;
    this.#seed = seed;
    this.#good = good;
    this.#others = [...good.map(({ bytes }) => bytes), ...corpus];
  }

  /**
   * Reads the good files of a target.
   *
   * @param options.corpus Further files to begin with, whatever a reader makes of them.
   */
  static async of(
    target: FuzzTarget,
    { seed, corpus = [] }: { readonly seed: number; readonly corpus?: readonly Uint8Array[] },
  ): Promise<Inputs> {
    const good: GoodFile[] = [];
    // The same files whatever the seed: failures of other runs are then about the same files.
    for (const bytes of await target.seeds(new Random(1, "seeds"))) {
      // A good file that is refused stops everything: nothing could be found with it.
      good.push({ bytes, value: await target.read(bytes.slice(), target.file) });
    }
    return new Inputs(target, seed, good, corpus);
  }

  /** The good files. */
  get good(): readonly Uint8Array[] {
    return this.#good.map(({ bytes }) => bytes);
  }

  /** One input. */
  make(mode: FuzzMode, index: number): FuzzInput {
    const random = new Random(this.#seed, `${mode}/${index}`);
    if (mode === "structured") return this.#target.structured(random);
    const { tokens = [], isProtected } = this.#target;
    const context = { random, others: this.#others, tokens };
    // One in eight begins with what once made trouble.
    const old = random.integer(8) === 0;
    if (old || !isProtected) return mutate(pick(random, this.#others), context);
    const { bytes, value } = pick(random, this.#good);
    const changed = mutate(bytes, context);
    return { ...changed, expected: readsOrRefused(value) };
  }
}
