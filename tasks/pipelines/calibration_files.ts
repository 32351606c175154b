/** Files that a calibration leaves in its folder, by what they hold; `prefix` tells machines apart. */
export function calibrationFiles(prefix: string) {
  return {
    state: `${prefix}state.safetensors`,
    schedule: `${prefix}scale_schedule.json`,
    scales: `${prefix}scales.csv`,
    similarities: `${prefix}similarities.csv`,
    /** Without its ending. */
    picture: `${prefix}scales`,
    refinementState: `${prefix}refinement_state.json`,
    refinement: `${prefix}refinement.csv`,
  };
}
