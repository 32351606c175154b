/**
 * The process that reads the inputs, so that one that hangs or fills the memory ends no more than this:
 * `child.ts TARGET MODE SEED FIRST LAST [FILE ..]`, files being more to begin with; with mode `file` the
 * files themselves are read. Each input is one line of JSON on stdout.
 */
import { watchAllocations } from "./allocations.ts";

watchAllocations();
// Loaded afterwards: modules that keep a constructor must keep the one that is watched.
const { Inputs } = await import("./inputs.ts");
const { minimize } = await import("./minimize.ts");
const { isFailure, runInput, slackMegabytes } = await import("./run_input.ts");
const { loadTarget } = await import("./target.ts");

const [name, mode, ...numbers] = Deno.args as [string, "raw" | "structured" | "file", ...string[]];
const [seed, first, last] = numbers.slice(0, 3).map(Number) as [number, number, number];
const files = numbers.slice(3).map((path) => Deno.readFileSync(path));
const target = await loadTarget(name);

const encoder = new TextEncoder();
function report(line: object): void {
  let bytes = encoder.encode(`${JSON.stringify(line)}\n`);
  while (bytes.length > 0) bytes = bytes.subarray(Deno.stdout.writeSync(bytes));
}

const inputs = await Inputs.of(target, { seed, corpus: mode === "file" ? [] : files });
// Once, so that compiling the reader is not counted against the first input.
for (const bytes of inputs.good) await runInput(target, { bytes: new Uint8Array(bytes) });
report({ ready: true });

for (let index = first; index < last; index++) {
  const input = mode === "file"
    ? { bytes: files[index]!, note: "a file", expected: undefined }
    : inputs.make(mode, index);
  const verdict = await runInput(target, input);
  if (!isFailure(verdict.outcome)) {
    report({ index, ...verdict, slack: slackMegabytes() });
    continue;
  }
  const { note, expected } = input;
  // Only errors: content that is expected belongs to the whole input, and a hang takes too long.
  const small = verdict.outcome !== "internal" ? input.bytes : await minimize(
    input.bytes,
    async (bytes) => (await runInput(target, { bytes, expected })).outcome === "internal",
  );
  const slack = slackMegabytes();
  report({ index, ...verdict, slack, note, bytes: small.toBase64() });
}
