/** This package as JSR would serve it: the files that are published, over HTTP, on this machine alone. */
import { join } from "@std/path";
import config from "../../deno.json" with { type: "json" };
import { sha256Hex } from "../../src/core/sha256.ts";
import { root } from "../tasks/commands.ts";

const standIns = ".ci/jsr/@std";

/** Files of a package by their paths in it. */
type Files = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/** Files and folders that `publish` of deno.json leaves out; of patterns only `**` and `*` are known. */
const excluded: readonly RegExp[] = config.publish.exclude.map((pattern) =>
  new RegExp(
    `^${RegExp.escape(pattern).replaceAll("\\*\\*\\/", "(.*/)?").replaceAll("\\*", "[^/]*")}$`,
  )
);

/** A module as JSR serves it: what deno.json maps is written out. */
function unfurled(source: string): string {
  const mapped = (specifier: string): string => {
    const names = Object.entries(config.imports).sort(([a], [b]) => b.length - a.length);
    const found = names.find(([name]) => specifier === name || specifier.startsWith(`${name}/`));
    return found === undefined ? specifier : found[1] + specifier.slice(found[0].length);
  };
  return source.replace(
    /(\bfrom\s+|\bimport\s*\(?\s*|@ts-types=)"([^"]+)"/g,
    (_, before: string, specifier: string) => `${before}"${mapped(specifier)}"`,
  );
}

/** Files of a folder of this repository, or the one file, without what git ignores. */
async function* filesOf(path: string): AsyncGenerator<string> {
  if (!(await Deno.stat(join(root, path))).isDirectory) return yield path;
  for await (const { name } of Deno.readDir(join(root, path))) {
    if (name !== "downloads" && name !== "node_modules") yield* filesOf(`${path}/${name}`);
  }
}

async function ownFiles(): Promise<Files> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const top of config.publish.include) {
    for await (const path of filesOf(top)) {
      if (excluded.some((pattern) => pattern.test(path))) continue;
      const bytes = await Deno.readFile(join(root, path));
      const text = path.endsWith(".ts") ? unfurled(new TextDecoder().decode(bytes)) : undefined;
      files.set(path, text === undefined ? bytes : new TextEncoder().encode(text));
    }
  }
  return files;
}

async function filesBelow(folder: string): Promise<Files> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for await (const path of filesOf(folder)) {
    files.set(path.slice(folder.length + 1), await Deno.readFile(join(root, path)));
  }
  return files;
}

/** A package of one version as answers: path of a URL -> body. */
async function answersOf(
  name: string,
  { version, exports, files }: {
    readonly version: string;
    readonly exports: Readonly<Record<string, string>>;
    readonly files: Files;
  },
): Promise<[path: string, body: BodyInit][]> {
  const manifest: Record<string, { size: number; checksum: string }> = {};
  for (const [path, bytes] of files) {
    manifest[`/${path}`] = { size: bytes.length, checksum: `sha256-${await sha256Hex(bytes)}` };
  }
  const [scope, own] = name.slice(1).split("/");
  const meta = { scope, name: own, latest: version, versions: { [version]: {} } };
  return [
    [`/${name}/meta.json`, JSON.stringify(meta)],
    [`/${name}/${version}_meta.json`, JSON.stringify({ manifest, exports })],
    ...[...files].map(([path, bytes]): [string, BodyInit] => [
      `/${name}/${version}/${path}`,
      bytes,
    ]),
  ];
}

/** This package, and the stand-ins in place of the standard library. */
async function allAnswers(): Promise<ReadonlyMap<string, BodyInit>> {
  const { name, version, exports } = config;
  const answers = await answersOf(name, { version, exports, files: await ownFiles() });
  for await (const { name } of Deno.readDir(join(root, standIns))) {
    const read = async (file: string) =>
      JSON.parse(await Deno.readTextFile(join(root, standIns, name, file)));
    const version = Object.keys((await read("meta.json")).versions)[0]!;
    const { exports } = await read(`${version}_meta.json`);
    const files = await filesBelow(`${standIns}/${name}/${version}`);
    answers.push(...await answersOf(`@std/${name}`, { version, exports, files }));
  }
  return new Map(answers);
}

/** A cache of Deno's that has npm's packages, and nothing that was served at an earlier address. */
async function freshCache(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const { npmCache } = JSON.parse(new TextDecoder().decode(stdout)) as { npmCache: string };
  const cache = await Deno.makeTempDir();
  // A junction is the link that Windows gives everyone.
  await Deno.symlink(npmCache, join(cache, "npm"), { type: "junction" });
  return cache;
}

/** A registry that is served. */
export interface Registry {
  /** Environment of a Deno that takes packages of JSR from here. */
  readonly env: Readonly<Record<string, string>>;
  /** Paths that were asked for and are not served, in order. */
  readonly missing: readonly string[];
}

/** Lends a registry that has this package, and the stand-ins in place of the standard library. */
export async function withRegistry<T>(use: (registry: Registry) => Promise<T>): Promise<T> {
  const answers = await allAnswers();
  const missing: string[] = [];
  const cache = await freshCache();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const path = decodeURIComponent(new URL(request.url).pathname);
    const body = answers.get(path);
    if (body !== undefined) {
      const type = path.endsWith(".ts") ? "application/typescript" : "application/octet-stream";
      return new Response(body, { headers: { "content-type": type } });
    }
    missing.push(path);
    return new Response("not published", { status: 404 });
  });
  try {
    const env = { JSR_URL: `http://127.0.0.1:${server.addr.port}/`, DENO_DIR: cache };
    return await use({ env, missing });
  } finally {
    await server.shutdown();
    await Deno.remove(join(cache, "npm")); // the link, not what it leads to
    await Deno.remove(cache, { recursive: true });
  }
}
