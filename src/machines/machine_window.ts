import { checkWindow, type Window, type WindowShape, windowShapes } from "../posterior/window.ts";

/**
 * The window of a machine, in place of the k x k patch: one for all times, or a function of the time, as for one
 * that was measured. The machine's scale is its width.
 *
 * @category Machines
 */
export type MachineWindow = Window | ((t: number) => Window);

/**
 * The window at a time.
 *
 * @throws RangeError if what a function gives is none.
 */
export function windowAt(window: MachineWindow | undefined, t: number): Window | undefined {
  if (typeof window !== "function") return window;
  const found = window(t);
  checkWindow(found);
  return found;
}

/**
 * Name of a window: of a shape, or `gradient`, whose shape a network gives at each time.
 *
 * @category Machines
 */
export type WindowName = WindowShape | "gradient";

/**
 * Names of the windows, that of the paper first.
 *
 * @category Machines
 */
export const windowNames: readonly WindowName[] = [...windowShapes, "gradient"];

/** The name of a window; undefined where there is none, which is the k x k box. */
export function windowName(window: MachineWindow | undefined): WindowName | undefined {
  if (window === undefined || typeof window === "string") return window;
  return "gradient";
}
