/** `deno task licenses`: the licenses of all packages that deno.lock names, in docs/licenses.md. */
import config from "../../deno.json" with { type: "json" };
import { committedLock, withoutTools } from "../../.ci/lock.ts";
import { CommandError, defineVerb, runVerb } from "../cli/command.ts";
import { textIfThere } from "../cli/text_file.ts";
import { formatMarkdown, keepDocument } from "./generated_document.ts";
import { fromCache, type LockedPackage, parseLockId, registries } from "./npm_cache.ts";

const output = "docs/licenses.md";

/** Licenses under which a package may be used here, by their SPDX identifiers. */
const allowed: ReadonlySet<string> = new Set([
  ...["MIT", "ISC", "0BSD", "BSD-2-Clause", "BSD-3-Clause", "Zlib", "Unlicense", "Python-2.0"],
  "Apache-2.0",
  // Of files that are used as they are.
  "MPL-2.0",
  // Of a font.
  "OFL-1.1",
]);

/** Whether an SPDX expression, such as "(MIT OR GPL-3.0)", permits the use here. */
export function isAllowed(license: string): boolean {
  const plain = license.replaceAll(/[()]/g, " ").trim();
  // Of alternatives one is enough; of parts that all hold, all are needed.
  return plain.split(/\s+OR\s+/).some((choice) =>
    choice.split(/\s+AND\s+/).every((one) => allowed.has(one.trim()))
  );
}

/** The license that a package's own description names. */
export function licenseOf(description: unknown): string | undefined {
  const { license, licenses } = description as {
    readonly license?: string | { readonly type?: string };
    readonly licenses?: readonly { readonly type?: string }[];
  };
  if (typeof license === "string") return license;
  // As packages of long ago said it.
  return license?.type ?? licenses?.map(({ type }) => type).join(" OR ");
}

/** The license of a package by what is in Deno's cache; undefined where it is not there. */
async function cachedLicense(
  { name, version }: LockedPackage,
  folders: readonly string[],
): Promise<string | undefined> {
  const description = await fromCache(`${name}/${version}/package.json`, folders);
  return description === undefined ? undefined : licenseOf(description) ?? "not stated";
}

/** The rows of a list: package and version, then license. What a version is licensed by never changes. */
export function listedLicenses(document: string): ReadonlyMap<string, string> {
  const rows = document.matchAll(/^\| `([^`]+)` +\| ([^|]+?) +\|/gm);
  return new Map([...rows].map(([, id, license]) => [id!, license!]));
}

function documentOf(licenses: ReadonlyMap<string, string>, ofVerbs: ReadonlySet<string>): string {
  const table = (rows: readonly (readonly [string, string])[]) =>
    ["| package | license |", "| --- | --- |"]
      .concat(rows.map(([id, license]) => `| \`${id}\` | ${license} |`)).join("\n");
  const all = [...licenses].sort(([a], [b]) => a < b ? -1 : 1);
  return [
    "# Licenses of packages",
    "Made from `deno.lock` and the packages' own descriptions by `deno task licenses`; do not edit. The " +
    "toolkit itself is under the [MIT license](../LICENSE), data sets have " +
    "[licenses of their own](data.md).",
    `Only these are accepted: ${[...allowed].join(", ")}.`,
    "## What the commands and the library use",
    table(all.filter(([id]) => ofVerbs.has(id))),
    "## What only tests and tools use",
    table(all.filter(([id]) => !ofVerbs.has(id))),
  ].join("\n\n");
}

/** This command. */
export const verb = defineVerb({
  name: "licenses",
  description: `Writes ${output}, the licenses of all packages, those that others need included.`,
  flags: { check: { type: "boolean", help: "Write nothing; fail where the list differs" } },
  examples: ["licenses", "licenses --check"],
}, async ({ flags, print }) => {
  const lock = await Deno.readTextFile(committedLock);
  const packagesOf = (text: string) =>
    Object.keys((JSON.parse(text) as { readonly npm: object }).npm).map(parseLockId);
  const idOf = ({ name, version }: LockedPackage) => `${name}@${version}`;
  const listed = listedLicenses(await textIfThere(output) ?? "");
  const folders = await registries();
  const licenses = new Map<string, string>();
  for (const each of packagesOf(lock)) {
    const license = await cachedLicense(each, folders) ?? listed.get(idOf(each));
    if (license === undefined) {
      throw new CommandError(
        `Cannot tell the license of ${idOf(each)}: it is not in Deno's cache; run deno install`,
      );
    }
    licenses.set(idOf(each), license);
  }
  const refused = [...licenses].filter(([, license]) => !isAllowed(license));
  if (refused.length > 0) {
    const [id, license] = refused[0]!;
    throw new CommandError(
      `${id} is under ${license}${
        refused.length > 1 ? ` (and ${refused.length - 1} others)` : ""
      }, ` +
        "which is none of the licenses that are accepted here; take another package, or add the " +
        "license to tasks/tools/licenses.ts",
    );
  }
  const ofVerbs = new Set(packagesOf(withoutTools(lock, config)).map(idOf));
  const text = await formatMarkdown(documentOf(licenses, ofVerbs));
  print(await keepDocument(output, text, { check: flags.check, task: "licenses" }));
});

if (import.meta.main) await runVerb(verb);
