/** Where processes leave sums for each other, such as a folder that several machines see. */

/**
 * What a record says of itself.
 *
 * @category Posterior
 */
export interface MeetingHeader {
  /** Number of the shard that wrote it, from 1. */
  readonly index: number;
  /** How many shards there are. */
  readonly count: number;
  /** First of the training images that it is a sum over. */
  readonly from: number;
  /** One after the last of them. */
  readonly to: number;
  /** How many training images all shards have. */
  readonly total: number;
  /** Everything that decides the numbers, the same for all shards. Plain data. */
  readonly identity: Readonly<Record<string, unknown>>;
  /** What is of this record alone. Plain data. */
  readonly about: Readonly<Record<string, unknown>>;
}

/**
 * A record: what it says of itself, and arrays by name.
 *
 * @category Posterior
 */
export interface MeetingRecord {
  /** What it says of itself. */
  readonly header: MeetingHeader;
  /** Arrays by name. */
  readonly arrays: Readonly<
    Record<string, { readonly shape: readonly number[]; readonly data: Float64Array }>
  >;
}

/**
 * A place that all shards see. Whoever reads a record sees a whole one, written before or after another, never
 * a part; names are of letters, digits, dots and dashes.
 *
 * @category Posterior
 */
export interface MeetingPlace {
  /** What people know it by, for messages. */
  readonly name: string;
  /** Puts a record there, in place of what had its name. */
  write(name: string, record: MeetingRecord): Promise<void>;
  /** Reads a record; undefined if there is none of that name. */
  read(name: string): Promise<MeetingRecord | undefined>;
  /** Names of all records. */
  names(): Promise<readonly string[]>;
  /** Removes a record, if it is there. */
  remove(name: string): Promise<void>;
}
