/** What a comparison found of one sample, as it is kept and checked. */
import { CheckpointMismatchError } from "../core/errors.ts";
import { checkOf } from "../formats/seal.ts";
import type { Agreement } from "./agreement.ts";

/**
 * What one machine made of one sample, as plain data that JSON can hold; keep it to resume.
 *
 * @category Evaluation
 */
export interface ComparisonRecord {
  /** Number of the sample, from 0. */
  readonly sample: number;
  /** Its class; null when unconditional. */
  readonly label: number | null;
  /** Name of the machine; null: the network itself, of which there is only the image. */
  readonly machine: string | null;
  /** Seed of x_T and of a stochastic sampler; null if the noise was given. */
  readonly seed: number | null;
  /** Name of the sampler of all. */
  readonly sampler: string;
  /** Name of the grid of times. */
  readonly grid: string;
  /** Steps. */
  readonly steps: number;
  /** Whether images were measured as shown, in [0, 1]. */
  readonly clamp: boolean;
  /** The final image, `[H, W, C]` values. */
  readonly image: readonly number[];
  /** Agreement of the final image with the network's; null for the network. */
  readonly end: Agreement | null;
  /** Agreement of the clean images expected on each one's own trajectory; index 0 is the lowest noise. */
  readonly own: readonly Agreement[];
  /** Agreement of the clean images expected from the network's x; index 0 is the lowest noise. */
  readonly single: readonly Agreement[];
  /** CRC-32 of all that, by which a changed record is noticed; absent: it is taken as it is. */
  readonly check?: string;
}

/**
 * What all records of a comparison have in common.
 *
 * @category Evaluation
 */
export type ComparisonIdentity = Pick<
  ComparisonRecord,
  "seed" | "sampler" | "grid" | "steps" | "clamp"
>;

/** What a record is held against. */
export interface ExpectedRecords extends ComparisonIdentity {
  /** Number of the first sample. */
  readonly first: number;
  readonly samples: number;
  readonly labels: readonly number[] | null;
  readonly names: readonly string[];
  /** Values of an image. */
  readonly size: number;
  /** Keys of the measures. */
  readonly keys: readonly string[];
}

/** The record with its checksum. */
export function sealRecord(record: Omit<ComparisonRecord, "check">): ComparisonRecord {
  return { ...record, check: checkOf(record) };
}

/** @throws CheckpointMismatchError if a record is damaged, or of a comparison with other options. */
export function checkComparisonRecord(record: ComparisonRecord, expected: ExpectedRecords): void {
  if (typeof record !== "object" || record === null) {
    throw new CheckpointMismatchError(
      `Cannot resume the comparison: a record is ${
        JSON.stringify(record)
      }, expected one sample of one machine; leave it out, or start anew`,
    );
  }
  const { sample, machine, steps } = record;
  const fail = (what: string, found: unknown, wanted: unknown) => {
    throw new CheckpointMismatchError(
      `Cannot resume the comparison: in the record of sample ${sample} of ${
        machine ?? "the network"
      } ${what} is ${JSON.stringify(found) ?? "missing"}, expected ${
        JSON.stringify(wanted)
      }; use the same options or start anew`,
    );
  };
  const { first, samples, labels, names, size, keys } = expected;
  if (!Number.isInteger(sample) || sample < first || sample >= first + samples) {
    fail("the number", sample, `${first} to ${first + samples - 1}`);
  }
  if (machine !== null && !names.includes(machine)) {
    fail("the machine", machine, names.join(", "));
  }
  for (const key of ["seed", "sampler", "grid", "steps", "clamp"] as const) {
    if (record[key] !== expected[key]) fail(key, record[key], expected[key]);
  }
  const label = labels?.[sample - first] ?? null;
  if (record.label !== label) fail("the label", record.label, label);
  const { image } = record;
  if (!Array.isArray(image) || image.length !== size || !image.every(Number.isFinite)) {
    fail("the image", image?.length ?? null, `${size} finite values`);
  }
  const isAgreement = (each: Agreement | null | undefined) =>
    keys.every((key) => each?.[key] === null || Number.isFinite(each?.[key]));
  const count = machine === null ? 0 : steps;
  for (const way of ["own", "single"] as const) {
    const rows = record[way];
    if (!Array.isArray(rows) || rows.length !== count || !rows.every(isAgreement)) {
      fail(`the list "${way}"`, rows?.length ?? null, `${count} agreements`);
    }
  }
  if (machine === null ? record.end !== null : !isAgreement(record.end)) {
    fail("the agreement at the end", record.end, machine === null ? null : "an agreement");
  }
  const { check, ...content } = record;
  if (check !== undefined && check !== checkOf(content)) {
    fail("the checksum", check, checkOf(content));
  }
}
