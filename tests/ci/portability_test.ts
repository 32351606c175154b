/** Commands and code are for Linux, macOS and Windows alike. */
import { assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";

const root = fromFileUrl(new URL("../..", import.meta.url));

async function* sources(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(join(root, folder))) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* sources(path);
    else if (name.endsWith(".ts")) yield path;
  }
}

Deno.test("portability: no task needs a Unix shell or a folder of Unix", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile(join(root, "deno.json"))) as {
    tasks: Record<string, { command: string }>;
  };
  // Deno's own shell runs tasks; `$(..)` and programs other than deno are what it has not everywhere.
  const bad = Object.entries(tasks).filter(([, { command }]) =>
    /\/tmp|\$\(|\|/.test(command) || !/^([A-Z_]+=\S+ )*deno /.test(command)
  );
  assertEquals(bad.map(([name, { command }]) => `${name}: ${command}`), []);
});

Deno.test("portability: no program or test names a temporary folder of Unix", async () => {
  const found: string[] = [];
  for (const folder of ["src", "tasks", "tests", "benchmarks", ".ci"]) {
    for await (const path of sources(folder)) {
      // This one, and what is written for a container, which is a Unix.
      if (["tests/ci/portability_test.ts", "tasks/cluster/containerfile.ts"].includes(path)) {
        continue;
      }
      if (/["'`= ]\/tmp\b/.test(await Deno.readTextFile(join(root, path)))) found.push(path);
    }
  }
  assertEquals(found, []);
});
