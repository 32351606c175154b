/** The permissions of one command line of a verb: what the table says, with the paths that it names. */

import { basename, dirname, join, resolve, sep } from "node:path";
import {
  commonVariables,
  dataFolders,
  gpuVariables,
  shardVariables,
  sourceNames,
  type VerbPermissions,
} from "./permissions.ts";

/** What {@linkcode grantsFor} needs of the world; tests pass their own. */
export interface GrantWorld {
  /** Folder of the clone. */
  readonly root: string;
  /** Folder that paths on the command line are relative to. */
  readonly cwd: string;
  /** Folder of Deno's cache of npm packages; undefined where it is not known. */
  readonly npmCache: string | undefined;
  /** Folders and files that training runs in a folder of runs took their images from. */
  readonly rememberedPlaces: (runs: string) => Promise<readonly string[]>;
  /** Hosts of what the zoo lists and the clone has not. */
  readonly zooHosts: () => Promise<readonly string[]>;
  /** Where a path leads, links followed as far as it exists. */
  readonly realPath: (path: string) => Promise<string>;
  readonly exists: (path: string) => Promise<boolean>;
}

/** Flags for `deno run`, or why the command line is refused, in one line. */
export type Grants = { readonly flags: readonly string[] } | { readonly refusal: string };

/** A command line is refused; the message says why. */
class Refusal extends Error {}

/** The values of flags by name, and the words beside them, as far as the table asks for them. */
export interface NamedPaths {
  readonly value: (flag: string) => string | undefined;
  readonly words: readonly string[];
}

/**
 * Reads a command line as far as paths go. Whether it is a right one is for the verb to say: what is
 * unclear is taken as it would be there.
 */
export function readPaths(args: readonly string[], switches: readonly string[] = []): NamedPaths {
  const values = new Map<string, string>();
  const words: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === "--") {
      words.push(...args.slice(i + 1));
      break;
    }
    if (!arg.startsWith("--")) {
      words.push(arg);
      continue;
    }
    const [, name, joined] = /^--([^=]*)(?:=(.*))?$/s.exec(arg)!;
    if (joined !== undefined) values.set(name!, joined);
    else if (!switches.includes(name!.replace(/^no-/, ""))) {
      const next = args[i + 1];
      if (next === undefined || next.startsWith("--")) continue;
      values.set(name!, next);
      i++;
    }
  }
  return { value: (flag) => values.get(flag), words };
}

/** Where `tasks/pipelines/write_output.ts` writes an output before it takes its place. */
export function temporaryBeside(file: string): string {
  return join(dirname(file), `.${basename(file)}.tmp`);
}

/** Whether `path` is `folder` or lies in it. */
const isWithin = (path: string, folder: string) =>
  path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);

/** What a flag's value may name: the value, the parts of a list, and what stands behind NAME=. */
const candidates = (value: string) => [
  value,
  ...value.split(",").flatMap((part) => [part, part.slice(part.indexOf("=") + 1)]),
];

/**
 * The permissions for one command line.
 *
 * Reading: the clone, npm's packages, the folders of data sets, and what is named. Writing: the folders
 * and files that are named, or where the verb writes by itself; never the source, which is denied too.
 */
export async function grantsFor(
  verb: VerbPermissions,
  args: readonly string[],
  world: GrantWorld,
): Promise<Grants> {
  try {
    return { flags: await flagsFor(verb, args, world) };
  } catch (error) {
    if (error instanceof Refusal) return { refusal: error.message };
    throw error;
  }
}

async function flagsFor(
  verb: VerbPermissions,
  args: readonly string[],
  world: GrantWorld,
): Promise<string[]> {
  const { value, words } = readPaths(args, verb.switches);
  const absolute = (path: string) => resolve(world.cwd, path);
  const read = new Set<string>([world.root]);
  const write = new Set<string>();
  if (world.npmCache !== undefined) read.add(world.npmCache);
  for (const folder of dataFolders) read.add(folder);
  const add = (set: Set<string>, path: string) => {
    if (set === read && isWithin(path, world.root)) return;
    set.add(grantable(path));
  };

  const addRead = (path: string) => {
    add(read, path);
    // A run says there what its files have to hold.
    add(read, join(dirname(path), "finished.json"));
  };
  for (const flag of verb.reads ?? []) {
    for (const path of candidates(value(flag) ?? "")) {
      if (path && !isZooWord(path)) addRead(absolute(path));
    }
  }
  const folders: string[] = [];
  for (const [flag, otherwise] of Object.entries(verb.folders ?? {})) {
    const folder = absolute(value(flag) || otherwise);
    await refuseSource(folder, `--${flag}`, world);
    folders.push(folder);
  }
  const files: string[] = [];
  for (const [flag, otherwise] of Object.entries(verb.files ?? {})) {
    const given = value(flag);
    const file = absolute(given || otherwise);
    // A document that ships may be made anew; what else is in its folder may not.
    const document = file === absolute(otherwise);
    if (!document) await refuseSource(file, `--${flag}`, world);
    files.push(file, ...(verb.beside ?? []).map((end) => file.replace(/\.md$/, "") + end));
  }
  const uses = verb.words ?? [];
  for (const [i, word] of words.entries()) {
    const use = uses[i] ?? (verb.moreWords ? uses.at(-1) : undefined);
    if (word === "") continue;
    if (use === "read" && !isZooWord(word)) addRead(absolute(word));
    if (use === "write") {
      await refuseSource(absolute(word), word, world);
      files.push(absolute(word));
    }
  }
  for (const folder of folders) {
    add(read, folder);
    add(write, folder);
  }
  for (const file of files) {
    for (const path of [file, temporaryBeside(file)]) {
      add(read, path);
      add(write, path);
    }
    const missing = await firstMissing(dirname(file), world);
    if (missing !== undefined) add(write, missing);
  }
  if (verb.reads?.includes("run")) {
    const runs = absolute(value("out") || "runs");
    for (const place of await world.rememberedPlaces(runs)) add(read, absolute(place));
  }

  const zooHosts = mayTakeZoo(verb, { value, words }) ? await world.zooHosts() : [];
  if (zooHosts.length > 0) {
    const folder = join(world.root, zooDownloads);
    add(write, await firstMissing(folder, world) ?? folder);
  }

  const kept = (name: string) => [...write].some((path) => isWithin(path, join(world.root, name)));
  // What is granted within such a folder, as the one document is, cannot be denied with it.
  const denied = [...sourceNames, "data"].filter((name) => !kept(name))
    .map((name) => join(world.root, name));
  const serves = verb.serves !== undefined && args.includes(`--${verb.serves}`);
  const hosts = [
    ...hostsFor(verb, words[0], value),
    ...zooHosts,
    ...serves ? ["127.0.0.1"] : [],
  ];
  const variables = [
    ...commonVariables,
    ...verb.computes ? gpuVariables : [],
    ...verb.splits ? shardVariables : [],
  ];
  return [
    `--allow-read=${[...read].join(",")}`,
    ...write.size > 0
      ? [`--allow-write=${[...write].join(",")}`, `--deny-write=${denied.join(",")}`]
      : [],
    ...hosts.length > 0 ? [`--allow-net=${hosts.join(",")}`] : [],
    ...verb.programs ? [`--allow-run=${verb.programs.join(",")}`] : [],
    `--allow-env=${variables.join(",")}`,
    ...verb.computes ? ["--allow-sys=systemMemoryInfo"] : [],
  ];
}

/** Where `tasks/pipelines/zoo.ts` keeps what it fetches. */
const zooDownloads = join("data", "downloads", "zoo");

/** Whether a word names something of the zoo; so does `tasks/pipelines/zoo.ts`. */
const isZooWord = (word: string) => word.startsWith("zoo:");

/** Whether a command line names a network or scales of the zoo, or takes all of it, as a reproduction does. */
function mayTakeZoo({ reads = [] }: VerbPermissions, { value, words }: NamedPaths): boolean {
  const named = [...reads.flatMap((flag) => candidates(value(flag) ?? "")), ...words];
  return named.some(isZooWord) || reads.includes("weights");
}

/** Deno separates paths with commas and knows no other way: above a comma the folder is granted. */
function grantable(path: string): string {
  if (!path.includes(",")) return path;
  const parts = path.split(sep);
  const folder = parts.slice(0, parts.findIndex((part) => part.includes(","))).join(sep);
  if (folder !== "" && dirname(folder) !== folder) return folder;
  throw new Refusal(`Cannot use ${path}: there is a comma in it; choose another name`);
}

async function refuseSource(path: string, what: string, world: GrantWorld): Promise<void> {
  const [real, root] = [await world.realPath(path), await world.realPath(world.root)];
  const inSource = sourceNames.some((name) => isWithin(real, join(root, name)));
  const inData = isWithin(real, join(root, "data")) &&
    !isWithin(real, join(root, "data", "downloads"));
  if (inSource || inData) {
    throw new Refusal(
      `Cannot write ${path} (${what}): it is a part of the toolkit itself; choose a place outside ` +
        "its source, such as a folder in runs",
    );
  }
}

/** The first folder on the way to a path that is not there; undefined if all are. */
async function firstMissing(folder: string, world: GrantWorld): Promise<string | undefined> {
  let missing: string | undefined;
  for (let at = folder; !await world.exists(at); at = dirname(at)) {
    missing = at;
    if (dirname(at) === at) break;
  }
  return missing;
}

function hostsFor(
  { hosts = {}, mirror }: VerbPermissions,
  word: string | undefined,
  value: NamedPaths["value"],
): readonly string[] {
  const named = mirror === undefined ? undefined : value(mirror);
  if (named === undefined) return (word !== undefined ? hosts[word] : undefined) ?? [];
  // What is no address is for the verb to refuse.
  if (!URL.canParse(named)) return [];
  const { hostname, port, protocol } = new URL(named);
  if (hostname === "") return [];
  return [`${hostname}:${port || (protocol === "http:" ? 80 : 443)}`];
}
