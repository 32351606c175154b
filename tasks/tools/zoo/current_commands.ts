/** Presets change: the commands on cards are those of today. */
import { join } from "@std/path";
import { readRegularFile } from "../../../src/core/file_system.ts";
import { readWeights } from "../../../src/networks/weights/weights.ts";
import type { ZooCard } from "../../../src/zoo/zoo_card.ts";
import { CommandError } from "../../cli/command.ts";
import { trainingCommand } from "./training_command.ts";
import { writeCard } from "./zoo_folder.ts";

/**
 * The cards with the commands that train their networks again today; those that change are written.
 *
 * @param options.check Writes nothing, and fails where one changes.
 * @throws CommandError if no command does it any more, or one changes and may not be written.
 */
export async function withCommands(
  folder: string,
  cards: readonly ZooCard[],
  { check }: { readonly check: boolean },
): Promise<ZooCard[]> {
  const current: ZooCard[] = [];
  for (const card of cards) {
    const { address } = card.files.weights;
    if (URL.canParse(address)) {
      current.push(card);
      continue;
    }
    const path = join(folder, address);
    const command = trainingCommand(readWeights(await readRegularFile(path), path).training, path);
    if (command === card.training.command) {
      current.push(card);
      continue;
    }
    if (check) {
      throw new CommandError(
        `The command on the card of ${card.name} does not train it any more: run deno task build:zoo`,
      );
    }
    const changed = { ...card, training: { ...card.training, command } };
    await writeCard(folder, changed);
    current.push(changed);
  }
  return current;
}
