/** What the documents point to is there: files, headings, tasks. */
import { assert, assertEquals } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";

const root = fromFileUrl(new URL("../..", import.meta.url));
const read = (path: string) => Deno.readTextFile(join(root, path));

async function documentsIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(join(root, folder))) {
    if (name.endsWith(".md")) names.push(folder === "." ? name : `${folder}/${name}`);
  }
  return names.sort();
}

const documents = (await Promise.all(
  [".", "docs", "data", "benchmarks", "tasks/tools/gpu"].map(documentsIn),
)).flat();

const config = JSON.parse(await read("deno.json")) as {
  readonly tasks: Readonly<Record<string, unknown>>;
  readonly publish: { readonly include: readonly string[] };
};

/** A document without its blocks of code, in which brackets are no links. */
const prose = (text: string) => text.replace(/^( *)```[\s\S]*?^\1```$/gm, "");

/** The targets of links and pictures that lie in this repository, as they are written. */
const linksOf = (text: string) =>
  [...prose(text).matchAll(/\]\(([^()\s]+)\)/g)]
    .map(([, target]) => target!)
    .filter((target) => !/^[a-z]+:/.test(target));

/** The anchors of a document's headings, as GitHub makes them. */
const anchorsOf = (text: string) =>
  [...prose(text).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading]) =>
    heading!.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-")
  );

/** Path in the repository of what a link in a document leads to, and the anchor there. */
function resolveLink(document: string, link: string): { path: string; anchor: string | undefined } {
  const [path, anchor] = link.split("#") as [string, string | undefined];
  const resolved = path === "" ? document : join(dirname(document), path);
  return { path: resolved.replaceAll("\\", "/"), anchor };
}

Deno.test("documents: links within the repository lead to files and headings that are there", async () => {
  const broken: string[] = [];
  let count = 0;
  for (const document of documents) {
    for (const link of linksOf(await read(document))) {
      count++;
      const { path, anchor } = resolveLink(document, link);
      const there = await Deno.stat(join(root, path)).then(() => true, () => false);
      const found = there && (anchor === undefined || anchorsOf(await read(path)).includes(anchor));
      if (!found) broken.push(`${document}: ${link}`);
    }
  }
  assertEquals(broken, []);
  assert(count > 20, `only ${count} links were found: is the pattern right?`);
});

Deno.test("documents: what the README and the guides link to is in the published package", async () => {
  const { include } = config.publish;
  const published = (path: string) =>
    include.some((entry) => path === entry || path.startsWith(`${entry}/`));
  const missing: string[] = [];
  for (const document of documents.filter(published)) {
    for (const link of linksOf(await read(document))) {
      if (!published(resolveLink(document, link).path)) missing.push(`${document}: ${link}`);
    }
  }
  assertEquals(missing, []);
});

Deno.test("documents: every task that is named exists", async () => {
  const missing: string[] = [];
  for (const document of documents.filter((path) => path !== "CHANGELOG.md")) {
    // Also as `npx -y deno@2.9.6 task NAME`; names in capitals stand for any.
    for (const [, name] of (await read(document)).matchAll(/deno(?:@\S+)? task ([a-z][\w:-]*)/g)) {
      if (!(name! in config.tasks)) missing.push(`${document}: ${name}`);
    }
  }
  assertEquals(missing, []);
});

Deno.test("documents: the index lists every document of docs", async () => {
  const listed = new Set(linksOf(await read("docs/README.md")));
  const unlisted = documents
    .filter((path) => path.startsWith("docs/") && path !== "docs/README.md")
    .map((path) => path.slice("docs/".length))
    .filter((name) => !listed.has(name));
  assertEquals(unlisted, []);
});

Deno.test("README: it can be read in one go", async () => {
  const lines = (await read("README.md")).trimEnd().split("\n").length;
  assert(lines <= 150, `${lines} lines, at most 150: move what is not first to docs`);
});
