/** The command line as users of the package have it: from a registry, in a folder of their own. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import config from "../../deno.json" with { type: "json" };
import { sha256Hex } from "../../src/core/sha256.ts";
import { inFolder, root } from "./commands.ts";

/** Whether `deno publish` would take a file. */
function published(path: string): boolean {
  const within = (pattern: string) => path === pattern || path.startsWith(`${pattern}/`);
  const excluded = config.publish.exclude.some((pattern) =>
    new RegExp(
      `^${RegExp.escape(pattern).replaceAll("\\*\\*\\/", "(.*/)?").replaceAll("\\*", "[^/]*")}$`,
    ).test(path)
  );
  return config.publish.include.some(within) && !excluded;
}

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

/** Files below a folder of this repository, without what git ignores. */
async function* filesBelow(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(join(root, folder))) {
    const path = folder === "" ? name : `${folder}/${name}`;
    if (isDirectory && !["downloads", "node_modules"].includes(name)) yield* filesBelow(path);
    else if (!isDirectory) yield path;
  }
}

/** A package as a registry keeps it: its files by path, and what it says about them. */
interface Package {
  readonly files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
  readonly exports: Readonly<Record<string, string>>;
}

async function ownPackage(): Promise<Package> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const top of config.publish.include) {
    const { isDirectory } = await Deno.stat(join(root, top));
    for await (const path of isDirectory ? filesBelow(top) : [top]) {
      if (!published(path)) continue;
      const bytes = await Deno.readFile(join(root, path));
      const text = path.endsWith(".ts") ? unfurled(new TextDecoder().decode(bytes)) : undefined;
      files.set(`/${path}`, text === undefined ? bytes : new TextEncoder().encode(text));
    }
  }
  return { files, exports: config.exports };
}

/** The stand-in of a package of the standard library, in the version that there is. */
async function standIn(name: string, version: string): Promise<Package> {
  const folder = `.ci/jsr/@std/${name}/${version}`;
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for await (const path of filesBelow(folder)) {
    files.set(path.slice(folder.length), await Deno.readFile(join(root, path)));
  }
  const { exports } = JSON.parse(await Deno.readTextFile(join(root, `${folder}_meta.json`)));
  return { files, exports };
}

/** Answers as a registry of these packages; paths that it does not have are noted. */
function registry(packages: ReadonlyMap<string, Package>, missing: Set<string>) {
  return async (request: Request): Promise<Response> => {
    const path = decodeURIComponent(new URL(request.url).pathname);
    const [, scope, name, rest = ""] = /^\/(@[^/]+)\/([^/]+)\/(.*)$/.exec(path) ?? [];
    const version = [...packages.keys()].find((each) => each.startsWith(`${scope}/${name}@`))
      ?.split("@").at(-1);
    const found = packages.get(`${scope}/${name}@${version}`);
    if (found !== undefined && rest === "meta.json") {
      return Response.json({ scope: scope!.slice(1), name, versions: { [version!]: {} } });
    }
    if (found !== undefined && rest === `${version}_meta.json`) {
      const manifest: Record<string, { size: number; checksum: string }> = {};
      for (const [file, bytes] of found.files) {
        manifest[file] = { size: bytes.length, checksum: `sha256-${await sha256Hex(bytes)}` };
      }
      return Response.json({ manifest, exports: found.exports });
    }
    const bytes = found?.files.get(rest.slice(version?.length));
    if (bytes !== undefined) {
      const type = path.endsWith(".ts") ? "application/typescript" : "application/octet-stream";
      return new Response(bytes, { headers: { "content-type": type } });
    }
    missing.add(path);
    return new Response("not found", { status: 404 });
  };
}

Deno.test("package: its command line is complete in itself, from the first network to its evaluation", async () => {
  const missing = new Set<string>();
  const packages = new Map([[`${config.name}@${config.version}`, await ownPackage()]]);
  for await (const { name } of Deno.readDir(join(root, ".ci/jsr/@std"))) {
    const meta = await Deno.readTextFile(join(root, `.ci/jsr/@std/${name}/meta.json`));
    const version = Object.keys(JSON.parse(meta).versions)[0]!;
    packages.set(`@std/${name}@${version}`, await standIn(name, version));
  }
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    registry(packages, missing),
  );
  try {
    await inFolder(async (folder) => {
      const cli = async (...args: (string | number)[]) => {
        const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
          args: ["run", "-q", "-A", "--no-lock", `jsr:${config.name}/cli`, ...args.map(String)],
          cwd: folder,
          env: { JSR_URL: `http://127.0.0.1:${server.addr.port}/` },
        }).output();
        const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
        return { code, out: text(stdout), err: text(stderr) };
      };
      const overview = await cli();
      assertEquals([overview.code, overview.err], [0, ""]);
      assertStringIncludes(overview.out, `Usage: deno run -A jsr:${config.name}/cli VERB [flags]`);
      const few = ["--samples", 1, "--images", 12, "--backend", "wasm"];
      // Two shards: threads come from the registry, too.
      const trained = await cli(
        ...["train", "--preset", "mnist-tiny", "--width", 8, "--layers", 1, "--steps", 3],
        ...["--images", 12, "--batch-size", 4, "--warmup", 0, "--backend", "wasm"],
      );
      assertEquals(trained.code, 0, trained.err);
      const calibrated = await cli(
        ...["calibrate", "--run", "latest", "--steps", 2, "--scales", "3,5", ...few] as const,
      );
      assertEquals(calibrated.code, 0, calibrated.err);
      const evaluated = await cli("evaluate", "--run", "latest", ...few);
      assertEquals(evaluated.code, 0, evaluated.err);
      assertMatch(evaluated.out, /report\.html/);
      const shipped = await cli("sample", "--steps", 2, "--samples", 1, "--backend", "wasm");
      assertEquals(shipped.code, 0, shipped.err);
      const wrong = await cli("evaluate", "--steps", 7, ...few);
      assertMatch(
        wrong.err,
        /with 7 steps: make one with deno run -A jsr:@els\/toolkit\/cli calibra/,
      );
      const listed = await cli("runs");
      assertEquals(listed.out.split("\n").filter((line) => /finished/.test(line)).length, 4);
      assert((await Deno.stat(join(folder, "runs/index.html"))).isFile);
    });
    assertEquals([...missing], []);
  } finally {
    await server.shutdown();
  }
});
