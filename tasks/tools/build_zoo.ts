/**
 * `deno task build:zoo`: puts trained networks and what was measured of them into data/zoo, and writes its
 * index and docs/zoo.md.
 */
import { fromFileUrl, join } from "@std/path";
import { CommandError, defineVerb, runVerb } from "../cli/command.ts";
import { UsageError } from "../cli/flags.ts";
import { formatMarkdown, keepDocument } from "./generated_document.ts";
import { addEntry } from "./zoo/add_entry.ts";
import { takeResults } from "./zoo/take_results.ts";
import { withCommands } from "./zoo/current_commands.ts";
import { zooDocument } from "./zoo/zoo_document.ts";
import { indexText, readCards } from "./zoo/zoo_folder.ts";

const root = fromFileUrl(new URL("../..", import.meta.url));
const task = "build:zoo";

/** This command. */
export const verb = defineVerb({
  name: task,
  description:
    "Puts a trained network into data/zoo in half precision (--add NAME --run RUN), or the schedules and " +
    "medians that a reproduction found with the shipped files (--results FOLDER), and writes the zoo's " +
    "index and docs/zoo.md.",
  flags: {
    add: { type: "string", placeholder: "NAME", help: "Add or replace the network of this name" },
    run: { type: "string", placeholder: "RUN", help: "Its training run, or file of weights" },
    out: { type: "string", default: "runs", placeholder: "FOLDER", help: "Folder of the runs" },
    minutes: {
      type: "number",
      min: 0,
      help: "How long its training took; default: from the run's start to its end",
    },
    results: {
      type: "string",
      placeholder: "FOLDER",
      help: "Take results of a reproduction, such as runs/reproduce/results-full",
    },
    check: { type: "boolean", help: "Write nothing; fail where something differs" },
    zoo: {
      type: "string",
      default: join(root, "data/zoo"),
      placeholder: "FOLDER",
      help: "Folder of the zoo",
    },
    document: {
      type: "string",
      default: join(root, "docs/zoo.md"),
      placeholder: "FILE",
      help: "The document",
    },
  },
  examples: [
    "build:zoo --add mnist-resnet-zeros --run latest",
    "build:zoo --results runs/reproduce/results-full",
    "build:zoo --check",
  ],
}, async ({ flags, print }) => {
  const { add, run, results, check, zoo, document } = flags;
  if ((add === undefined) !== (run === undefined)) {
    throw new UsageError("--add and --run belong together: give both or none");
  }
  if (check && (add !== undefined || results !== undefined)) {
    throw new UsageError("--check writes nothing: leave out --add and --results");
  }
  if (add !== undefined && run !== undefined) {
    const { files: { weights } } = await addEntry(zoo, {
      ...{ name: add, run, out: flags.out, minutes: flags.minutes },
    });
    print(`Added ${add}: ${weights.bytes} bytes, SHA-256 ${weights.sha256}`);
  }
  let cards = await readCards(zoo);
  const refused: string[] = [];
  if (results !== undefined) {
    const found = await takeResults(zoo, { ledger: results, cards });
    cards = [...found.cards];
    refused.push(...found.refused);
    for (const line of found.taken) print(`Taken: ${line}`);
  }
  cards = await withCommands(zoo, cards, { check });
  const written = { check, task };
  const index = join(zoo, "index.json");
  print(await keepDocument(index, await indexText(zoo, cards), written));
  print(await keepDocument(document, await formatMarkdown(zooDocument(cards)), written));
  if (refused.length > 0) {
    throw new CommandError(`Not taken: ${refused.join(" | ")}`);
  }
});

if (import.meta.main) await runVerb(verb);
