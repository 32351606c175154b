/**
 * Looks at the documentation of every entry point for what `deno doc --lint` does not ask: categories,
 * examples, names of parameters, and whether the types that a function takes and returns can be
 * imported from where the function is.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";
import config from "../../deno.json" with { type: "json" };
import { textTable } from "../cli/table.ts";
import { CommandError, defineVerb, runVerb } from "../cli/command.ts";

/** The categories that names are grouped by. */
export const categories: readonly string[] = [
  "Images",
  "Data sets",
  "Noise schedules",
  "Denoisers",
  "Machines",
  "Posterior",
  "Networks",
  "Training",
  "Samplers",
  "Calibration",
  "Evaluation",
  "Statistics",
  "Figures",
  "Formats",
  "Runs",
  "Zoo",
  "Quality",
  "Errors",
];

/** Names that the main entry point may have: it is the workflow, everything else has its own. */
const mostNames = 75;

/** What is used of a symbol in the output of `deno doc --json`. */
export interface DocSymbol {
  readonly name: string;
  readonly declarations: readonly DocDeclaration[];
}

interface DocDeclaration {
  readonly kind: string;
  readonly location: { readonly filename: string; readonly line: number };
  readonly jsDoc?: { readonly tags?: readonly { readonly kind: string; readonly doc?: string }[] };
  readonly def?: DocDefinition;
}

interface DocFunction {
  readonly params?: readonly DocParam[];
  readonly returnType?: unknown;
}

interface DocDefinition extends DocFunction {
  readonly tsType?: unknown;
  readonly constructors?: readonly (DocFunction & { readonly accessibility?: string })[];
  readonly methods?: readonly {
    readonly name: string;
    readonly accessibility?: string;
    readonly functionDef?: DocFunction;
  }[];
}

/** A parameter; `assign` is one with a default value, `rest` one that takes all that are left. */
interface DocParam {
  readonly kind: string;
  readonly left?: DocParam;
  readonly arg?: DocParam;
}

/** What is wrong with the documentation of an entry point, a line each. */
export function docProblems(symbols: readonly DocSymbol[]): string[] {
  const problems: string[] = [];
  const names = new Set(symbols.map(({ name }) => name));
  for (const { name, declarations } of symbols) {
    const tags = declarations.flatMap(({ jsDoc }) => jsDoc?.tags ?? []);
    const { kind, location } = declarations[0]!;
    const at = `${location.filename.split("/").slice(-2).join("/")}:${location.line} ${name}`;
    const category = tags.find((tag) => tag.kind === "category")?.doc;
    if (category === undefined) problems.push(`${at}: no @category`);
    else if (!categories.includes(category.trim())) {
      problems.push(
        `${at}: @category ${category.trim()}, expected one of ${categories.join(", ")}`,
      );
    }
    if (kind === "function" || kind === "class") {
      const examples = tags.filter((tag) => tag.kind === "example");
      if (!examples.some(({ doc }) => /```ts\n/.test(doc ?? ""))) {
        problems.push(`${at}: no @example that can be run`);
      }
    }
    for (const { def = {} } of declarations) {
      for (const [what, part] of functionsOf(name, def)) {
        if (part.params?.some((param) => !isNamed(param))) {
          problems.push(`${at}: ${what} has a parameter without a name; take it apart inside`);
        }
        for (const type of ownTypes([part.params, part.returnType])) {
          if (!names.has(type)) {
            problems.push(`${at}: ${what} has ${type}, which is not exported here`);
          }
        }
      }
      // What a constant is made of; types and interfaces may lead further away.
      if (kind === "variable") {
        for (const type of ownTypes(def.tsType)) {
          if (!names.has(type)) problems.push(`${at}: has ${type}, which is not exported here`);
        }
      }
    }
  }
  return problems;
}

/** The signatures that a reader of the documentation sees. */
function functionsOf(
  name: string,
  { params, returnType, constructors = [], methods = [] }: DocDefinition,
): [what: string, part: DocFunction][] {
  const visible = ({ accessibility }: { readonly accessibility?: string }) =>
    accessibility !== "private";
  return [
    ...params === undefined ? [] : [["it", { params, returnType }] as [string, DocFunction]],
    ...constructors.filter(visible).map((part): [string, DocFunction] => [`new ${name}`, part]),
    ...methods.filter(visible).map((
      { name, functionDef = {} },
    ): [string, DocFunction] => [name, functionDef]),
  ];
}

function isNamed(param: DocParam): boolean {
  const { kind, left, arg } = param;
  if (kind === "assign" && left) return isNamed(left);
  return kind === "identifier" || kind === "rest" && arg !== undefined && isNamed(arg);
}

/** Names of this package's types that a type is made of, as `deno doc --json` tells them. */
function ownTypes(part: unknown): string[] {
  if (Array.isArray(part)) return part.flatMap(ownTypes);
  if (typeof part !== "object" || part === null) return [];
  const { typeName, resolution } = part as {
    readonly typeName?: string;
    readonly resolution?: { readonly kind: string; readonly specifier?: string };
  };
  const own = resolution?.kind === "local" ||
    resolution?.kind === "import" && resolution.specifier?.startsWith(".");
  return [
    ...own && typeName !== undefined ? [typeName.split(".")[0]!] : [],
    ...Object.values(part).flatMap(ownTypes),
  ];
}

async function symbolsOf(path: string): Promise<DocSymbol[]> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", path],
    cwd: fromFileUrl(new URL("../..", import.meta.url)),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  if (!success) throw new CommandError(new TextDecoder().decode(stderr));
  const { nodes } = JSON.parse(new TextDecoder().decode(stdout)) as {
    readonly nodes: Readonly<Record<string, { readonly symbols: readonly DocSymbol[] }>>;
  };
  return Object.values(nodes).flatMap(({ symbols }) => symbols);
}

/** This command. */
export const verb = defineVerb({
  name: "check:docs",
  description: "Checks categories, examples and signatures in the documentation.",
  flags: {},
  examples: ["check:docs"],
}, async () => {
  const problems = new Set<string>();
  const rows: [string, string][] = [];
  for (const [entry, path] of Object.entries(config.exports)) {
    const symbols = await symbolsOf(path);
    rows.push([entry, String(symbols.length)]);
    for (const problem of docProblems(symbols)) problems.add(`${entry}: ${problem}`);
    if (entry === "." && symbols.length > mostNames) {
      problems.add(`${entry}: ${symbols.length} names, expected at most ${mostNames}`);
    }
  }
  console.log(textTable({ header: ["entry point", "names"], rows }));
  if (problems.size === 0) return;
  console.log([...problems].join("\n"));
  throw new CommandError(`${problems.size} faults in the documentation`);
});

if (import.meta.main) await runVerb(verb);
