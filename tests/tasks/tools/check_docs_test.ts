import { assertEquals } from "@std/assert";
import { docProblems, type DocSymbol } from "../../../tasks/tools/check_docs.ts";

const example = { kind: "example", doc: "```ts\nf();\n```" };
const category = { kind: "category", doc: "Images" };
const options = {
  kind: "identifier",
  tsType: { typeName: "Options", resolution: { kind: "local" } },
};

function symbol(name: string, rest: Partial<DocSymbol["declarations"][0]>): DocSymbol {
  const location = { filename: "file:///src/core/x.ts", line: 7 };
  const jsDoc = { tags: [category, example] };
  return { name, declarations: [{ kind: "function", location, jsDoc, ...rest }] };
}
const type = symbol("Options", { kind: "interface" });

Deno.test("docs: a function with category, example and named parameters has no fault", () => {
  const def = { params: [options], returnType: { typeName: "Promise" } };
  assertEquals(docProblems([symbol("f", { def }), type]), []);
});

Deno.test("docs: missing categories and examples are told, an example that is not run counts as none", () => {
  const ignored = { kind: "example", doc: "```ts ignore\nf();\n```" };
  assertEquals(docProblems([symbol("f", { jsDoc: { tags: [ignored] } })]), [
    "core/x.ts:7 f: no @category",
    "core/x.ts:7 f: no @example that can be run",
  ]);
  // Of types no example is asked.
  assertEquals(docProblems([symbol("T", { kind: "typeAlias", jsDoc: { tags: [category] } })]), []);
});

Deno.test("docs: parameters that are taken apart are told, with and without a default, in methods too", () => {
  const told = "has a parameter without a name; take it apart inside";
  const apart = { kind: "object" };
  const withDefault = { kind: "assign", left: apart };
  const rest = { kind: "rest", arg: { kind: "identifier" } };
  assertEquals(docProblems([symbol("f", { def: { params: [withDefault, rest] } })]), [
    `core/x.ts:7 f: it ${told}`,
  ]);
  const def = {
    constructors: [{ params: [apart], accessibility: "private" }],
    methods: [{ name: "open", functionDef: { params: [apart] } }],
  };
  assertEquals(docProblems([symbol("C", { kind: "class", def })]), [`core/x.ts:7 C: open ${told}`]);
});

Deno.test("docs: a type of ours that a function takes or returns is exported beside it", () => {
  const told = "core/x.ts:7 f: it has Options, which is not exported here";
  assertEquals(docProblems([symbol("f", { def: { params: [options] } })]), [told]);
  const inside = { typeName: "Promise", value: { typeParams: [options.tsType] } };
  assertEquals(docProblems([symbol("f", { def: { params: [], returnType: inside } })]), [told]);
  const foreign = {
    typeName: "Tensor",
    resolution: { kind: "import", specifier: "@tensorflow/tfjs" },
  };
  assertEquals(docProblems([symbol("f", { def: { params: [], returnType: foreign } })]), []);
});
