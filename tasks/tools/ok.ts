/**
 * The gate: everything that must hold before a change is committed. Each step is a command of its
 * own; all run even if one fails, and the last lines say which did.
 */
import { join, toFileUrl } from "@std/path";
import config from "../../deno.json" with { type: "json" };
import { packageProblem } from "./package_size.ts";
import { CommandError, defineVerb, runVerb } from "../cli/command.ts";
import { textTable } from "../cli/table.ts";

interface Step {
  readonly name: string;
  readonly args: readonly string[];
  /** What is wrong with what a command says that succeeds. */
  readonly problem?: (output: string) => Promise<string | undefined>;
}

const entryPoints = Object.values(config.exports);

const steps: readonly Step[] = [
  { name: "format", args: ["fmt", "--check"] },
  { name: "lint", args: ["lint"] },
  { name: "types", args: ["task", "-q", "check"] },
  { name: "lock", args: ["task", "-q", "lock", "--check"] },
  { name: "docs", args: ["doc", "--lint", ...entryPoints] },
  { name: "signatures", args: ["task", "-q", "check:docs"] },
  { name: "architecture", args: ["test", "-R=.", "tests/architecture_test.ts"] },
  { name: "examples", args: ["task", "-q", "test:doc"] },
  { name: "wasm", args: ["task", "-q", "build:wasm", "--check"] },
  { name: "page", args: ["task", "-q", "build:page", "--check"] },
  { name: "schema", args: ["task", "-q", "build:schema", "--check"] },
  { name: "zoo", args: ["task", "-q", "build:zoo", "--check"] },
  { name: "commands", args: ["task", "-q", "build:commands", "--check"] },
  { name: "permissions", args: ["task", "-q", "build:permissions", "--check"] },
  { name: "licenses", args: ["task", "-q", "licenses", "--check"] },
  {
    name: "publish",
    args: ["publish", "--dry-run", "--allow-dirty"],
    problem: packageProblem,
  },
  { name: "tests", args: ["task", "-q", "test"] },
];

/**
 * Copies the stand-ins for the standard library out of the package, where they are in use, so that
 * `deno publish` does not take them for a part of it.
 *
 * @returns The folder with the copy; undefined where the standard library comes from JSR.
 */
async function copyStandIns(): Promise<string | undefined> {
  const url = Deno.env.get("JSR_URL") ?? "";
  if (!url.startsWith("file:")) return undefined;
  const copy = async (from: URL, to: string) => {
    await Deno.mkdir(to, { recursive: true });
    for await (const { name, isDirectory } of Deno.readDir(from)) {
      const [source, target] = [new URL(isDirectory ? `${name}/` : name, from), join(to, name)];
      await (isDirectory ? copy(source, target) : Deno.copyFile(source, target));
    }
  };
  const folder = await Deno.makeTempDir({ prefix: "els-jsr-" });
  await copy(new URL(url), folder);
  return folder;
}

/** Runs a step; `jsr` is a folder of stand-ins that takes the place of the one in use. */
async function run(
  step: Step,
  { signal, jsr }: { readonly signal: AbortSignal; readonly jsr: string | undefined },
): Promise<{ ok: boolean; output: string }> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...step.args],
    env: { NO_COLOR: "1", ...jsr !== undefined && { JSR_URL: `${toFileUrl(jsr).href}/` } },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal,
  }).output();
  const decoder = new TextDecoder();
  const output = decoder.decode(stdout) + decoder.decode(stderr);
  const problem = success ? await step.problem?.(output) : undefined;
  return { ok: success && problem === undefined, output: problem ?? output };
}

/** This command. */
export const verb = defineVerb({
  name: "ok",
  description:
    "Checks everything that must hold before a commit: format, lint, types, the lock file, " +
    "documentation, its examples, import rules, the committed WebAssembly, tables of permissions " +
    "and licenses, what would be published, and the tests.",
  flags: {
    skip: {
      type: "choice",
      choices: ["none", "tests"],
      default: "none",
      help: "Leave out the tests, where they are run by themselves",
    },
  },
  examples: ["ok"],
}, async ({ flags, abort, progress }) => {
  const failed: string[] = [];
  const rows: [string, string, string][] = [];
  for (const step of steps.filter(({ name }) => name !== flags.skip)) {
    const started = performance.now();
    const jsr = step.name === "publish" ? await copyStandIns() : undefined;
    const { ok, output } = await run(step, { signal: abort, jsr }).finally(async () => {
      if (jsr !== undefined) await Deno.remove(jsr, { recursive: true });
    });
    abort.throwIfAborted();
    const took = `${((performance.now() - started) / 1000).toFixed(1)} s`;
    rows.push([step.name, ok ? "ok" : "FAILED", took]);
    progress.note(`${ok ? "ok    " : "FAILED"}  ${step.name.padEnd(12)} ${took.padStart(8)}`);
    if (ok) continue;
    failed.push(step.name);
    console.log(`\n$ deno ${step.args.join(" ")}\n${output.trimEnd()}\n`);
  }
  if (failed.length > 0) {
    console.log(textTable({ header: ["step", "result", "time"], rows }));
    throw new CommandError(`${failed.length} of ${rows.length} steps failed: ${failed.join(", ")}`);
  }
  console.log(`All ${rows.length} steps passed.`);
});

if (import.meta.main) await runVerb(verb);
