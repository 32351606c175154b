/** This package as JSR would serve it: the files that are published, over HTTP, on this machine alone. */
import { fromFileUrl, join } from "@std/path";
import { sha256Hex } from "../../src/core/sha256.ts";

const root = fromFileUrl(new URL("../..", import.meta.url));
const standIns = join(root, ".ci/jsr");

interface Config {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, string>>;
  readonly imports: Readonly<Record<string, string>>;
  readonly publish: { readonly include: readonly string[]; readonly exclude: readonly string[] };
}

/** What deno.json says of the package. */
export const published = JSON.parse(
  await Deno.readTextFile(join(root, "deno.json")),
) as Config;

/** What an entry of deno.json's lists matches: a file, all of a folder, or a pattern. */
const pattern = (entry: string) =>
  new RegExp(
    `^${
      entry
        .replace(/[.+?()[\]{}|^$\\]/g, "\\$&")
        .replace(/\*\*\/|\*/g, (glob) => glob === "*" ? "[^/]*" : "(.*/)?")
    }(/|$)`,
  );
const [included, excluded] = [published.publish.include, published.publish.exclude]
  .map((entries) => entries.map(pattern)) as [RegExp[], RegExp[]];

/** Whether a path in the repository is published. */
const isPublished = (path: string) =>
  included.some((entry) => entry.test(path)) && !excluded.some((entry) => entry.test(path));

/** A module with the names of deno.json replaced by what they stand for, as `deno publish` does it. */
function unfurl(code: string): string {
  return code.replace(
    /(\b(?:from|import)\s*\(?\s*)"([^"./][^"]*)"/g,
    (whole, before: string, specifier: string) => {
      const name = Object.keys(published.imports)
        .filter((key) => specifier === key || specifier.startsWith(`${key}/`))
        .sort((a, b) => b.length - a.length)[0];
      if (name === undefined) return whole;
      return `${before}"${published.imports[name]}${specifier.slice(name.length)}"`;
    },
  );
}

/** Files of a package by their paths in it. */
type Files = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

async function readTree(folder: string, wanted: (path: string) => boolean): Promise<Files> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const walk = async (below: string) => {
    for await (const { name, isDirectory } of Deno.readDir(join(folder, below))) {
      const path = below === "" ? name : `${below}/${name}`;
      if (isDirectory) {
        if (!/^(\.git|runs|node_modules)$/.test(path)) await walk(path);
      } else if (wanted(path)) files.set(path, await Deno.readFile(join(folder, path)));
    }
  };
  await walk("");
  return files;
}

/** A package of one version, in the form of JSR's answers: path of a URL -> body. */
async function packageAnswers(
  files: Files,
  { name, version, exports }: Pick<Config, "name" | "version" | "exports">,
): Promise<[path: string, body: BodyInit][]> {
  const [scope, own] = name.slice(1).split("/");
  const manifest: Record<string, { size: number; checksum: string }> = {};
  for (const [path, bytes] of files) {
    const checksum = `sha256-${await sha256Hex(bytes)}`;
    manifest[`/${path}`] = { size: bytes.length, checksum };
  }
  return [
    [
      `${name}/meta.json`,
      JSON.stringify({ scope, name: own, latest: version, versions: { [version]: {} } }),
    ],
    [`${name}/${version}_meta.json`, JSON.stringify({ manifest, exports })],
    ...[...files].map(([path, bytes]): [string, BodyInit] => [`${name}/${version}/${path}`, bytes]),
  ];
}

/** This package and the stand-ins for the standard library. */
async function allAnswers(): Promise<ReadonlyMap<string, BodyInit>> {
  const own = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const [path, bytes] of await readTree(root, isPublished)) {
    const code = path.endsWith(".ts") ? unfurl(new TextDecoder().decode(bytes)) : undefined;
    own.set(path, code === undefined ? bytes : new TextEncoder().encode(code));
  }
  const answers = await packageAnswers(own, published);
  for await (const { name: scoped } of Deno.readDir(join(standIns, "@std"))) {
    const name = `@std/${scoped}`;
    const read = async (file: string) =>
      JSON.parse(await Deno.readTextFile(join(standIns, name, file)));
    const version = (await read("meta.json")).latest as string;
    const { exports } = await read(`${version}_meta.json`);
    const files = await readTree(join(standIns, name, version), () => true);
    answers.push(...await packageAnswers(files, { name, version, exports }));
  }
  return new Map(answers);
}

/**
 * Lends a registry that has this package and the stand-ins for the standard library.
 *
 * @param use Gets its JSR_URL.
 */
export async function withRegistry<T>(use: (url: string) => Promise<T>): Promise<T> {
  const answers = await allAnswers();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const body = answers.get(decodeURIComponent(new URL(request.url).pathname.slice(1)));
    return body === undefined ? new Response("not published", { status: 404 }) : new Response(body);
  });
  try {
    return await use(`http://127.0.0.1:${server.addr.port}/`);
  } finally {
    await server.shutdown();
  }
}
