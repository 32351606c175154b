/** The figure and the table of the study of windows. */
import { pairedDifference } from "../../src/core/paired_bootstrap.ts";
import { bootstrapMedian, median } from "../../src/core/statistics.ts";
import { factorPlotSvg, type FactorPoint } from "../../src/figures/factor_plot.ts";
import { embedLato } from "../cli/lato.ts";
import type { WindowRow } from "./window_rows.ts";
import { boxName } from "./window_study.ts";

/** Samples of a window with the box's of the same noise beside them. */
interface Pair {
  readonly row: WindowRow;
  readonly box: WindowRow;
}

/** A network, and how many training images its machines have: what windows are compared on. */
const placeOf = ({ network, images }: WindowRow) => `${network} ${images} images`;

function pairsOf(rows: readonly WindowRow[], window: string): Pair[] {
  return rows.filter((row) => row.window === window).flatMap((row) => {
    const box = rows.find((other) =>
      other.window === boxName && placeOf(other) === placeOf(row) && other.sample === row.sample
    );
    return box === undefined ? [] : [{ row, box }];
  });
}

const placesIn = (rows: readonly WindowRow[]) => [...new Set(rows.map(placeOf))];

const windowsOf = (rows: readonly WindowRow[]) => [...new Set(rows.map(({ window }) => window))];

/** Windows but the box, in the order of the rows. */
const windowsIn = (rows: readonly WindowRow[]) =>
  windowsOf(rows).filter((name) => name !== boxName);

/** How much better windows predict than the box: final images of each network, single steps of all. */
export async function windowsPicture(rows: readonly WindowRow[]): Promise<string> {
  /** Words of a name stand below each other. */
  const words = (place: string) => place.replaceAll("-", " ");
  const places = placesIn(rows);
  const times = rows[0]!.times;
  const final = windowsIn(rows).flatMap((window) =>
    places.flatMap((place): FactorPoint[] => {
      const pairs = pairsOf(rows, window).filter(({ row }) => placeOf(row) === place);
      if (pairs.length === 0) return [];
      const gain = pairedDifference(
        pairs.map(({ row }) => row.rSquared),
        pairs.map(({ box }) => box.rSquared),
      );
      const { value, low, high } = gain;
      return [{ line: window, at: words(place), value: value!, low: low!, high: high! }];
    })
  );
  const level = (at: readonly (number | string)[], value: number) =>
    at.map((each): FactorPoint => ({ line: boxName, at: each, value }));
  const single = windowsIn(rows).flatMap((window) => {
    const pairs = pairsOf(rows, window);
    return times.map((t, i): FactorPoint => {
      const { median, low, high } = bootstrapMedian(
        pairs.map(({ row, box }) => row.errors[i]! / box.errors[i]!),
      );
      return { line: window, at: t, value: median, low, high };
    });
  });
  const note =
    "Left: r² of machine and network from the same noise, minus that of the k x k box, by " +
    "sample. Right: mean squared error of the clean image that the machine expects at the network's own " +
    "noisy image, divided by the box's, over all networks. Medians over samples with 95 % bootstrap " +
    "intervals; marks of one place stand a little beside each other. Lines only lead the eye.";
  const svg = await factorPlotSvg([
    {
      title: "final images: r² above the box's",
      points: [...level(places.map(words), 0), ...final],
    },
    {
      title: "single steps: error over the box's, against time t",
      points: [...level(times, 1), ...single],
    },
  ], { factorTitle: "", valueTitle: "", factorAxis: "linear", width: 440, note });
  return await embedLato(svg);
}

/** The table of the page, in Markdown. */
export function windowsTable(rows: readonly WindowRow[]): string {
  const digits = (value: number) => value.toFixed(3);
  const lines = placesIn(rows).flatMap((place) => {
    const own = rows.filter((row) => placeOf(row) === place);
    const { network, images } = own[0]!;
    return windowsOf(own).map((window) => {
      const pairs = pairsOf(own, window);
      const values = pairs.map(({ row }) => row.rSquared);
      const cells = [
        network,
        String(images),
        window,
        digits(median(values)),
        digits(Math.min(...values)),
      ];
      if (window === boxName) return [...cells, "", "", ""];
      const gain = pairedDifference(values, pairs.map(({ box }) => box.rSquared));
      const ratio = median(
        pairs.flatMap(({ row, box }) => row.errors.map((error, i) => error / box.errors[i]!)),
      );
      return [
        ...cells,
        `${digits(gain.value!)} [${digits(gain.low!)}, ${digits(gain.high!)}]`,
        `${gain.above} of ${gain.samples}`,
        ratio.toFixed(2),
      ];
    });
  });
  const head = [
    ...["network", "images", "window", "median r²", "lowest"],
    ...["above the box", "samples above", "error of single steps"],
  ];
  return [head, head.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join(
    "\n",
  );
}

const [begin, end] = ["<!-- table: written by deno task windows -->", "<!-- end of table -->"];

/** The document with the table of today; what a person wrote around it is kept. */
export function windowsDocument(
  before: string | undefined,
  { rows, picture }: { readonly rows: readonly WindowRow[]; readonly picture: string },
): string {
  const table = `${begin}\n\n${windowsTable(rows)}\n\n${end}`;
  const [head, tail] = [before?.indexOf(begin) ?? -1, before?.indexOf(end) ?? -1];
  if (before !== undefined && head >= 0 && tail > head) {
    return before.slice(0, head) + table + before.slice(tail + end.length);
  }
  return `# Soft windows\n\n![How much better each window predicts than the box.](${picture})\n\n${table}\n`;
}
