/** The table of verbs, and what is made of it. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join, resolve, toFileUrl } from "@std/path";
import config from "../../../deno.json" with { type: "json" };
import { withCommonFlags } from "../../../tasks/cli/flags.ts";
import { helpPage, helpWidth, overview } from "../../../tasks/cli/help.ts";
import { invocationOf } from "../../../tasks/cli/invocation.ts";
import { verbEntries, verbGroups } from "../../../tasks/cli/verbs.ts";
import { run } from "../commands.ts";

Deno.test("verbs: deno.json lists them first, in the table's order and words", () => {
  const tasks = Object.entries(config.tasks).map(([name, { description }]) => [name, description]);
  assertEquals(
    tasks.slice(0, verbEntries.length),
    verbEntries.map(({ name, summary }) => [name, summary]),
  );
});

Deno.test("verbs: each module holds the verb of its name, and its help page fits", async () => {
  for (const { name, load } of verbEntries) {
    const { spec } = (await load()).verb;
    assertEquals(spec.name, name);
    for (const line of helpPage(withCommonFlags(spec)).split("\n")) {
      assert(line.length <= helpWidth || line.startsWith("  deno task"), `${name}: ${line}`);
    }
    for (const example of spec.examples ?? []) {
      assert(example.startsWith(name), `${name}: the example "${example}" runs something else`);
    }
    assert(Object.keys(spec.result ?? {}).length > 0, `${name} does not say what --json prints`);
  }
});

Deno.test("verbs: tasks that are no verbs of ours answer --help by their own command", () => {
  const own = /deno run .* (tasks|benchmarks)\/[\w/]+\.ts$/;
  for (const [name, { command }] of Object.entries(config.tasks)) {
    if (name === "std") continue;
    assert(own.test(command) || command.includes(` std --task ${name} `), `${name}: ${command}`);
  }
});

Deno.test("verbs: the overview names every verb under its group", () => {
  const text = overview(verbGroups);
  for (const { title, verbs } of verbGroups) {
    for (const { name } of verbs) {
      assert(text.indexOf(`\n  ${name} `) > text.indexOf(`\n${title}\n`), `${name} in\n${text}`);
    }
  }
});

Deno.test("verbs: messages name the command that was run", () => {
  const here = resolve("clone");
  const url = (path: string) => toFileUrl(join(here, path)).href;
  assertEquals(invocationOf(url("tasks/train.ts"), here), "deno task");
  const main = join("tasks", "main.ts");
  assertEquals(invocationOf(url("tasks/main.ts"), here), `deno run -A ${main}`);
  assertEquals(
    invocationOf(url("tasks/main.ts"), resolve("elsewhere")),
    `deno run -A ${join(here, main)}`,
  );
  assertEquals(
    invocationOf("https://example.org/@els/toolkit/0.1.0/tasks/main.ts", here),
    "deno run -A jsr:@els/toolkit/cli",
  );
  const asked = "jsr:@els/toolkit@0.1/cli";
  assertEquals(invocationOf(asked, here), `deno run -A ${asked}`);
});

Deno.test("verbs: the one entry point dispatches, lists, and suggests", async () => {
  const listed = await run("main");
  assertEquals([listed.code, listed.err], [0, ""]);
  assertStringIncludes(listed.out, `${join("tasks", "main.ts")} VERB [flags]`);
  assertEquals((await run("main", "--help")).out, listed.out);

  const help = await run("main", "runs", "--help");
  assertStringIncludes(help.out, `${join("tasks", "main.ts")} runs [compare]`);
  assertEquals((await run("main", "help", "runs")).out, help.out);
  assertStringIncludes(
    (await run("main", "runs", "--version")).out,
    `${config.name} ${config.version} (deno `,
  );

  const wrong = await run("main", "calibrat");
  assertEquals([wrong.code, wrong.out], [1, ""]);
  assertStringIncludes(wrong.err, 'Cannot run "calibrat": there is no such verb; did you mean');
});
