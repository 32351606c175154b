import { checkWindow, type Window } from "../posterior/window.ts";

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
