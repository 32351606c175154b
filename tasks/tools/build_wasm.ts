/**
 * Compiles the AssemblyScript kernels and embeds them as base64 in TypeScript modules, which load the
 * same way from a checkout, from a registry's https URLs, in a worker and in a browser.
 *
 * `--check` compiles again and fails where the committed module differs.
 *
 * @module
 */
import asc from "assemblyscript/asc";
import { fromFileUrl } from "@std/path";
import { CommandError, defineVerb, runVerb } from "../cli/command.ts";
import { textIfThere } from "../cli/text_file.ts";

/** One kernel: its entry (which may import others beside it), where its two builds go, and what its compiler call adds. */
interface Kernel {
  readonly source: string;
  readonly output: string;
  readonly flags: readonly string[];
}

const kernels: readonly Kernel[] = [
  {
    source: "src/machines/filtered/wasm/image_posteriors.as.ts",
    output: "src/machines/filtered/wasm/image_posteriors_wasm.ts",
    flags: [],
  },
  {
    source: "src/machines/filtered/wasm/linear.as.ts",
    output: "src/machines/filtered/wasm/linear_wasm.ts",
    flags: [],
  },
  {
    source: "src/posterior/wasm/posterior/posterior.as.ts",
    output: "src/posterior/wasm/posterior_wasm.ts",
    flags: [],
  },
  {
    source: "src/networks/layers/wasm/conv2d.as.ts",
    output: "src/networks/layers/wasm/conv2d_wasm.ts",
    flags: ["--importMemory"],
  },
  {
    source: "src/networks/layers/wasm/group_norm.as.ts",
    output: "src/networks/layers/wasm/group_norm_wasm.ts",
    flags: ["--importMemory"],
  },
  {
    source: "src/training/wasm/optimizer.as.ts",
    output: "src/training/wasm/optimizer_wasm.ts",
    flags: ["--importMemory"],
  },
];

const root = fromFileUrl(new URL("../..", import.meta.url));

/** Fused multiply-add needs relaxed SIMD; engines without it take the other build. */
const builds = { simd: "simd", relaxed: "simd,relaxed-simd" } as const;

async function compile({ source, flags }: Kernel, features: string): Promise<Uint8Array> {
  const end = source.lastIndexOf("/") + 1;
  const [folder, name] = [root + source.slice(0, end), source.slice(end)];
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main([
    name,
    ...["-O3", "--noAssert", "--runtime", "stub", "--enable", features, "--outFile", "kernel.wasm"],
    ...flags,
  ], {
    readFile: (path: string) =>
      path.endsWith(".as.ts") ? Deno.readTextFile(folder + path).catch(() => null) : null,
    writeFile: (path: string, contents: string | Uint8Array) => {
      if (path === "kernel.wasm" && typeof contents !== "string") binary = contents;
    },
    listFiles: () => [],
  });
  if (error !== null || binary === undefined) {
    throw new CommandError(`Cannot compile ${source}: ${error?.message ?? "no output"}\n${stderr}`);
  }
  return binary;
}

async function moduleText(kernel: Kernel): Promise<string> {
  const lines = [
    `/** Built from ${kernel.source} by \`deno task build:wasm\`; do not edit. @module */`,
    "// deno-fmt-ignore-file",
  ];
  for (const [name, features] of Object.entries(builds)) {
    const bytes = await compile(kernel, features);
    let characters = "";
    for (const byte of bytes) characters += String.fromCharCode(byte);
    lines.push(`/** The build for engines with ${features}, in base64. */`);
    lines.push(`export const ${name}: string =\n  "${btoa(characters)}";`);
  }
  return lines.join("\n") + "\n";
}

/** This command. */
export const verb = defineVerb({
  name: "build:wasm",
  description: "Compiles the AssemblyScript kernels into the TypeScript modules that embed them.",
  flags: {
    check: { type: "boolean", help: "Write nothing; fail where a committed module differs" },
    only: { type: "string", default: "", help: "Only kernels whose source path contains this" },
  },
  examples: ["build:wasm", "build:wasm --check"],
}, async ({ flags }) => {
  const stale: string[] = [];
  for (const kernel of kernels.filter(({ source }) => source.includes(flags.only))) {
    const text = await moduleText(kernel);
    const path = root + kernel.output;
    const committed = await textIfThere(path);
    if (committed === text) continue;
    if (flags.check) {
      stale.push(kernel.output);
      continue;
    }
    await Deno.writeTextFile(`${path}.tmp`, text);
    await Deno.rename(`${path}.tmp`, path);
    console.log(`${kernel.output}: ${text.length} characters`);
  }
  if (stale.length > 0) {
    throw new CommandError(
      `${stale.join(", ")}: not what the sources compile to; run deno task build:wasm`,
    );
  }
});

if (import.meta.main) await runVerb(verb);
