/** The package as it comes from JSR: what the README says of it, in a folder of one's own. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { inFolder, root } from "../tasks/commands.ts";
import { withRegistry } from "./jsr_registry.ts";

Deno.test("JSR package: the README's library runs, its command is the command line", () =>
  withRegistry(({ env, missing }) =>
    inFolder(async (folder) => {
      const readme = await Deno.readTextFile(join(root, "README.md"));
      const deno = async (...args: string[]) => {
        const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
          args,
          cwd: folder,
          env: { ...env, NO_COLOR: "1" },
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

      const [, command] = /^deno (run -A jsr:\S+) train /m.exec(readme)!;
      assertStringIncludes(await deno(...command!.split(" "), "--help"), `deno ${command} VERB`);
      assertEquals(missing, []);
    })
  ));
