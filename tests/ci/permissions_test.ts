/** The table of permissions, against the verbs' own flags, deno.json, the data sets, and what is in the clone. */
import { assert, assertEquals } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { sourceNames, verbPermissions } from "../../.ci/permissions.ts";
import { datasetSources } from "../../src/datasets/registry_files.ts";
import { dashed, type Flag, type FlagSpecs, withCommonFlags } from "../../tasks/cli/flags.ts";
import { verbEntries } from "../../tasks/cli/verbs.ts";

/** Flags of a kind, dashed, with their defaults. */
function pathFlags(flags: FlagSpecs, kind: string): [string, string | undefined][] {
  return Object.entries(flags).flatMap(([name, flag]): [string, string | undefined][] =>
    flag.type === "string" && flag.path === kind ? [[dashed(name), flag.default]] : []
  );
}

for (const { name, load } of verbEntries) {
  Deno.test(`permissions of ${name}: the paths that its flags name, and no others`, async () => {
    const { spec } = (await load()).verb;
    const permitted = verbPermissions[name]!;
    const flags = withCommonFlags(spec).flags;
    assertEquals(
      [...permitted.reads ?? []].sort(),
      pathFlags(flags, "read").map(([flag]) => flag).sort(),
    );
    for (
      const [kind, table] of [
        ["write in the folder", permitted.folders],
        ["write a file", permitted.files],
      ] as const
    ) {
      const declared = pathFlags(flags, kind);
      assertEquals(Object.keys(table ?? {}).sort(), declared.map(([flag]) => flag).sort());
      // data's default is told in words, as it ends in the set's name.
      for (const [flag, value] of declared) {
        if (value !== undefined) assertEquals(table![flag], value);
      }
    }
    const words = (spec.positionals ?? []).map(({ path }) =>
      path === "read" ? "read" : path === "write a file" ? "write" : "other"
    );
    if (words.some((use) => use !== "other")) {
      assertEquals<readonly string[] | undefined>(permitted.words, words);
      const switches = Object.entries(flags).filter(([, { type }]) => type === "boolean");
      assertEquals([...permitted.switches!].sort(), switches.map(([flag]) => dashed(flag)).sort());
    }
    // A flag that takes a path says what is done there.
    const named = /^(PATH|FILE|FOLDER|RUN|ROW=RUN)/;
    for (const [flag, spec] of Object.entries<Flag>(flags)) {
      if (named.test(spec.placeholder ?? "")) {
        assert("path" in spec, `${flag} of ${name} is a path`);
      }
    }
  });
}

Deno.test("permissions: tasks of verbs leave them to the table, other tasks name what they may", () => {
  assertEquals(Object.keys(verbPermissions).sort(), verbEntries.map(({ name }) => name).sort());
  for (const [task, { command }] of Object.entries(config.tasks)) {
    if (task in verbPermissions) {
      const program = `tasks/${task.replaceAll("-", "_")}.ts`;
      assertEquals(command, `deno task -q std deno run -q --no-prompt ${program}`);
      continue;
    }
    const words = command.split(" ");
    assertEquals(words.filter((word) => /^(-A|--allow-all|-N|--allow-net)$/.test(word)), [], task);
    // The launcher runs what its command line says; all others name the programs that they start.
    if (task !== "std") assertEquals(words.includes("--allow-run"), false, task);
  }
});

Deno.test("permissions: hosts are those that data sets are fetched from", () => {
  const hosts = Object.fromEntries(datasetSources.flatMap(({ name, archive }) => {
    const urls = (archive?.files ?? []).flatMap(({ url }) => url ?? []);
    return urls.length === 0
      ? []
      : [[name, [...new Set(urls.map((url) => new URL(url).hostname))]]];
  }));
  assertEquals<unknown>(verbPermissions["data"]!.hosts, hosts);
});

Deno.test("permissions: all that is the package's own is known as its source", async () => {
  const root = new URL("../..", import.meta.url);
  const ignored = (await Deno.readTextFile(new URL(".gitignore", root))).split("\n");
  const names = config.publish.include.map((path) => path.split("/")[0]!);
  for await (const { name } of Deno.readDir(root)) {
    if (/\.(ts|md|json|lock|cff)$/.test(name) && !ignored.includes(name)) names.push(name);
  }
  const own = (name: string) => sourceNames.includes(name) || name === "data";
  assertEquals(names.filter((name) => !own(name)), []);
});
