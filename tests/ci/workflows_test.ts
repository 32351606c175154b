/** The workflows and the citation file are what their readers expect, and name what is there. */
import { assert, assertEquals } from "@std/assert";
import { parseDocument } from "yaml";

const root = new URL("../../", import.meta.url);

async function parse<T>(path: string): Promise<T> {
  const document = parseDocument(await Deno.readTextFile(new URL(path, root)), { strict: true });
  assertEquals([...document.errors, ...document.warnings].map(String), [], path);
  return document.toJS() as T;
}

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, string>>;
}

interface Workflow {
  readonly name: string;
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<
    Record<string, {
      readonly "runs-on": string;
      readonly strategy?: { readonly matrix: { readonly os: readonly string[] } };
      readonly steps: readonly Step[];
    }>
  >;
}

const workflows = ["ci", "publish"] as const;
const workflow = (name: string) => parse<Workflow>(`.github/workflows/${name}.yml`);
const stepsOf = ({ jobs }: Workflow) => Object.values(jobs).flatMap(({ steps }) => steps);
const config = JSON.parse(await Deno.readTextFile(new URL("deno.json", root))) as {
  readonly version: string;
  readonly license: string;
  readonly tasks: Readonly<Record<string, unknown>>;
};

for (const name of workflows) {
  Deno.test(`workflow ${name}: each step is an action of a stated version or a command`, async () => {
    for (const { uses, run } of stepsOf(await workflow(name))) {
      if (uses === undefined) assert(run !== undefined && run.trim() !== "");
      else assert(/^[\w-]+\/[\w-]+@v\d+$/.test(uses), uses);
    }
  });

  Deno.test(`workflow ${name}: every task it runs exists`, async () => {
    const commands = stepsOf(await workflow(name)).map(({ run }) => run ?? "").join("\n");
    const named = [...commands.matchAll(/deno task (\S+)/g)].map(([, task]) => task!);
    assert(named.includes("ok"), "the gate");
    assertEquals(named.filter((task) => !(task in config.tasks)), []);
  });

  Deno.test(`workflow ${name}: Deno is of the version that the README's commands take`, async () => {
    const readme = await Deno.readTextFile(new URL("README.md", root));
    const [, minor] = readme.match(/npx -y deno@(\d+\.\d+)\.\d+ task quickstart/) ?? [];
    const setups = stepsOf(await workflow(name)).filter(({ uses }) =>
      uses?.startsWith("denoland/setup-deno@")
    );
    assertEquals(
      setups.map((step) => step.with?.["deno-version"]),
      Object.keys((await workflow(name)).jobs).map(() => `v${minor}.x`),
    );
  });
}

Deno.test("workflow ci: changes are tried on Linux, macOS and Windows", async () => {
  const { on, permissions, jobs } = await workflow("ci");
  assert("pull_request" in on && "push" in on);
  assertEquals(permissions, { contents: "read" });
  assertEquals(jobs["gate"]?.strategy?.matrix.os, [
    "ubuntu-latest",
    "macos-latest",
    "windows-latest",
  ]);
});

Deno.test("workflow publish: runs on tags alone and may prove where the package comes from", async () => {
  const { on, permissions, jobs } = await workflow("publish");
  assertEquals(on, { push: { tags: ["v*"] } });
  // JSR records the provenance of what is published with a token of the run's identity.
  assertEquals(permissions, { contents: "read", "id-token": "write" });
  assertEquals(Object.values(jobs).flatMap(({ steps }) => steps).at(-1)?.run, "deno publish");
});

Deno.test("citation: the file has what version 1.2.0 of its format requires, and our version", async () => {
  const citation = await parse<Record<string, unknown>>("CITATION.cff");
  assertEquals(citation["cff-version"], "1.2.0");
  for (const key of ["message", "title", "type", "license", "version"]) {
    assert(typeof citation[key] === "string" && citation[key] !== "", key);
  }
  assert(["software", "dataset"].includes(citation["type"] as string));
  assertEquals([citation["version"], citation["license"]], [config.version, config.license]);
  const cited = citation["preferred-citation"] as Record<string, unknown>;
  for (const { authors } of [citation, cited] as { authors: Record<string, string>[] }[]) {
    assert(authors.length > 0);
    // An entity has a name, a person names of both kinds.
    for (const author of authors) assert("name" in author || "family-names" in author);
  }
  assertEquals([cited["type"], typeof cited["title"]], ["article", "string"]);
});
