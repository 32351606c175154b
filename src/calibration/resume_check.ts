/** Whether the state of a calibration is what was saved, and whether it can be. */
import type { Metric } from "../core/metric.ts";
import { checkOf, checkOfBytes } from "../formats/seal.ts";
import type { CalibrationState } from "./calibration.ts";
import { similarityMetrics } from "./similarity.ts";

/** CRC-32 of a state, as 8 hexadecimal digits; what may be absent counts as what it then means. */
export function calibrationCheck(state: Omit<CalibrationState, "check">): string {
  const { network, machine, imageShape, noiseSchedule, seed } = state;
  const { sampler = "ddim", grid = "uniform", search = "full" } = state;
  const { steps, candidates, labels, tables, inProgress, settling, imagesUsed, window, first } =
    state;
  const said = checkOf({
    ...{ network, machine, imageShape, noiseSchedule, seed, sampler, grid, search },
    ...{ steps, candidates, labels, tables },
    ...window !== undefined && { window },
    ...first !== undefined && { first },
    ...settling !== undefined && { settling, imagesUsed: imagesUsed ?? null },
    inProgress: inProgress && { first: inProgress.first, step: inProgress.step },
  });
  if (inProgress === null) return said;
  // Images are many numbers, of 32 bits each.
  const { buffer } = Float32Array.from(inProgress.x);
  return checkOfBytes(new Uint8Array(buffer), said);
}

/**
 * What is wrong with the tables of a state whose rows are there, in words; undefined if nothing is. A row
 * has a value in its metric's range for each candidate, or none as long as its step is not done or where
 * it was settled before; the tables of our own metrics must agree where one follows from the other.
 */
export function tableProblem(
  { tables, candidates, imageShape, inProgress, steps, search, settling, imagesUsed }:
    CalibrationState,
  metrics: readonly Metric[],
): string | undefined {
  for (const { name } of metrics) {
    for (const [sample, rows] of tables[name]!.entries()) {
      const undone = inProgress !== null && sample >= inProgress.first ? inProgress.step - 1 : 0;
      for (let index = 0; index < steps; index++) {
        const row: unknown = rows[index];
        const at = `${name} of sample ${sample}, step ${index + 1}`;
        if (!Array.isArray(row)) return `${at}: no row`;
        const mayBeEmpty = settling !== undefined && row.length === 0 && sample > 0;
        if (index < undone ? row.length > 0 : row.length !== candidates.length && !mayBeEmpty) {
          return `${at}: ${row.length} values`;
        }
        const wrong = row.findIndex((value) => !isValue(value, name));
        if (wrong >= 0) return `${at}: ${JSON.stringify(row[wrong])}`;
        // A search may leave out candidates, the same by every metric; nothing else may, but for a cosine.
        const all = (search ?? "full") === "full" && imagesUsed === undefined &&
          name !== "cosine" && isOurs(name);
        if (all && row.includes(null)) return `${at}: null`;
      }
    }
  }
  return contradiction(tables, imageShape.reduce((a, b) => a * b));
}

const isOurs = (name: string) => similarityMetrics.some((metric) => metric.name === name);

function isValue(value: unknown, name: string): boolean {
  if (value === null) return true;
  if (typeof value !== "number" || !Number.isFinite(value)) return false;
  if (name === "cosine") return Math.abs(value) <= 1;
  return !isOurs(name) || value >= 0;
}

/** The mean square is the square of the norm by the number of values. */
function contradiction(
  { l2, mse }: CalibrationState["tables"],
  values: number,
): string | undefined {
  for (const [sample, rows] of (l2 ?? []).entries()) {
    for (const [index, row] of rows.entries()) {
      for (const [candidate, norm] of row.entries()) {
        const square = mse?.[sample]?.[index]?.[candidate] ?? null;
        const both = norm !== null && square !== null;
        // Both come from one sum in double precision: three roundings apart at most.
        const near = both && Math.abs(norm * norm / values - square) <= 1e-12 * square;
        if ((norm === null) !== (square === null) || (both && !near)) {
          return `l2 and mse of sample ${sample}, step ${index + 1} contradict each other`;
        }
      }
    }
  }
  return undefined;
}
