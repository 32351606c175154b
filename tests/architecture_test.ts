/** Reads the imports of every source file and fails on a breach of the import rules or a cycle. */
import { assertEquals } from "@std/assert";
import { dirname, fromFileUrl, join, relative } from "@std/path";

const root = fromFileUrl(new URL("..", import.meta.url));

/** Folder of src -> folders of src that it may import. */
const allowed: Record<string, readonly string[]> = {
  core: [],
  gpu: ["core"],
  formats: ["core"],
  schedules: ["core"],
  datasets: ["core", "formats"],
  denoisers: ["core", "schedules"],
  posterior: ["core", "gpu"],
  machines: ["core", "posterior", "denoisers", "schedules"],
  networks: ["core", "gpu", "denoisers", "formats", "schedules", "samplers"],
  samplers: ["core", "denoisers", "schedules"],
  training: [
    "core",
    "gpu",
    "networks",
    "posterior",
    "machines",
    "datasets",
    "schedules",
    "formats",
    "denoisers",
  ],
  calibration: ["core", "evaluation", "denoisers", "machines", "samplers", "schedules", "formats"],
  evaluation: ["core", "denoisers", "machines", "samplers", "schedules", "formats"],
  // Figures take plain data; the types of what they draw lie with those who make it.
  figures: ["core", "formats", "machines", "networks"],
  // The page that one explores: its engine runs machines and networks in a browser.
  explorer: [
    "core",
    "gpu",
    "formats",
    "schedules",
    "denoisers",
    "posterior",
    "machines",
    "networks",
    "samplers",
    "evaluation",
    "figures",
  ],
  runs: ["core", "formats"],
  zoo: ["core", "networks", "machines", "samplers", "calibration", "evaluation"],
};
const mayUseTfjs = new Set(["networks", "training"]);
/** Folders and files of src that may touch `Deno.*`; everything else runs in a browser. */
const mayUseDeno = /^src\/(runs\/|gpu\/adapter\.ts|datasets\/.*_files?\.ts)/;

interface Source {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

async function* sources(folder: string): AsyncGenerator<Source> {
  for await (const entry of Deno.readDir(join(root, folder))) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* sources(path);
    else if (path.endsWith(".ts") && !path.endsWith(".as.ts")) {
      const text = await Deno.readTextFile(join(root, path));
      const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
      const found = code.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g);
      yield { path, text: code, imports: [...found].map((match) => match[1]!) };
    }
  }
}

async function collect(folder: string): Promise<Source[]> {
  const found: Source[] = [];
  for await (const source of sources(folder)) found.push(source);
  return found;
}

const local = (source: Source, specifier: string) =>
  relative(root, join(root, dirname(source.path), specifier)).replaceAll("\\", "/");
const folderOf = (path: string) => path.split("/")[1]!;

Deno.test("architecture: every import follows the table of folders", async () => {
  const breaches: string[] = [];
  for (const source of await collect("src")) {
    const folder = folderOf(source.path);
    if (folder.endsWith(".ts")) continue; // an entry point: exports only
    const rules = allowed[folder];
    if (rules === undefined) {
      breaches.push(`${source.path}: src/${folder} is not in the table`);
      continue;
    }
    for (const specifier of source.imports) {
      if (specifier.startsWith("@tensorflow/") && !mayUseTfjs.has(folder)) {
        breaches.push(`${source.path} imports ${specifier}`);
      }
      if (!specifier.startsWith(".")) continue;
      const target = local(source, specifier);
      // What is shipped as data, such as a JSON Schema, is nobody's code.
      if (/^data\/.*\.json$/.test(target)) continue;
      if (!target.startsWith("src/")) {
        breaches.push(`${source.path} imports ${target}, outside src`);
      } else if (folderOf(target) !== folder && !rules.includes(folderOf(target))) {
        breaches.push(`${source.path} imports ${target}`);
      }
    }
  }
  assertEquals(breaches, []);
});

Deno.test("architecture: nothing imports tasks", async () => {
  const breaches: string[] = [];
  for (const source of await collect("src")) {
    for (const specifier of source.imports) {
      if (specifier.startsWith(".") && local(source, specifier).startsWith("tasks/")) {
        breaches.push(`${source.path} imports ${specifier}`);
      }
    }
  }
  assertEquals(breaches, []);
});

Deno.test("architecture: Deno.* is used only where files and processes are touched", async () => {
  const breaches = (await collect("src"))
    .filter(({ path, text }) => /\bDeno\.\w/.test(text) && !mayUseDeno.test(path))
    .map(({ path }) => path);
  assertEquals(breaches, []);
});

Deno.test("architecture: src has no syntax or function that Node 22 or a browser lacks", async () => {
  const lacking = /^\s*(?:await )?using \w+ =|\bPromise\.withResolvers\b/m;
  const breaches = (await collect("src"))
    .filter(({ text }) => lacking.test(text))
    .map(({ path }) => path);
  assertEquals(breaches, []);
});

Deno.test("architecture: errors are of the library's classes, and name no flag or task", async () => {
  // Custom properties of CSS, where scripts set and style sheets use them, are no flags.
  const properties = /[sg]etProperty(?:Value)?\(\s*"--[a-z-]+"|var\(--[a-z-]+/g;
  const breaches = (await collect("src")).flatMap(({ path, text: whole }) => {
    const text = whole.replaceAll(properties, "");
    return [
      // The engine's own classes are left to the engine: see core/errors.ts.
      ...text.matchAll(/new (?:Range|Type)Error\(/g),
      // Messages say `option`, which a program words in its own way; --x in CSS ends with a colon or bracket.
      ...text.matchAll(
        /["'`](?:[^"'`\n]*[ (])?--[a-z][a-z-]*(?![a-z-]*[:)])|deno task(?! build:wasm)/g,
      ),
    ].map(([found]) => `${path}: ${found}`);
  });
  assertEquals(breaches, []);
});

Deno.test("architecture: no count or value depends on whether somebody listens", async () => {
  // In `onProgress?.(++done)` nothing is counted where nobody listens.
  const [inner, change] = ["[^()]|\\([^()]*\\)", "\\+\\+|--|[^=!<>]\\s[-+*/]?=\\s"];
  const call = new RegExp(`\\?\\.\\((?:${inner})*?(?:${change})`, "g");
  for (const text of ["onProgress?.(++done, n)", "f?.({ done: done += 1 })", "f?.(g(i), i--)"]) {
    assertEquals(text.match(call)?.length, 1, text);
  }
  assertEquals("f?.(a => a, b >= 1, g(c)); i++".match(call), null);
  const breaches: string[] = [];
  for (const { path, text } of [...await collect("src"), ...await collect("tasks")]) {
    breaches.push(...(text.match(call) ?? []).map((found) => `${path}: ${found}`));
  }
  assertEquals(breaches, []);
});

Deno.test("architecture: imports have no cycle", async () => {
  const graph = new Map<string, string[]>();
  for (const source of await collect("src")) {
    graph.set(
      source.path,
      source.imports.filter((s) => s.startsWith(".")).map((s) => local(source, s)),
    );
  }
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) throw new Error(`cycle: ${[...trail, path].join(" -> ")}`);
    if (done.has(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
});

Deno.test("architecture: file names are snake_case and no file is called utils or index", async () => {
  const bad = [...await collect("src"), ...await collect("tasks")]
    .map(({ path }) => path)
    .filter((path) => {
      const name = path.split("/").at(-1)!.replace(/(\.as|\.worker)?\.ts$/, "");
      return !/^[a-z0-9]+(_[a-z0-9]+)*$/.test(name) || name === "utils" || name === "index";
    });
  assertEquals(bad, []);
});

Deno.test("architecture: packages are imported by their names in deno.json, which the lock covers", async () => {
  const breaches: string[] = [];
  for (const folder of ["src", "tasks", "tests", "benchmarks"]) {
    for (const { path, imports } of await collect(folder)) {
      const direct = imports.filter((specifier) => /^(npm|jsr|https?):/.test(specifier));
      breaches.push(...direct.map((specifier) => `${path} imports ${specifier}`));
    }
  }
  assertEquals(breaches, []);
});

Deno.test("architecture: docs/architecture.md has the table of imports, and every folder", async () => {
  const text = await Deno.readTextFile(join(root, "docs/architecture.md"));
  const rows = [...text.matchAll(/^\| (\w+) +\| ([\w, ]+?) +\|$/gm)]
    .filter(([, folder]) => folder! in allowed)
    .map(([, folder, list]) => [folder, list === "nothing of ours" ? [] : list!.split(", ")]);
  assertEquals<unknown>(rows, Object.entries(allowed));
  for (const folder of Object.keys(allowed)) {
    assertEquals(text.includes(`\n  ${folder}/ `), true, `${folder} is not among the rooms`);
  }
});
