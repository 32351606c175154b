/** Cards of the zoo in words and tables. */
import { agreementNames } from "../../src/evaluation/agreement.ts";
import { medianCells } from "../../src/evaluation/agreement_table.ts";
import type { ZooAgreement, ZooCard } from "../../src/zoo/zoo_card.ts";
import { commandLine } from "../cli/invocation.ts";
import { textTable } from "../cli/table.ts";

const integer = (n: number) => n.toLocaleString("en");

/** The times of machines and network, such as "cubic, 8 steps". */
export function timesOf({ protocol: { grid, steps, networkSteps } }: ZooAgreement): string {
  return `${grid}, ${steps} steps${networkSteps === steps ? "" : ` (network ${networkSteps})`}`;
}

/** One line a network, with the medians of its own machine at its main times. */
export function zooTable(cards: readonly ZooCard[]): string {
  return textTable({
    header: ["name", "predicts", "images", "kB", "times", "machine", ...agreementNames],
    rows: cards.map(({ name, network, dataset, files, agreement: [main] }) => {
      const machine = main?.medians[0]?.machine;
      return [
        name,
        network.predicts,
        dataset.images ?? "all",
        Math.ceil(files.weights.bytes / 1000),
        ...main === undefined || machine === undefined
          ? ["not measured", "", ...agreementNames.map(() => "")]
          : [timesOf(main), machine, ...medianCells(main.medians, machine)],
      ];
    }),
  });
}

/** A card in plain text. */
export function cardText(card: ZooCard): string {
  const { name, network, dataset, training, agreement, files } = card;
  const facts = textTable({
    header: [name, ""],
    rows: [
      ["network", `${network.name}, ${integer(network.parameters)} parameters`],
      [
        "sees",
        network.receptiveField === null ? "the whole image" : `${network.receptiveField} pixels`,
      ],
      [
        "predicts",
        `${network.predicts}, ${network.noiseSchedule}, preconditioning ${network.preconditioning}`,
      ],
      [
        "trained on",
        `${
          dataset.images === null ? "all" : `the first ${integer(dataset.images)}`
        } of ${dataset.name}`,
      ],
      ["data set", `${dataset.what}; license: ${dataset.license}`],
      [
        "steps",
        `${integer(training.steps)} of ${training.batchSize} images, seed ${training.seed}`,
      ],
      [
        "took",
        training.minutes === null
          ? "unknown"
          : `${integer(Math.round(training.minutes))} minutes, ${training.backend}`,
      ],
      [
        "weights",
        `${integer(files.weights.bytes)} bytes, half precision; license: ${card.license}`,
      ],
      ["SHA-256", files.weights.sha256],
      ["made by", card.toolkit],
    ],
  });
  const measured = agreement.map((each) => {
    const machines = [...new Set(each.medians.map(({ machine }) => machine))];
    const { calibration } = each;
    return `\n${timesOf(each)}: ${each.samples} samples of seed ${each.seed}, machines on ${
      integer(each.machineImages)
    } images, calibrated on up to ${calibration.samples} trajectories with ${
      integer(calibration.images)
    } images\n\n${
      textTable({
        header: ["machine", ...agreementNames],
        rows: machines.map((machine) => [machine, ...medianCells(each.medians, machine)]),
      })
    }`;
  });
  const use = [
    `Use it:         ${commandLine(`evaluate --run zoo:${name}`)}`,
    `Train it again: ${commandLine(training.command)}`,
  ];
  return [facts, ...measured.length === 0 ? ["\nNot measured yet."] : measured, "", ...use].join(
    "\n",
  );
}
