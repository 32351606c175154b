/** `deno task zoo`: the trained networks that come with the package, with their numbers. @module */
import { zooEntries } from "../src/zoo/zoo_index.ts";
import { loadZooCard } from "../src/zoo/zoo.ts";
import { defineVerb, runVerb } from "./cli/command.ts";
import { commandLine } from "./cli/invocation.ts";
import { cardText, zooTable } from "./pipelines/zoo_text.ts";

/** This command. */
export const verb = defineVerb({
  name: "zoo",
  description:
    "Lists the trained networks that come with the package, in half precision and with calibrated scales: " +
    "what they predict, how many images they saw, and how well their machine predicts them. With NAME it " +
    "shows the network's card, with the command that trains it again. Every --run takes zoo:NAME.",
  positionals: [{
    name: "NAME",
    help: "Network",
    suggestions: zooEntries.map(({ name }) => name),
    optional: true,
  }],
  flags: {},
  examples: ["zoo", "zoo mnist-resnet-zeros"],
  result: {
    "networks": "without NAME: the cards of all networks",
    "card": "with NAME: network, data set, training, agreement, and files with their SHA-256",
  },
}, async ({ positionals: [name], print }) => {
  if (name !== undefined) {
    const card = await loadZooCard(name);
    print(cardText(card));
    return { card };
  }
  const networks = await Promise.all(zooEntries.map((entry) => loadZooCard(entry.name)));
  print(zooTable(networks));
  print(`\nMore about one: ${commandLine("zoo NAME")}`);
  return { networks };
});

if (import.meta.main) await runVerb(verb);
