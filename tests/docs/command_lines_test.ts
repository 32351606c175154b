/** Every command that a document shows is one that its verb takes. */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { withCommonFlags } from "../../tasks/cli/flags.ts";
import { parseCommandLine } from "../../tasks/cli/parse_command_line.ts";
import { verbEntries } from "../../tasks/cli/verbs.ts";

const root = fromFileUrl(new URL("../..", import.meta.url));

/** A command as a document shows it. */
interface ShownCommand {
  readonly verb: string;
  readonly args: readonly string[];
}

/** Commands in blocks of shell and in code within lines; what has placeholders is none. */
function commandsIn(text: string): ShownCommand[] {
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)]
    .flatMap(([, block]) => block!.replaceAll(/\\\n\s*/g, "").split("\n"));
  const inLines = [...text.matchAll(/`([^`]+)`/g)]
    .map(([, code]) => code!.replaceAll(/\s*\n\s*/g, " "));
  return [...blocks, ...inLines].flatMap((line) => {
    const [command] = line.split(/\s+[#>]/);
    const match = /^(?:npx -y )?deno(?:@\S+)? (?:task|run -A jsr:@els\/toolkit\/cli) ([a-z-]+)(.*)$/
      .exec(command!);
    if (match === null || /\b[A-Z]{3,}\b|\[|\.\.$/.test(match[2]!)) return [];
    return [{ verb: match[1]!, args: match[2]!.trim().split(/\s+/).filter((word) => word !== "") }];
  });
}

async function documents(): Promise<string[]> {
  const found = ["README.md", "data/README.md"];
  for await (const { name } of Deno.readDir(join(root, "docs"))) {
    if (name.endsWith(".md")) found.push(`docs/${name}`);
  }
  return found.sort();
}

Deno.test("documents: the flags of every command shown exist and take what is shown", async () => {
  const problems: string[] = [];
  let count = 0;
  for (const document of await documents()) {
    for (const { verb: name, args } of commandsIn(await Deno.readTextFile(join(root, document)))) {
      const entry = verbEntries.find((verb) => verb.name === name);
      if (entry === undefined) continue; // a task of those who work on the package
      count++;
      const { verb } = await entry.load();
      try {
        parseCommandLine(withCommonFlags(verb.spec), args);
      } catch (error) {
        problems.push(`${document}: ${name} ${args.join(" ")}: ${(error as Error).message}`);
      }
    }
  }
  assertEquals(problems, []);
  assert(count > 40, `only ${count} commands were found: is the pattern right?`);
});
