/** The zoo's folder as the tool that builds it sees it: a card beside the files of each network. */
import { join } from "@std/path";
import { Ajv } from "ajv";
import indexSchema from "../../../data/zoo_index.schema.json" with { type: "json" };
import cardSchema from "../../../data/zoo_card.schema.json" with { type: "json" };
import { readRegularFile } from "../../../src/core/file_system.ts";
import { sha256Hex } from "../../../src/core/sha256.ts";
import { writeJsonText } from "../../../src/formats/json_text.ts";
import { writeFileAtomic } from "../../../src/runs/atomic_write.ts";
import type { ZooCard } from "../../../src/zoo/zoo_card.ts";
import type { ZooEntry, ZooFile } from "../../../src/zoo/zoo_index.ts";
import { CommandError } from "../../cli/command.ts";
import { experiments } from "../../reproduce/experiments.ts";

/** Bytes that the weights of a network may have, 1 MiB, and those of all, 12 MiB. */
export const zooLimits = { each: 2 ** 20, all: 12 * 2 ** 20 } as const;

/** What the index file holds. */
export interface ZooIndex {
  readonly format: "els-zoo";
  readonly version: 1;
  readonly entries: readonly ZooEntry[];
}

const ajv = new Ajv({ allErrors: false, allowUnionTypes: true });
const checks = { index: ajv.compile(indexSchema), card: ajv.compile(cardSchema) } as const;

/** @throws CommandError with the first breach of the schema. */
export function checkShape(kind: keyof typeof checks, value: unknown, source: string): void {
  const check = checks[kind];
  if (check(value)) return;
  const { instancePath, message } = check.errors![0]!;
  throw new CommandError(`${source}: ${instancePath || "the whole"} ${message}`);
}

/** Names of the networks in a folder: rows of the published table first. */
async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) if (isDirectory) names.push(name);
  const known = experiments.map(({ name }) => name);
  const place = (name: string) => known.includes(name) ? known.indexOf(name) : known.length;
  return names.sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1));
}

/** What the index says of bytes below the zoo's folder. */
export async function describeFile(address: string, bytes: Uint8Array): Promise<ZooFile> {
  return { address, bytes: bytes.length, sha256: await sha256Hex(bytes) };
}

/** Writes a file of an entry and says what the index needs to know of it. */
export async function writeZooFile(
  folder: string,
  { address, content }: { readonly address: string; readonly content: Uint8Array | string },
): Promise<ZooFile> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const path = join(folder, address);
  await Deno.mkdir(join(path, ".."), { recursive: true });
  await writeFileAtomic(path, bytes);
  return await describeFile(address, bytes);
}

/** @throws CommandError if a file that ships is not the one that its card lists. */
async function checkFile(folder: string, file: ZooFile): Promise<void> {
  if (URL.canParse(file.address)) return;
  const path = join(folder, file.address);
  const bytes = await readRegularFile(path).catch((error) => {
    throw new CommandError(`${path}: ${(error as Error).message}`);
  });
  if ((await describeFile(file.address, bytes)).sha256 !== file.sha256) {
    throw new CommandError(`${path} is not the file that its card lists: add it again`);
  }
}

/** Path of a card. */
export const cardPath = (folder: string, name: string): string => join(folder, name, "card.json");

/** Reads the card of an entry, and checks it and the files that it lists. */
export async function readCard(folder: string, name: string): Promise<ZooCard> {
  const path = cardPath(folder, name);
  const value: unknown = JSON.parse(new TextDecoder().decode(await readRegularFile(path)));
  checkShape("card", value, path);
  const card = value as ZooCard;
  if (card.name !== name) {
    throw new CommandError(`${path}: name is ${JSON.stringify(card.name)}, expected the folder's`);
  }
  const { weights, schedules, samples } = card.files;
  for (const file of [weights, ...schedules, ...samples ? [samples] : []]) {
    await checkFile(folder, file);
  }
  return card;
}

/** The cards of a folder, in the order of the index. */
export async function readCards(folder: string): Promise<ZooCard[]> {
  const cards: ZooCard[] = [];
  for (const name of await namesIn(folder)) cards.push(await readCard(folder, name));
  return cards;
}

/** Writes a card. */
export async function writeCard(folder: string, card: ZooCard): Promise<void> {
  const path = cardPath(folder, card.name);
  checkShape("card", JSON.parse(JSON.stringify(card)), path);
  await Deno.mkdir(join(folder, card.name), { recursive: true });
  await writeFileAtomic(path, writeJsonText(card));
}

/** The text of the index of the cards in a folder. */
export async function indexText(folder: string, cards: readonly ZooCard[]): Promise<string> {
  const entries: ZooEntry[] = [];
  for (const { name, files: { weights, schedules } } of cards) {
    const bytes = await readRegularFile(cardPath(folder, name));
    const card = await describeFile(`${name}/card.json`, bytes);
    entries.push({ name, weights, card, schedules });
  }
  const index: ZooIndex = { format: "els-zoo", version: 1, entries };
  checkShape("index", JSON.parse(JSON.stringify(index)), "index.json");
  checkSizes(entries);
  return writeJsonText(index);
}

/** @throws CommandError if the weights of a network, or of all together, are too large to ship. */
export function checkSizes(entries: readonly Pick<ZooEntry, "name" | "weights">[]): void {
  const shipped = entries.filter(({ weights }) => !URL.canParse(weights.address));
  for (const { name, weights: { bytes } } of shipped) {
    if (bytes > zooLimits.each) {
      throw new CommandError(
        `The weights of ${name} have ${bytes} bytes, at most ${zooLimits.each} may ship`,
      );
    }
  }
  const all = shipped.reduce((sum, { weights }) => sum + weights.bytes, 0);
  if (all > zooLimits.all) {
    throw new CommandError(
      `The weights of the zoo have ${all} bytes, at most ${zooLimits.all} may ship`,
    );
  }
}
