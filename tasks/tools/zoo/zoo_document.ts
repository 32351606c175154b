/** docs/zoo.md: what the zoo is for, and a table of what is in it. */
import type { ZooCard } from "../../../src/zoo/zoo_card.ts";
import { medianCells } from "../../../src/evaluation/agreement_table.ts";
import { markdownTable } from "../../cli/markdown_table.ts";
import { timesOf } from "../../pipelines/zoo_text.ts";

const integer = (n: number) => n.toLocaleString("en");

function trainingRow({ name, network, dataset, training, files }: ZooCard): string[] {
  return [
    `\`${name}\``,
    `${network.name}, ${integer(network.parameters)} parameters, predicts ${network.predicts}`,
    `${dataset.images === null ? "all" : integer(dataset.images)} of \`${dataset.name}\``,
    `\`deno task ${training.command}\``,
    training.minutes === null ? "" : integer(Math.round(training.minutes)),
    integer(Math.ceil(files.weights.bytes / 1000)),
  ];
}

function agreementRows(card: ZooCard): string[][] {
  return card.agreement.flatMap((agreement) => {
    const machines = [...new Set(agreement.medians.map(({ machine }) => machine))];
    return machines.map((machine, i) => [
      i === 0 ? `\`${card.name}\`` : "",
      i === 0 ? timesOf(agreement) : "",
      machine,
      ...medianCells(agreement.medians, machine),
    ]);
  });
}

/** The document before it is formatted. */
export function zooDocument(cards: readonly ZooCard[]): string {
  const measured = cards.flatMap(agreementRows);
  const licenses = new Map(cards.map((card) => [card.dataset.name, card])).values().toArray();
  return `# The zoo

Made from the cards in \`data/zoo\` by \`deno task build:zoo\`; do not edit.

Trained networks in half precision, each with the scales of its machines, calibrated once and to be used
at once. Every command takes one by its name, and with it the scales for the times that are asked for:

\`\`\`sh
deno task zoo
deno task zoo mnist-resnet-zeros
deno task evaluate --run zoo:mnist-resnet-zeros --grid cubic --steps 8
deno task sample --run zoo:mnist-resnet-zeros --machine bbels
\`\`\`

As a library: \`loadZooNetwork(name)\`, \`loadZooSchedules(name, { grid, steps })\` and \`zooEntries\` of
\`@els/toolkit/zoo\`; in a page, \`base\` says where the files of \`data/zoo\` lie. Whatever is read is
compared with the SHA-256 that the index has.

## Networks

${
    markdownTable(
      ["name", "network", "trained on", "the command that trains it", "minutes", "kB"],
      cards.map(trainingRow),
    )
  }

Minutes are from the start of our training to its end on two cores, with its pauses and beside whatever else ran there. What
the command trains differs by the rounding to half precision, three digits, and where the arithmetic of
training has changed since, by what grows of other rounding.

## Agreement

${
    measured.length === 0
      ? "Nothing is measured yet."
      : `${
        markdownTable(["network", "times", "machine", "r", "r²", "R²"], measured)
      }\n\nMedians over samples of unseen noise, with 95 % bootstrap intervals, of the files that ship; the cards ` +
        "say with how many samples and images. What r, r² and R² measure: [theory](theory.md#agreement)."
  }

## Licenses

What networks were trained on has [terms of its own](data.md). Where these restrict what it may be used
for, they hold for the weights too; all others are under this package's license.

${
    markdownTable(
      ["data set", "its license", "license of the weights"],
      licenses.map(({ dataset, license }) => [`\`${dataset.name}\``, dataset.license, license]),
    )
  }
`;
}
