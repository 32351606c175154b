/**
 * Compiles the JSON Schema of scale schedules into the function that checks them: Ajv itself, which
 * makes such functions at run time, is larger than all machines together, and needs `eval`.
 *
 * The names that the schema gives as examples are those of the tables in src.
 *
 * `--check` does both again and fails where a committed file differs.
 *
 * @module
 */
import { Ajv } from "ajv";
import standalone from "ajv/dist/standalone/index.js";
import { fromFileUrl, join } from "@std/path";
import schema from "../../data/scale_schedule.schema.json" with { type: "json" };
import { similarityNames } from "../../src/calibration/similarity.ts";
import { agreementNames } from "../../src/evaluation/agreement.ts";
import { machineNames } from "../../src/machines/machine_table.ts";
import { timeGridNames } from "../../src/samplers/time_grid.ts";
import { CommandError, defineVerb, runVerb } from "../cli/command.ts";
import { textIfThere } from "../cli/text_file.ts";

const source = "data/scale_schedule.schema.json";
const output = "src/calibration/scale_schedule_validator.ts";

/** Fields of the schema whose examples are the names of a table. */
const examples: Readonly<Record<string, readonly string[]>> = {
  machine: machineNames,
  metric: similarityNames,
  timeGrid: timeGridNames,
  measure: agreementNames,
};

/** The text of the schema with the names of today as examples. */
function schemaText(text: string): string {
  return Object.entries(examples).reduce((text, [field, names]) => {
    const place = new RegExp(`("${field}": \\{[^}]*?)( *)("examples": )\\[[^\\]]*\\]`);
    if (!place.test(text)) throw new CommandError(`${source}: ${field} has no examples`);
    const quoted = names.map((name) => JSON.stringify(name));
    const line = quoted.join(", ");
    return text.replace(place, (_, before, indent, key) => {
      // As `deno fmt` has it.
      const list = line.length < 80
        ? line
        : `\n${quoted.map((name) => `${indent}  ${name}`).join(",\n")}\n${indent}`;
      return `${before}${indent}${key}[${list}]`;
    });
  }, text);
}

const head = `\
/** Built from data/scale_schedule.schema.json by \`deno task build:schema\`; do not edit. @module */
// deno-fmt-ignore-file
// deno-lint-ignore-file
// @ts-nocheck: Ajv writes JavaScript.

/** A breach of the schema, as Ajv tells it. */
export interface SchemaBreach {
  /** Where, as a JSON pointer. */
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** Tells whether a value fits the schema; if not, \`errors\` holds the first breach. */
export const validate: {
  (value: unknown): boolean;
  readonly errors?: readonly SchemaBreach[] | null;
} = validate10;
`;

/** The schema without what is there for people. */
function bare(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(bare);
  if (typeof part !== "object" || part === null) return part;
  // The names of properties are not keywords.
  const fields = Object.entries(part).filter(([key, value]) =>
    typeof value === "object" && !Array.isArray(value) ||
    !["$schema", "title", "description", "examples"].includes(key)
  );
  return Object.fromEntries(fields.map(([key, value]) => [key, bare(value)]));
}

function moduleText(): string {
  const ajv = new Ajv({
    allowUnionTypes: true,
    // Strings need only be not empty: that is the same however their length is counted.
    unicode: false,
    logger: false,
    code: { source: true, esm: true, lines: true },
  });
  const code = standalone.default(ajv, ajv.compile(bare(schema) as Record<string, unknown>));
  const body = code.replace('"use strict";', "").replace(/^export [^\n]*;$/gm, "").trim();
  if (!body.includes("function validate10(") || /\brequire\(|^export /m.test(body)) {
    throw new CommandError(`Cannot write ${output}: Ajv's code is not of the form that it had`);
  }
  return `${head}\n${body}\n`;
}

const root = fromFileUrl(new URL("../..", import.meta.url));

/** This command. */
export const verb = defineVerb({
  name: "build:schema",
  description: "Compiles the JSON Schema of scale schedules into the function that checks them.",
  flags: {
    check: { type: "boolean", help: "Write nothing; fail where the committed one differs" },
  },
  examples: ["build:schema", "build:schema --check"],
}, async ({ flags }) => {
  const schemaPath = join(root, source);
  const committedSchema = await Deno.readTextFile(schemaPath);
  const files = [
    [source, committedSchema, schemaText(committedSchema)],
    [output, await textIfThere(join(root, output)), moduleText()],
  ] as const;
  for (const [name, committed, text] of files) {
    if (committed === text) continue;
    if (flags.check) {
      throw new CommandError(`${name}: not what it is built from; run deno task build:schema`);
    }
    await Deno.writeTextFile(join(root, name), text);
    console.log(`${name}: ${text.length} characters`);
  }
});

if (import.meta.main) await runVerb(verb);
