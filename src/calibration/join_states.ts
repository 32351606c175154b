/** Calibrations of shares of the samples, as one. */
import { ArgumentError } from "../core/errors.ts";
import type { CalibrationState, SimilarityTable } from "./calibration.ts";
import { calibrationCheck } from "./resume_check.ts";

/**
 * Joins the finished states of shares of samples, in their order, to that of one calibration of all: the
 * same, to the last bit, as if all had been done by one.
 *
 * @throws RangeError if a share is not finished, or does not begin where the one before ends.
 */
export function joinCalibrationStates(states: readonly CalibrationState[]): CalibrationState {
  let at = 0;
  for (const [i, { first = 0, inProgress, tables }] of states.entries()) {
    if (inProgress !== null || first !== at) {
      throw new ArgumentError(
        `Cannot join calibrations: part ${i + 1} ${
          inProgress === null ? `begins at sample ${first}, expected ${at}` : "is not finished"
        }`,
      );
    }
    at += samplesOf(tables);
  }
  const [head] = states;
  if (head === undefined) throw new ArgumentError("Cannot join calibrations: there are none");
  const { check: _, ...identity } = head;
  const labels = states.map(({ labels }) => labels);
  const joined = {
    ...identity,
    labels: labels.includes(null) ? null : labels.flatMap((own) => own!),
    tables: Object.fromEntries<SimilarityTable>(
      Object.keys(head.tables).map((
        name,
      ) => [name, states.flatMap(({ tables }) => tables[name] ?? [])]),
    ) as CalibrationState["tables"],
    inProgress: null,
  };
  return { ...joined, check: calibrationCheck(joined) };
}

const samplesOf = (tables: CalibrationState["tables"]) => Object.values(tables)[0]?.length ?? 0;
