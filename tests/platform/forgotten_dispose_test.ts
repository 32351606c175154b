import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";

Deno.test("a forgotten dispose: threads that wait are ended, started again when needed, and the process ends", async () => {
  const abort = new AbortController();
  // Threads wait 2 and 4 seconds; a minute is for a machine that does much else.
  const timer = setTimeout(() => abort.abort(), 60_000);
  const program = fromFileUrl(new URL("./forgotten_dispose.ts", import.meta.url));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "--no-check", "--no-prompt", "-R", program],
    signal: abort.signal,
    stdin: "null",
  }).output();
  clearTimeout(timer);
  const decoder = new TextDecoder();
  assertEquals(abort.signal.aborted, false, "the process was still alive after a minute");
  assertEquals([code, decoder.decode(stderr)], [0, ""]);
  assertEquals(decoder.decode(stdout), "the same after a pause\n");
});
