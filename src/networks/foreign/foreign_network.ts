import type { TrainedNetwork } from "../weights/weights.ts";

/**
 * The files of a network that another program saved in a folder.
 *
 * @category Networks
 */
export interface NetworkFolder {
  /** Path of the folder, or a name for it, for messages and for the network's own name. */
  readonly path: string;
  /** Whether it holds a file. */
  has(name: string): Promise<boolean>;
  /** Bytes of a file that it holds; names have "/" between folders. */
  read(name: string): Promise<Uint8Array<ArrayBuffer>>;
}

/** A kind of networks that lie in folders. */
export interface ForeignFolder {
  /** Name for people. */
  readonly title: string;
  /** Whether a folder holds one, whole or not. */
  recognize(folder: NetworkFolder): Promise<boolean>;
  /**
   * Reads it.
   *
   * @throws DataFormatError if a file is missing or damaged.
   * @throws CheckpointMismatchError if it is a network that is not known here, or files contradict each
   * other.
   */
  read(folder: NetworkFolder): Promise<TrainedNetwork>;
}

/** A kind of networks that are one file each. */
export interface ForeignFile {
  /** Name for people. */
  readonly title: string;
  /** Whether bytes are one, by a look at them; the rest may still be damaged. */
  recognize(bytes: Uint8Array, path: string): boolean;
  /**
   * Reads it.
   *
   * @throws DataFormatError if it is damaged.
   * @throws CheckpointMismatchError if it is a network that is not known here.
   */
  read(bytes: Uint8Array<ArrayBuffer>, path: string): Promise<TrainedNetwork>;
}

/** Name of a file or of the last folder of a path. */
export function lastName(path: string): string {
  return path.split(/[\\/]/).filter((part) => part !== "" && part !== ".").at(-1) ?? path;
}
