/** What a finished run declares: its files, with checksums by which damage is noticed later. */
import { basename, dirname, join } from "@std/path";
import { DataFormatError } from "../core/errors.ts";
import { sha256Hex } from "../core/sha256.ts";
import { isObject, readJsonFile } from "./json_file.ts";
import { readIfThere } from "./kept_file.ts";
import { sha256File } from "./provenance.ts";

/**
 * A file of a finished run.
 *
 * @category Runs
 */
export interface Artifact {
  /** Path in the run's folder. */
  readonly path: string;
  /** Length in bytes. */
  readonly bytes: number;
  /** SHA-256 in hexadecimal. */
  readonly sha256: string;
}

/** Name of the file that says that a run is finished. */
export const finishedFile = "finished.json";

/** Files of a folder as they are now; those that are not there are left out. */
export async function describeArtifacts(
  folder: string,
  names: Iterable<string>,
): Promise<Artifact[]> {
  const artifacts: Artifact[] = [];
  for (const path of [...new Set(names)].sort()) {
    const bytes = await readIfThere(join(folder, path));
    if (bytes === undefined) continue;
    artifacts.push({ path, bytes: bytes.length, sha256: await sha256Hex(bytes) });
  }
  return artifacts;
}

/** What is wrong with the files of a finished run, in the order of the list. */
export async function damagedArtifacts(
  folder: string,
  artifacts: readonly Artifact[],
): Promise<DataFormatError[]> {
  const problems: DataFormatError[] = [];
  for (const artifact of artifacts) {
    const path = join(folder, artifact.path);
    try {
      const { size, isFile } = await Deno.stat(path);
      // Whether a long file is whole its length often tells already.
      if (!isFile) problems.push(new DataFormatError(path, "it is no file"));
      else if (size !== artifact.bytes) {
        problems.push(damaged(path, `it has ${size} bytes`, artifact));
      } else if (await sha256File(path) !== artifact.sha256) {
        problems.push(damaged(path, "its content has changed", artifact));
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      problems.push(new DataFormatError(path, "it is missing"));
    }
  }
  return problems;
}

function damaged(path: string, found: string, { bytes }: Artifact): DataFormatError {
  return new DataFormatError(path, `damaged: ${found}, expected the ${bytes} that the run wrote`);
}

/**
 * Checks a file against what its folder declares of it, if that is the folder of a finished run.
 *
 * @param sha256 Of the file's bytes.
 * @throws DataFormatError if the run wrote other bytes.
 */
export async function checkArtifact(path: string, sha256: string): Promise<void> {
  const finished = await readJsonFile(join(dirname(path), finishedFile)).catch((error) => {
    // Without its list nothing is known of the file, which then has to speak for itself.
    if (error instanceof DataFormatError) return undefined;
    throw error;
  });
  const artifact = isObject(finished)
    ? parseArtifacts(finished["artifacts"])?.find((each) => each.path === basename(path))
    : undefined;
  if (artifact !== undefined && artifact.sha256 !== sha256) {
    throw new DataFormatError(path, "damaged: its content is not what its run wrote", {
      remedy: () =>
        "run the command that made it again, which makes it anew from what is whole, or give a copy " +
        "outside of the run if it was changed on purpose",
    });
  }
}

/** Paths that do not stay in the folder. */
const elsewhere = /^[\\/]|^[A-Za-z]:|(^|[\\/])\.\.([\\/]|$)/;

/** The list of a `finished.json`; undefined where it has none, as in runs of earlier releases. */
export function parseArtifacts(value: unknown): readonly Artifact[] | undefined {
  const isArtifact = (each: unknown): each is Artifact =>
    isObject(each) && typeof each["path"] === "string" && !elsewhere.test(each["path"]) &&
    typeof each["bytes"] === "number" &&
    typeof each["sha256"] === "string";
  return Array.isArray(value) && value.every(isArtifact) ? value : undefined;
}
