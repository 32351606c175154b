import { assert, assertEquals, assertMatch } from "@std/assert";
import { wasmPosterior } from "@els/toolkit/machines";
import { join } from "@std/path";
import { bundle } from "./bundle.ts";
import { generate } from "./generate.ts";

Deno.test("deno: in a bundle without any permission everything loads, and one thread does the work", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await bundle(["deno_program"], { to: folder, platform: "deno" });
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-q", "--no-prompt", "--no-config", join(folder, "deno_program.js")],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).output();
    const [out, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    // Without permission to read, and without its module beside the bundle.
    assertMatch(errors!, /^The patch posterior runs on one thread: a worker cannot be started \(/m);
    const { names, threads, image } = JSON.parse(out!);
    assert(names > 20, `${names} names`);
    assertEquals(threads, 0);
    await using posterior = wasmPosterior({ workers: 0 });
    assertEquals(image, [...await generate(posterior)]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
