/** What of a schedule of scales decides a result. */
import type { ScaleSchedule } from "../../src/machines/scale_schedule.ts";

/** The scales by step, and what they are scales of where that is not the k x k box, one for all classes. */
export function scalesIdentity({ steps, window }: ScaleSchedule): unknown[] {
  const scales = steps.map(({ patchSize }) => patchSize);
  const profiles = steps.flatMap(({ profile }) => profile ? [[...profile]] : []);
  const classes = steps.flatMap(({ perClass }) =>
    perClass ? [perClass.map(({ label, patchSize }) => [label, patchSize])] : []
  );
  return [
    ...scales,
    ...window === undefined ? [] : [window],
    ...profiles.length > 0 ? [{ profiles }] : [],
    ...classes.length > 0 ? [{ classes }] : [],
  ];
}
