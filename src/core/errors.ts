/** Errors that callers may want to catch by class. Arguments out of range are RangeError or TypeError. */

/**
 * Bytes do not follow the format that they should: a data set, weights, a schedule, a picture.
 *
 * The message names the file or thing, what was found, what was expected and what to do.
 */
export class DataFormatError extends Error {
  /** Name of the class. */
  override readonly name = "DataFormatError";
  /** Where the bytes came from: a path, or a name for bytes that were not read from a file. */
  readonly source: string;
  /** Offset of the offending byte, where one is known. */
  readonly byteOffset: number | undefined;

  /** Makes an error about `source`; `byteOffset` points at the offending byte where one is known. */
  constructor(source: string, problem: string, byteOffset?: number) {
    super(`${source}: ${problem}${byteOffset === undefined ? "" : ` (at byte ${byteOffset})`}`);
    this.source = source;
    this.byteOffset = byteOffset;
  }
}

/** A backend or device that was asked for is missing, lost, or too small for the work. */
export class DeviceUnavailableError extends Error {
  /** Name of the class. */
  override readonly name = "DeviceUnavailableError";
}

/** Weights, a checkpoint or a scale schedule belong to another network, data set or configuration. */
export class CheckpointMismatchError extends Error {
  /** Name of the class. */
  override readonly name = "CheckpointMismatchError";
}
