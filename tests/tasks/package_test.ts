/** The command line as users of the package have it: from a registry, in a folder of their own. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import config from "../../deno.json" with { type: "json" };
import { withRegistry } from "../platform/jsr_registry.ts";
import { inFolder } from "./commands.ts";

Deno.test("package: its command line is complete in itself, from the first network to its evaluation", () =>
  withRegistry(async ({ env, missing }) => {
    await inFolder(async (folder) => {
      const cli = async (...args: (string | number)[]) => {
        const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
          args: ["run", "-q", "-A", "--no-lock", `jsr:${config.name}/cli`, ...args.map(String)],
          cwd: folder,
          env,
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
    assertEquals(missing, []);
  }));
