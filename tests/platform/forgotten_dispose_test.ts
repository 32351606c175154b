/** Programs that forget to dispose of threads end all the same, some seconds after their last work. */
import { assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { bundle } from "./bundle.ts";
import { findNodes, missingNodes } from "./nodes.ts";

/** Threads wait 2 and 4 seconds; a minute is for a machine that does much else. */
const deadline = 60_000;

async function runToEnd(command: string, args: readonly string[]): Promise<string> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), deadline);
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
    signal: abort.signal,
    stdin: "null",
  }).output();
  clearTimeout(timer);
  const decoder = new TextDecoder();
  assertEquals(abort.signal.aborted, false, "the process was still alive after a minute");
  assertEquals([code, decoder.decode(stderr)], [0, ""]);
  return decoder.decode(stdout);
}

Deno.test("a forgotten dispose: threads that wait are ended, started again when needed, and the process ends", async () => {
  const program = fromFileUrl(new URL("./forgotten_dispose.ts", import.meta.url));
  const args = ["run", "-q", "--no-check", "--no-prompt", "-R", program];
  assertEquals(await runToEnd(Deno.execPath(), args), "the same after a pause\n");
});

const nodes = await findNodes();
for (const version of missingNodes(nodes)) {
  console.log(`skipped: a forgotten dispose in Node ${version}`);
}
Deno.test({
  name: "a forgotten dispose: a program with threads ends in Node too",
  ignore: nodes.size === 0,
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      const programs = ["node_forgotten_program", "node_posterior_program"];
      await bundle(programs, { to: folder, platform: "deno" });
      await Deno.writeTextFile(join(folder, "package.json"), '{ "type": "module" }');
      for (const { command: [program, ...before] } of nodes.values()) {
        const out = await runToEnd(program, [...before, join(folder, "node_forgotten_program.js")]);
        assertEquals(out, "2 threads\n");
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
