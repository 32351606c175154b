/** The package as it comes from JSR, in a folder of its own: what the README says works there too. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { inFolder } from "../tasks/commands.ts";
import { withRegistry } from "./jsr_registry.ts";

const readme = await Deno.readTextFile(fromFileUrl(new URL("../../README.md", import.meta.url)));

/** A cache of Deno's that has the packages of npm and nothing of a registry's earlier address. */
async function freshCache(folder: string): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const { npmCache } = JSON.parse(new TextDecoder().decode(stdout)) as { npmCache: string };
  const cache = join(folder, "cache");
  await Deno.mkdir(cache);
  await Deno.symlink(npmCache, join(cache, "npm"));
  return cache;
}

Deno.test({
  name: "JSR package: what the README says of it works in an empty folder",
  // Links need privileges that Windows does not give.
  ignore: Deno.build.os === "windows",
  fn: () =>
    withRegistry((url) =>
      inFolder(async (folder) => {
        const env = { JSR_URL: url, DENO_DIR: await freshCache(folder), NO_COLOR: "1" };
        const deno = async (...args: string[]) => {
          const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
            args,
            cwd: folder,
            env,
          }).output();
          const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
          assertEquals(code, 0, `deno ${args.join(" ")}: ${err}`);
          return out!;
        };
        const [add] = /^deno add jsr:\S+$/m.exec(readme)!;
        await deno(...add!.split(" ").slice(1));
        const [, program] = /^```ts\n([\s\S]*?)^```$/m.exec(readme)!;
        await Deno.writeTextFile(join(folder, "program.ts"), program!);
        const printed = await deno("run", "-A", "--no-check", "program.ts");
        assertStringIncludes(printed, "[ 1, 32, 32, 1 ]");

        // The command that the README shows, for a verb that is done sooner.
        const [, command] = /^deno (run -A jsr:\S+) train /m.exec(readme)!;
        const words = command!.split(" ");
        assertStringIncludes(await deno(...words, "--help"), `deno ${command} VERB`);
        // The network that ships and its pictures' font come over the network, too.
        const sample = ["sample", "--quiet", "--samples", "1", "--steps", "2"];
        const said = await deno(...words, ...sample);
        const [, picture] = /Picture: (\S+)/.exec(said)!;
        assert((await Deno.stat(join(folder, picture!))).size > 0);
      })
    ),
});
