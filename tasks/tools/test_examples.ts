/**
 * Runs the examples of the documentation and of Markdown files, each as a module of its own.
 *
 * `deno test --doc` does that too, and starts a process's worth of modules for each: minutes for two
 * hundred examples. Here they share what they import.
 *
 * @module
 */
import { fromFileUrl, join } from "@std/path";
import { CommandError, defineVerb, runVerb } from "../cli/command.ts";

const root = fromFileUrl(new URL("../..", import.meta.url));

/** One example. */
export interface Example {
  /** Line of the file that it begins in, from 1. */
  readonly line: number;
  readonly code: string;
}

/**
 * The blocks of TypeScript in a source file's comments, or in Markdown.
 *
 * @param name Name of the file; `.md` is Markdown.
 */
export function examplesIn(text: string, name: string): Example[] {
  const found: Example[] = [];
  const block = /^([ \t]*(?:\* ?)?)```ts\n([\s\S]*?)^[ \t]*(?:\* ?)?```[ \t]*$/gm;
  for (const match of text.matchAll(block)) {
    const [, indent, body] = match as unknown as [string, string, string];
    // In source files only what stands in comments is documentation.
    if (!name.endsWith(".md") && !indent.includes("*")) continue;
    found.push({
      line: text.slice(0, match.index).split("\n").length,
      code: body.replace(/^[ \t]*\* ?/gm, (start) => name.endsWith(".md") ? start : ""),
    });
  }
  return found;
}

async function* filesIn(path: string): AsyncGenerator<string> {
  if (!(await Deno.stat(join(root, path))).isDirectory) return yield path;
  for await (const { name, isDirectory } of Deno.readDir(join(root, path))) {
    if (isDirectory) yield* filesIn(`${path}/${name}`);
    else if (/(?<!\.as)\.ts$|\.md$/.test(name)) yield `${path}/${name}`;
  }
}

/** Writes each example as a module into a folder, and a test for each. */
async function writeTests(paths: readonly string[], folder: string): Promise<number> {
  const tests: string[] = [];
  const files: string[] = [];
  for (const path of paths) for await (const file of filesIn(path)) files.push(file);
  for (const file of files.sort()) {
    for (const { line, code } of examplesIn(await Deno.readTextFile(join(root, file)), file)) {
      const module = `example_${tests.length}.ts`;
      // Without an import or export a file is no module, and its names are everybody's.
      await Deno.writeTextFile(join(folder, module), `${code}\nexport {};\n`);
      tests.push(`Deno.test("${file}:${line}", async () => void await import("./${module}"));`);
    }
  }
  await Deno.writeTextFile(join(folder, "examples_test.ts"), `${tests.join("\n")}\n`);
  return tests.length;
}

/** This command. */
export const verb = defineVerb({
  name: "test:doc",
  description: "Runs the examples in the documentation.",
  flags: {},
  positionals: [{
    name: "PATH",
    help: "File or folder to look in; without it mod.ts, src, README.md and docs",
    optional: true,
  }],
  examples: ["deno task test:doc", "deno task test:doc src/samplers"],
}, async ({ positionals, abort }) => {
  const folder = await Deno.makeTempDir();
  try {
    const paths = positionals.length > 0 ? positionals : ["mod.ts", "src", "README.md", "docs"];
    const count = await writeTests(paths, folder);
    if (count === 0) {
      throw new CommandError(`Cannot run examples: there are none in ${paths.join(", ")}`);
    }
    const { success } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["test", "-q", "--no-prompt", "-R", `-W=${folder}`, "--allow-env", "--allow-sys"],
        ...["--config", join(root, "deno.json"), join(folder, "examples_test.ts")],
      ],
      // Examples that need a folder make it here.
      env: { TMPDIR: folder, TMP: folder, TEMP: folder },
      stdin: "null",
      signal: abort,
    }).spawn().status;
    abort.throwIfAborted();
    if (!success) throw new CommandError("examples fail, see above");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

if (import.meta.main) await runVerb(verb);
