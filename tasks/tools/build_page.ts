/**
 * Bundles the programs of the explorable page into data/explorer, so that the package makes pages without a
 * bundler, and puts the example of MNIST together.
 *
 * `--check` bundles again and fails where the committed files differ.
 *
 * @module
 */
import { fromFileUrl, join } from "@std/path";
import { deflated, readBlocks, writeBlocks } from "../../src/explorer/data/blocks.ts";
import { PageData } from "../../src/explorer/data/page_data.ts";
import { writeFileAtomic } from "../../src/runs/atomic_write.ts";
import { CommandError, defineVerb, runVerb } from "../cli/command.ts";
import {
  exampleFile,
  examplePage,
  explorerFolder,
  networkProgramFile,
  pageProgramFile,
} from "../pipelines/explorer_files.ts";
import config from "../../deno.json" with { type: "json" };

const root = fromFileUrl(new URL("../..", import.meta.url));
const pageFile = "docs/explore.html";

/** One program as one file, minified. */
async function bundled(
  program: string,
  imports: Readonly<Record<string, string>>,
): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "els-page-" });
  try {
    const map = join(folder, "imports.json"), output = join(folder, "program.js");
    await Deno.writeTextFile(map, JSON.stringify({ imports }));
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["bundle", "-q", "--platform", "browser", "--minify", "--no-lock"],
        ...["--import-map", map, "--output", output, join(root, program)],
      ],
      cwd: root,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).output();
    if (!success) {
      throw new CommandError(`Cannot bundle ${program}: ${new TextDecoder().decode(stderr)}`);
    }
    return asScript(await Deno.readTextFile(output), program);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A bundle as a thread that is no module can run it: it has imports of nothing, and asks not where it lies. */
function asScript(bundle: string, program: string): string {
  const text = bundle.replaceAll("import.meta.url", "location.href");
  const left = /\bimport\.meta\b|^(?:import|export)\b/m.exec(text);
  if (left === null) return text;
  throw new CommandError(`Cannot bundle ${program}: the bundle holds ${left[0]}`);
}

/** What the programs import by name, in the versions of deno.json. */
const imports: Readonly<Record<string, string>> = {
  ...config.imports,
  // Of TensorFlow.js only what the networks call: the whole package is three times as large.
  "@tensorflow/tfjs": config.imports["@tensorflow/tfjs"].replace("/tfjs@", "/tfjs-core@"),
};

/** TensorFlow.js's WebAssembly with SIMD, from npm's package. */
async function tfjsWasm(): Promise<Uint8Array<ArrayBuffer>> {
  const name = config.imports["@tensorflow/tfjs-backend-wasm"];
  // Importing it is what downloads it.
  await import("@tensorflow/tfjs-backend-wasm");
  return await Deno.readFile(
    new URL(import.meta.resolve(`${name}/dist/tfjs-backend-wasm-simd.wasm`)),
  );
}

/** The committed files, by name. */
async function programs(): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const text = (program: string) => new TextEncoder().encode(program);
  const page = await bundled("src/explorer/page/page_program.ts", imports);
  const network = await bundled("src/explorer/page/network_program.ts", imports);
  return new Map([
    [pageProgramFile, text(page)],
    [
      networkProgramFile,
      writeBlocks(
        new Map([
          ["code-network", deflated(text(network))],
          ["code-tfjs", deflated(await tfjsWasm())],
        ]),
      ),
    ],
  ]);
}

const isSame = (a: Uint8Array | undefined, b: Uint8Array) =>
  a !== undefined && a.length === b.length && a.every((value, i) => value === b[i]);

async function bytesIfThere(path: string | URL): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** This command. */
export const verb = defineVerb({
  name: "build:page",
  description:
    `Bundles the programs of the explorable page into data/explorer, and with the example's data makes ` +
    `${pageFile}, the page to put on a site.`,
  flags: {
    check: { type: "boolean", help: "Write nothing; fail where a committed file differs" },
    example: {
      type: "string",
      placeholder: "FILE",
      path: "read",
      help: "The explore.bin of a run: takes it as the example of MNIST",
    },
  },
  examples: ["build:page", "build:page --check", "build:page --example runs/00007/explore.bin"],
}, async ({ flags: { check, example }, print }) => {
  const wanted = await programs();
  if (example !== undefined) {
    const bytes = await Deno.readFile(example);
    await PageData.ofBlocks(readBlocks(bytes, example));
    wanted.set(exampleFile, bytes);
  }
  const stale: string[] = [];
  for (const [name, bytes] of wanted) {
    const url = new URL(name, explorerFolder);
    if (isSame(await bytesIfThere(url), bytes)) continue;
    if (check) stale.push(`data/explorer/${name}`);
    else {
      await Deno.mkdir(explorerFolder, { recursive: true });
      await writeFileAtomic(fromFileUrl(url), bytes);
      print(`Wrote data/explorer/${name}: ${bytes.length.toLocaleString("en")} bytes`);
    }
  }
  if (stale.length > 0) {
    throw new CommandError(
      `${stale.join(", ")}: not what the sources bundle to; run deno task build:page`,
    );
  }
  // The page itself is made anew for a release: it is large, and as it was it works as it did.
  if (check || await bytesIfThere(new URL(exampleFile, explorerFolder)) === undefined) return;
  const html = new TextEncoder().encode(await examplePage());
  const committed = await bytesIfThere(join(root, pageFile));
  if (isSame(committed, html)) return print(`${pageFile} is current`);
  await writeFileAtomic(join(root, pageFile), html);
  print(`Wrote ${pageFile}: ${html.length.toLocaleString("en")} bytes`);
});

if (import.meta.main) await runVerb(verb);
